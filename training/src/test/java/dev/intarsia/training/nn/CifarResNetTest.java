// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CifarResNetTest {
  private static final int IMAGES = 17; // a block and one
  private static final int CHANNELS = 3;

  private static float[] random(int count) {
    CounterRandom random = CounterRandom.of(1, "values");
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.uniform(-3, 3);
    }
    return values;
  }

  /** Values and gradients are copies, to the bit, on both implementations and odd sizes. */
  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void theShortcutPicksEverySecondPixelBetweenChannelsOfZeros(String backend) {
    int height = 5;
    int width = 6;
    int oh = 3;
    int ow = 3;
    int channels = 2 * CHANNELS;
    int front = (channels - CHANNELS) / 2;
    try (Context context = Context.open(backend, 1)) {
      Activation in =
          Activation.allocate(context, new ActivationShape(IMAGES, CHANNELS, height, width));
      float[] src = random(IMAGES * CHANNELS * height * width);
      float[] diffDst = random(IMAGES * channels * oh * ow);
      float[] dst = new float[diffDst.length];
      float[] diffSrc = new float[src.length];
      for (int n = 0; n < IMAGES; n++) {
        for (int c = 0; c < CHANNELS; c++) {
          for (int y = 0; y < oh; y++) {
            for (int x = 0; x < ow; x++) {
              int from = ((n * CHANNELS + c) * height + 2 * y) * width + 2 * x;
              int to = ((n * channels + front + c) * oh + y) * ow + x;
              dst[to] = src[from];
              diffSrc[from] = diffDst[to];
            }
          }
        }
      }
      try (Layer shortcut = new SubsampledShortcut(in, channels, 2)) {
        in.value().upload(src);
        shortcut.forward(Phase.TRAIN);
        assertArrayEquals(dst, shortcut.out().value().download());
        shortcut.out().diff().upload(diffDst);
        shortcut.backward();
        assertArrayEquals(diffSrc, in.diff().download());
        assertEquals(0, shortcut.parameters().size());
      }
      in.close();
      assertEquals(0, context.usedBytes());
    }
  }

  @Test
  void theShortcutCannotDropChannels() {
    try (Context context = Context.reference()) {
      Activation in = Activation.allocate(context, new ActivationShape(1, 4, 4, 4));
      assertThrows(IllegalArgumentException.class, () -> new SubsampledShortcut(in, 3, 2));
    }
  }

  /** Loss and gradients of every kind of block, against the definition of each op. */
  @ParameterizedTest
  @EnumSource
  void theKernelsAgreeWithTheDefinitions(CifarResNet.Norms norms) {
    List<float[]> cpu = learn("cpu", norms);
    List<float[]> reference = learn("reference", norms);
    assertEquals(reference.size(), cpu.size());
    for (int t = 0; t < cpu.size(); t++) {
      float scale = 0;
      for (float value : reference.get(t)) {
        scale = Math.max(scale, Math.abs(value));
      }
      assertTrue(scale > 0, "tensor " + t + " has a gradient");
      assertArrayEquals(reference.get(t), cpu.get(t), 1e-3f * scale, "tensor " + t);
    }
  }

  private static List<float[]> learn(String backend, CifarResNet.Norms norms) {
    int side = 8;
    int[] labels = new int[IMAGES];
    for (int i = 0; i < IMAGES; i++) {
      labels[i] = i % 2;
    }
    try (Context context = Context.open(backend, 1);
        Network net =
            new Network(
                context,
                "small",
                new ActivationShape(IMAGES, CHANNELS, side, side),
                1,
                in -> CifarResNet.body(in, 1, 0.25, norms))) {
      net.selectHead(0, 2);
      assertEquals(norms == CifarResNet.Norms.BATCH, net.hasStatistics());
      Head head = net.forward(random(IMAGES * CHANNELS * side * side), IMAGES, Phase.TRAIN);
      head.judge(labels, IMAGES);
      List<float[]> seen = new ArrayList<>();
      seen.add(new float[] {head.readLoss()});
      net.backward();
      net.active().forEach(parameter -> seen.add(parameter.gradient().download()));
      return seen;
    }
  }

  @Test
  void theNamesAreThoseOfThePublishedFiles() {
    ActivationShape input = new ActivationShape(1, 3, 8, 8);
    try (Context context = Context.reference();
        Network net = Models.build("resnet20", context, input, 1, 1)) {
      assertEquals(19, net.shared().size());
      assertEquals("conv1.weights", net.shared().get(0).name());
      assertEquals("layer3.2.conv2.weights", net.shared().get(18).name());
      assertEquals(4 * 19, net.norms().size());
      assertFalse(net.shared().stream().anyMatch(p -> p.name().contains("project")));
    }
  }
}
