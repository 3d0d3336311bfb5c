// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.training.data.DataException;
import dev.intarsia.training.data.Dataset;
import dev.intarsia.training.data.SharedData;
import dev.intarsia.training.data.Streams;
import dev.intarsia.training.nn.Models;
import dev.intarsia.training.nn.Network;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BackboneTest {
  private static final ActivationShape INPUT = new ActivationShape(1, 3, 8, 8);

  @TempDir Path folder;

  /** What the authors of the files get on the same images. */
  @ParameterizedTest
  @CsvSource({
    "backbone/resnet20-12fca82f.safetensors, resnet20, 914",
    "backbone/resnet32-d509ac18.safetensors, resnet32, 928"
  })
  void thePublishedNetsAnswerAsPublished(String file, String model, int right) {
    Backbone backbone = Backbone.open(SharedData.find(file));
    assertEquals(model, backbone.model());
    Dataset images = Streams.cifar10Test(SharedData.find("cifar10"));
    assertEquals(1000, images.size());
    try (Context context = Context.open("cpu", 0)) {
      assertEquals(right, backbone.examine(context, images));
    }
  }

  /** A made file of a ResNet-20: every value is the index of its tensor, by name. */
  private static Map<String, int[]> made() {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    conv(shapes, "conv1", "bn1", 3, 16);
    int in = 16;
    for (int stage = 1; stage <= 3; stage++) {
      int out = 8 << stage;
      for (int block = 0; block < 3; block++) {
        String name = "layer" + stage + "." + block;
        conv(shapes, name + ".conv1", name + ".bn1", in, out);
        conv(shapes, name + ".conv2", name + ".bn2", out, out);
        in = out;
      }
    }
    shapes.put("linear.weight", new int[] {10, 64});
    shapes.put("linear.bias", new int[] {10});
    return shapes;
  }

  private static void conv(Map<String, int[]> shapes, String conv, String norm, int in, int out) {
    shapes.put(conv + ".weight", new int[] {out, in, 3, 3});
    for (String part : List.of("weight", "bias", "running_mean", "running_var")) {
      shapes.put(norm + "." + part, new int[] {out});
    }
  }

  /** Writes a file as other programs do: no checksums. */
  private Path write(Map<String, int[]> shapes, String wrongType) {
    StringBuilder header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
    List<byte[]> data = new ArrayList<>();
    int at = 0;
    int index = 0;
    for (Map.Entry<String, int[]> tensor : shapes.entrySet()) {
      boolean wrong = tensor.getKey().equals(wrongType);
      int count = Arrays.stream(tensor.getValue()).reduce(1, (a, b) -> a * b);
      ByteBuffer bytes =
          ByteBuffer.allocate(count * (wrong ? 2 : 4)).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < count && !wrong; i++) {
        bytes.putFloat(index);
      }
      header.append(
          ",\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
              .formatted(
                  tensor.getKey(),
                  wrong ? "F16" : "F32",
                  Arrays.toString(tensor.getValue()),
                  at,
                  at + bytes.capacity()));
      at += bytes.capacity();
      data.add(bytes.array());
      index++;
    }
    byte[] text = header.append('}').toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = ByteBuffer.allocate(8 + text.length + at).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(text.length).put(text);
    data.forEach(file::put);
    return store(file.array());
  }

  private Path store(byte[] bytes) {
    try {
      return Files.write(folder.resolve("made.safetensors"), bytes);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void everyTensorFindsItsPlace() {
    List<String> names = List.copyOf(made().keySet());
    Backbone backbone = Backbone.open(write(made(), ""));
    assertEquals(97, backbone.listing().size());
    try (Context context = Context.reference();
        Network net = Models.build("resnet20", context, INPUT, 1, 1)) {
      backbone.load(net);
      for (int i = 0; i < 19; i++) {
        String conv = net.shared().get(i).name().replace(".weights", "");
        holds(names.indexOf(conv + ".weight"), net.shared().get(i).weights());
        String norm = conv.replace("conv", "bn");
        holds(names.indexOf(norm + ".weight"), net.norms().get(2 * i));
        holds(names.indexOf(norm + ".bias"), net.norms().get(2 * i + 1));
        holds(names.indexOf(norm + ".running_mean"), net.norms().get(38 + 2 * i));
        holds(names.indexOf(norm + ".running_var"), net.norms().get(38 + 2 * i + 1));
      }
      Backbone.Classifier classifier = backbone.classifier(10, 64);
      assertEquals(95, classifier.weights()[639]);
      assertEquals(96, classifier.bias()[9]);
    }
  }

  private static void holds(int index, Tensor tensor) {
    assertTrue(index >= 0);
    float[] expected = new float[(int) tensor.elements()];
    Arrays.fill(expected, index);
    assertArrayEquals(expected, tensor.download());
  }

  @Test
  void namesWhatIsMissingOrOther() {
    Map<String, int[]> shapes = made();
    shapes.remove("layer2.1.bn2.running_var");
    refused(write(shapes, ""), "has no tensor 'layer2.1.bn2.running_var'");
    shapes = made();
    shapes.put("layer1.0.conv2.weight", new int[] {16, 16, 1, 1});
    refused(
        write(shapes, ""),
        "tensor 'layer1.0.conv2.weight' is [16, 16, 1, 1], the net has [16, 16, 3, 3]");
    refused(write(made(), "conv1.weight"), "tensor 'conv1.weight' is of dtype F16, expected F32");
    shapes = made();
    shapes.remove("layer1.2.conv1.weight");
    refused(
        write(shapes, ""), "has 2 blocks (tensors layer1.K.conv1.weight), expected 3 or 5; give");
  }

  @Test
  void namesADamagedFile() throws IOException {
    byte[] whole = Files.readAllBytes(write(made(), ""));
    refused(store(Arrays.copyOf(whole, 5)), "has 5 bytes, must be from 8 to ");
    refused(store(Arrays.copyOf(whole, whole.length - 1)), "bytes of data; take an intact copy");
    refused(store(Arrays.copyOf(whole, 100)), "the file has 92 after it");
    whole[8] = 'x';
    refused(store(whole), "is no JSON");
    refused(folder.resolve("absent"), "no such file; give a safetensors file");
  }

  /** Nothing of the net is written before everything was checked. */
  private static void refused(Path file, String words) {
    try (Context context = Context.reference();
        Network net = Models.build("resnet20", context, INPUT, 1, 1)) {
      float[] before = net.shared().get(0).weights().download();
      String message =
          assertThrows(DataException.class, () -> Backbone.open(file).load(net)).getMessage();
      assertTrue(message.startsWith(file + ": "), message);
      assertTrue(message.contains(words), message);
      assertArrayEquals(before, net.shared().get(0).weights().download());
    }
  }

  @Test
  void theNetMustBeOfTheModel() {
    Backbone backbone = Backbone.open(write(made(), ""));
    try (Context context = Context.reference();
        Network other = Models.build("resnet32", context, INPUT, 1, 1);
        Network wide = Models.build("resnet20", context, INPUT, 1, 2)) {
      String message =
          assertThrows(IllegalArgumentException.class, () -> backbone.load(other)).getMessage();
      assertTrue(message.contains("holds a resnet20, the net is a resnet32"), message);
      message = assertThrows(DataException.class, () -> backbone.load(wide)).getMessage();
      assertTrue(message.contains("tensor 'conv1.weight' is [16, 3, 3, 3], the net has"), message);
    }
  }
}
