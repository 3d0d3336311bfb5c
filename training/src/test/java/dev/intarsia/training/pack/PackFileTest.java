// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.intarsia.training.data.DataException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PackFileTest {
  private static final int TASKS = 6;

  @TempDir private Path folder;

  private static PackedModel model() {
    PackedModel model = new PackedModel(MadePacks.NET);
    for (int task = 0; task < TASKS; task++) {
      model.add(MadePacks.next(model, MadePacks.SMALL, 1));
    }
    return model;
  }

  static void assertSame(PackedTask expected, PackedTask actual) {
    assertEquals(expected.name(), actual.name());
    assertEquals(expected.classNames(), actual.classNames());
    assertEquals(expected.preprocessing(), actual.preprocessing());
    assertEquals(expected.copy(), actual.copy());
    assertEquals(expected.provenance(), actual.provenance());
    assertArrayEquals(expected.head(), actual.head());
    assertArrayEquals(expected.replay(), actual.replay());
    assertEquals(expected.norms().size(), actual.norms().size());
    for (int i = 0; i < expected.layers().size(); i++) {
      PackedLayer layer = expected.layers().get(i);
      PackedLayer found = actual.layers().get(i);
      assertEquals(layer.name(), found.name());
      assertEquals(layer.shape(), found.shape());
      assertEquals(layer.kernel(), found.kernel());
      assertEquals(layer.bits(), found.bits());
      assertArrayEquals(layer.mask(), found.mask());
      assertArrayEquals(layer.codebook(), found.codebook());
      assertArrayEquals(layer.codes(), found.codes());
    }
  }

  @ParameterizedTest
  @EnumSource(MaskCode.class)
  void everythingComesBack(MaskCode code) {
    Path path = folder.resolve("model.itp");
    PackedModel model = model();
    PackFile.write(path, model, code);
    PackFile file = PackFile.open(path);
    assertEquals(MadePacks.NET, file.net());
    assertEquals(TASKS, file.tasks());
    assertNull(file.tail());
    assertSame(model.tasks().get(2), file.task(2)); // the last first would read all of them
    for (int task = 0; task < TASKS; task++) {
      assertEquals(model.tasks().get(task).name(), file.name(task));
      assertSame(model.tasks().get(task), file.task(task));
    }
  }

  @Test
  void appendingLeavesTheBytesBeforeAlone() throws IOException {
    Path path = folder.resolve("model.itp");
    PackedModel model = model();
    PackFile file = PackFile.create(path, model.net());
    for (PackedTask task : model.tasks()) {
      byte[] before = Files.readAllBytes(path);
      file.append(task);
      byte[] after = Files.readAllBytes(path);
      assertTrue(after.length > before.length);
      assertArrayEquals(before, Arrays.copyOf(after, before.length));
      assertSame(task, PackFile.open(path).task(file.tasks() - 1));
    }
    Path whole = folder.resolve("whole.itp");
    PackFile reopened = PackFile.open(path);
    PackFile.write(whole, reopened.model(TASKS), MaskCode.CONTEXT);
    assertEquals(Files.size(path), Files.size(whole));
    reopened.append(MadePacks.next(model, MadePacks.SMALL, 1));
    assertEquals(TASKS + 1, PackFile.open(path).tasks());
  }

  @Test
  void anAppendThatWasStoppedIsNamedAndCutOff() throws IOException {
    Path path = folder.resolve("model.itp");
    PackedModel model = model();
    PackFile file = PackFile.create(path, model.net());
    file.append(model.tasks().get(0));
    int whole = (int) Files.size(path);
    file.append(model.tasks().get(1));
    byte[] bytes = Files.readAllBytes(path);
    for (int length = whole; length <= bytes.length; length++) {
      byte[] stopped = Arrays.copyOf(bytes, length);
      if (length >= whole + Frame.BYTES) { // the frame is what is written last
        Arrays.fill(stopped, whole, whole + Frame.BYTES, (byte) 0);
      }
      Files.delete(path); // mapped
      Files.write(path, stopped);
      PackFile torn = PackFile.open(path);
      assertEquals(1, torn.tasks());
      assertSame(model.tasks().get(0), torn.task(0));
      assertEquals(length == whole, torn.tail() == null);
      if (length % 64 == 7) {
        torn.append(model.tasks().get(1));
        assertNull(torn.tail());
        assertArrayEquals(bytes, Files.readAllBytes(path));
      }
    }
  }

  @Test
  void twoWritersDoNotMeet() throws IOException {
    Path path = folder.resolve("model.itp");
    PackedModel model = model();
    PackFile file = PackFile.create(path, model.net());
    PackFile other = PackFile.open(path);
    file.append(model.tasks().get(0));
    String late = refused(() -> other.append(model.tasks().get(0)));
    assertTrue(late.contains("has changed since it was opened"), late);
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE);
        var lock = channel.lock()) {
      String locked = refused(() -> file.append(model.tasks().get(1)));
      assertTrue(lock.isValid() && locked.contains("is being written by another"), locked);
    }
    file.append(model.tasks().get(1));
    assertEquals(2, PackFile.open(path).tasks());
  }

  private static String refused(Runnable what) {
    return assertThrows(DataException.class, what::run).getMessage();
  }

  @Test
  void tasksThatDoNotFitAreRefusedBeforeAnythingIsWritten() throws IOException {
    Path path = folder.resolve("model.itp");
    PackedModel model = model();
    PackFile file = PackFile.create(path, model.net());
    file.append(model.tasks().get(0));
    byte[] before = Files.readAllBytes(path);
    assertThrows(IllegalArgumentException.class, () -> file.append(model.tasks().get(2)));
    assertArrayEquals(before, Files.readAllBytes(path));
    file.append(model.tasks().get(1));
    assertEquals(2, PackFile.open(path).model(2).tasks().size());
    assertTrue(
        refused(() -> PackFile.create(path, model.net())).contains("exists already; choose"));
    assertTrue(refused(() -> PackFile.open(folder.resolve("none"))).contains("no such file"));
  }

  @Test
  void sizesAreThoseOfTheFile() throws IOException {
    Path path = folder.resolve("model.itp");
    PackFile.write(path, model(), MaskCode.RAW);
    PackFile file = PackFile.open(path);
    assertEquals(Files.size(path), file.sizes().total());
    long masks = 0;
    long codes = 0;
    for (PackedTask task : model().tasks()) {
      for (PackedLayer layer : task.layers()) {
        masks += 1 + 4L * layer.mask().length;
        codes += layer.codes().length;
      }
    }
    assertEquals(masks, file.sizes().masks());
    assertEquals(codes, file.sizes().codes());
    assertEquals(4 * 12 * TASKS, file.sizes().heads());
    assertEquals(4 * 6 * TASKS / 2, file.sizes().replay());
    assertEquals(4 * (5 * 18 + 7 * 45), file.denseBytes());
  }

  /** By the words of the format's own specification, without the code that wrote it. */
  @Test
  void segmentsAreSafetensors() throws IOException {
    Path path = folder.resolve("model.itp");
    PackFile.write(path, model(), MaskCode.CONTEXT);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
    int segments = 0;
    for (int at = 0; at < bytes.capacity(); segments++) {
      int length = (int) bytes.getLong(at + 16);
      int first = at + 64;
      int header = (int) bytes.getLong(first);
      byte[] text = new byte[header];
      bytes.get(first + 8, text);
      assertEquals('{', text[0]);
      JsonNode json = new ObjectMapper().readTree(text);
      json.get("__metadata__").forEach(value -> assertTrue(value.isTextual()));
      int data = length - 8 - header;
      boolean[] covered = new boolean[data];
      for (var entry : json.properties()) {
        if (!entry.getKey().equals("__metadata__")) {
          int size = entry.getValue().get("dtype").asText().equals("F32") ? 4 : 1;
          int begin = entry.getValue().get("data_offsets").get(0).asInt();
          int end = entry.getValue().get("data_offsets").get(1).asInt();
          int elements = 1;
          for (JsonNode dim : entry.getValue().get("shape")) {
            elements *= dim.asInt();
          }
          assertEquals(end - begin, size * elements, entry.getKey());
          assertEquals(0, begin % size, entry.getKey());
          for (int i = begin; i < end; i++) {
            assertFalse(covered[i], "overlap in " + entry.getKey());
            covered[i] = true;
          }
        }
      }
      for (boolean isCovered : covered) {
        assertTrue(isCovered);
      }
      at = first + (length + 63) / 64 * 64;
    }
    assertEquals(TASKS + 1, segments);
  }
}
