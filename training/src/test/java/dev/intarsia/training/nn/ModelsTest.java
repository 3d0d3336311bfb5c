// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelsTest {
  private static final ActivationShape SMALL = new ActivationShape(2, 1, 28, 28);

  private final Context context = Context.reference();

  @AfterEach
  void close() {
    context.close();
  }

  /** Masked weights as the papers count them. */
  @ParameterizedTest
  @CsvSource({
    "mlp, 1, 28, 88400",
    "lenet, 3, 32, 2986500",
    "alexnet, 3, 32, 6499328",
    "alexnet-norm, 3, 32, 6499328",
    "resnet20, 3, 32, 267696",
    "resnet32, 3, 32, 461232"
  })
  void sizesAreThoseOfThePapers(String name, int channels, int side, long weights) {
    ActivationShape input = new ActivationShape(1, channels, side, side);
    try (Network net = Models.build(name, context, input, 1, 1)) {
      assertEquals(weights, net.sharedCount());
    }
  }

  @Test
  void resNetGrowsWithItsWidth() {
    ActivationShape input = new ActivationShape(1, 3, 32, 32);
    try (Network net = Models.build("resnet18", context, input, 1, Models.DEFAULT_WIDTH)) {
      assertEquals(20, net.shared().get(0).rows());
      assertEquals(20, net.shared().size(), "17 convolutions and 3 projections");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "mlp, 2, 5, 7, 1",
    "lenet, 1, 8, 11, 1",
    "lenet, 3, 33, 14, 1",
    "alexnet, 3, 32, 32, 1",
    "alexnet, 1, 19, 22, 1",
    "alexnet-norm, 3, 20, 19, 1",
    "resnet18, 3, 9, 8, 0.05",
    "segnet-small, 3, 16, 24, 0.1",
    "resnet18, 1, 8, 12, 0.3125",
    "resnet20, 3, 8, 9, 1",
    "resnet20, 1, 9, 8, 0.1",
    "resnet32, 3, 8, 8, 0.5",
  })
  void sizesAreKnownBeforeTheNetIsBuilt(String name, int c, int h, int w, double width) {
    ActivationShape input = new ActivationShape(1, c, h, w);
    try (Network net = Models.build(name, context, input, 1, width)) {
      assertEquals(net.sharedCount(), Models.sharedWeights(name, input, width));
    }
  }

  @Test
  void theSeedDecidesTheWeights() {
    try (Network one = Models.build("mlp", context, SMALL, 1, 1);
        Network same = Models.build("mlp", context, SMALL, 1, 1);
        Network other = Models.build("mlp", context, SMALL, 2, 1)) {
      assertEquals(sum(one), sum(same));
      assertFalse(sum(one) == sum(other));
    }
  }

  private static double sum(Network net) {
    double sum = 0;
    for (float weight : net.shared().get(1).weights().download()) {
      sum += weight;
    }
    return sum;
  }

  @Test
  void closingFreesEverything() {
    long before = context.usedBytes();
    try (Network net = Models.build("lenet", context, SMALL, 1, 1)) {
      net.selectHead(0, 2);
      net.selectHead(1, 3);
    }
    assertEquals(before, context.usedBytes());
  }

  @Test
  void badRequestsAreNamed() {
    refused(
        "model alexnet needs images of at least 19 x 19 pixels, these have 18 x 18; use mlp",
        "alexnet",
        new ActivationShape(1, 3, 18, 18),
        1);
    refused("did you mean 'lenet'?", "lnet", SMALL, 1);
    refused("width is 0.0, must be above 0", "resnet18", SMALL, 0);
  }

  private void refused(String words, String name, ActivationShape input, double width) {
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> Models.build(name, context, input, 1, width))
            .getMessage();
    assertTrue(message.contains(words), message);
  }

  @ParameterizedTest
  @CsvSource({"lenet, 8", "alexnet, 19", "resnet18, 8", "resnet20, 8"})
  void theSmallestImageIsLargeEnough(String name, int side) {
    try (Network net =
        Models.build(name, context, new ActivationShape(1, 1, side, side), 1, 0.05)) {
      net.selectHead(0, 2);
      net.forward(new float[side * side], 1, Phase.EVALUATE);
    }
  }

  @Test
  void aPassNeedsAHeadAndAFittingBatch() {
    try (Network net = Models.build("mlp", context, SMALL, 1, 1)) {
      float[] images = new float[3 * 28 * 28];
      assertThrows(IllegalStateException.class, () -> net.forward(images, 1, Phase.EVALUATE));
      net.selectHead(0, 2);
      String message =
          assertThrows(IllegalArgumentException.class, () -> net.forward(images, 3, Phase.EVALUATE))
              .getMessage();
      assertEquals(
          "a pass of 3 images, must be from 1 to 2; build mlp for larger batches", message);
    }
  }
}
