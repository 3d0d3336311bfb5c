// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The fused end of a residual block is, to the bit, the layers that it stands for. */
class NormedResidualTest {
  private static final int IMAGES = 18; // a block and some
  private static final int SIDE = 6;
  private static final int CLASSES = 3;

  private static Layer apart(Activation input) {
    return new Sequential(input)
        .then(in -> new Conv2d("stem", in, 4, 3, 1, 1))
        .then(in -> new BatchNorm2d("norm0", in))
        .then(Relu::new)
        .then(
            in ->
                new Residual(
                    in,
                    branch ->
                        new Sequential(branch)
                            .then(x -> new Conv2d("conv1", x, 4, 3, 1, 1))
                            .then(x -> new BatchNorm2d("norm1", x)),
                    Sequential::new))
        .then(Relu::new)
        .then(
            in ->
                new Residual(
                    in,
                    branch ->
                        new Sequential(branch)
                            .then(x -> new Conv2d("conv2", x, 6, 3, 2, 1))
                            .then(x -> new BatchNorm2d("norm2", x)),
                    shortcut -> projected(shortcut)))
        .then(Relu::new)
        .then(in -> new Linear("fc", in, 5));
  }

  private static Layer fused(Activation input) {
    return new Sequential(input)
        .then(in -> new Conv2d("stem", in, 4, 3, 1, 1))
        .then(in -> BatchNorm2d.rectified("norm0", in))
        .then(
            in ->
                new NormedResidual(
                    in,
                    branch -> new Sequential(branch).then(x -> new Conv2d("conv1", x, 4, 3, 1, 1)),
                    "norm1",
                    Sequential::new))
        .then(
            in ->
                new NormedResidual(
                    in,
                    branch -> new Sequential(branch).then(x -> new Conv2d("conv2", x, 6, 3, 2, 1)),
                    "norm2",
                    shortcut -> projected(shortcut)))
        .then(in -> new Linear("fc", in, 5));
  }

  private static Layer projected(Activation shortcut) {
    return new Sequential(shortcut)
        .then(x -> new Conv2d("project", x, 6, 1, 2, 0))
        .then(x -> new BatchNorm2d("norm3", x));
  }

  @Test
  void sameBits() {
    List<float[]> apart = run(NormedResidualTest::apart);
    List<float[]> fused = run(NormedResidualTest::fused);
    assertEquals(apart.size(), fused.size());
    for (int i = 0; i < apart.size(); i++) {
      assertArrayEquals(apart.get(i), fused.get(i), "tensor " + i);
    }
  }

  /** The loss of training and evaluation, and every gradient. */
  private static List<float[]> run(Function<Activation, Layer> body) {
    CounterRandom random = CounterRandom.of(1, "images");
    float[] images = new float[IMAGES * SIDE * SIDE];
    int[] labels = new int[IMAGES];
    for (int i = 0; i < images.length; i++) {
      images[i] = random.uniform(-1, 1);
      labels[i % IMAGES] = i % CLASSES;
    }
    ActivationShape input = new ActivationShape(IMAGES, 1, SIDE, SIDE);
    try (Context context = Context.open("cpu", 1);
        Network net = new Network(context, "residual", input, 3, body)) {
      List<float[]> seen = new ArrayList<>();
      net.selectHead(0, CLASSES);
      seen.add(new float[] {loss(net, images, labels, Phase.TRAIN)});
      net.backward();
      for (Parameter parameter : net.active()) {
        seen.add(parameter.gradient().download());
      }
      seen.add(new float[] {loss(net, images, labels, Phase.EVALUATE)});
      return seen;
    }
  }

  private static float loss(Network net, float[] images, int[] labels, Phase phase) {
    Head head = net.forward(images, IMAGES, phase);
    head.judge(labels, IMAGES);
    return head.readLoss();
  }
}
