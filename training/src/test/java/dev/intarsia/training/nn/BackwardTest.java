// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import org.junit.jupiter.api.Test;

/** Backward through a whole net, held against finite differences of its loss. */
class BackwardTest {
  private static final int IMAGES = 6;
  private static final int SIDE = 6;
  private static final int[] LABELS = {0, 1, 2, 0, 1, 2};
  private static final float STEP = 0x1p-7f;

  /** Smooth layers only: at a kink of a rectifier or a maximum differences mean nothing. */
  private static Layer body(Activation input) {
    return new Sequential(input)
        .then(in -> new Conv2d("conv1", in, 4, 3, 1, 1))
        .then(in -> new GroupNorm("norm1", in, 2))
        .then(
            in ->
                new Residual(
                    in,
                    branch ->
                        new Sequential(branch)
                            .then(x -> new Conv2d("conv2", x, 4, 3, 1, 1))
                            .then(x -> new BatchNorm2d("norm2", x)),
                    Sequential::new))
        .then(
            in ->
                new Residual(
                    in,
                    branch -> new Sequential(branch).then(x -> new Conv2d("conv3", x, 6, 3, 2, 1)),
                    shortcut ->
                        new Sequential(shortcut).then(x -> new Conv2d("project", x, 6, 1, 2, 0))))
        .then(in -> new AvgPool2d(in, 2, 1, 0))
        .then(in -> new Linear("fc", in, 5));
  }

  @Test
  void gradientsMatchDifferences() {
    float[] images = new float[IMAGES * SIDE * SIDE];
    CounterRandom random = CounterRandom.of(1, "images");
    for (int i = 0; i < images.length; i++) {
      images[i] = random.uniform(-1, 1);
    }
    ActivationShape input = new ActivationShape(IMAGES, 1, SIDE, SIDE);
    try (Context context = Context.reference();
        Network net = new Network(context, "smooth", input, 3, BackwardTest::body)) {
      net.selectHead(0, 3);
      loss(net, images);
      net.backward();
      for (Parameter parameter : net.active()) {
        check(net, images, parameter, CounterRandom.of(2, parameter.name()));
      }
    }
  }

  /** Compares along a random direction, so that one difference judges every weight. */
  private static void check(
      Network net, float[] images, Parameter parameter, CounterRandom random) {
    float[] gradient = parameter.gradient().download();
    float[] weights = parameter.weights().download();
    float[] above = weights.clone();
    float[] below = weights.clone();
    double expected = 0;
    double scale = 0;
    for (int i = 0; i < weights.length; i++) {
      float direction = random.nextInt(2) == 0 ? -STEP : STEP;
      above[i] += direction;
      below[i] -= direction;
      expected += gradient[i] * ((double) above[i] - below[i]);
      scale += Math.abs(gradient[i]) * 2 * STEP;
    }
    parameter.weights().upload(above);
    double difference = loss(net, images);
    parameter.weights().upload(below);
    difference -= loss(net, images);
    parameter.weights().upload(weights);
    // Central differences err by the cube of the step; the loss itself is rounded to float.
    assertEquals(expected, difference, 0.01 * scale + 4 * Math.ulp(2f), parameter.name());
  }

  private static double loss(Network net, float[] images) {
    Head head = net.forward(images, IMAGES, Phase.TRAIN);
    head.judge(LABELS, IMAGES);
    return head.readLoss();
  }
}
