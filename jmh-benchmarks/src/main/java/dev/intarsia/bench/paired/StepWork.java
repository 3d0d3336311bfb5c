// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import dev.intarsia.CounterRandom;

/**
 * A training step of a whole net on images of 3x32x32: forward, cross-entropy, backward, Adam. The
 * result is the loss before and after some steps on the same batch: a step that does not learn is
 * not timed. Nets start from weights of their own, so losses are not compared with each other.
 */
public final class StepWork implements Work {
  /** Classes of the head. */
  public static final int CLASSES = 10;

  /** Pixels of an image. */
  public static final int IMAGE = 3 * 32 * 32;

  /** Steps between the two losses of a result. */
  public static final int CHECKED_STEPS = 6;

  private static final double MOST = 0.98;

  private final String model;
  private final String method;
  private final double keep;
  private final int batch;
  private final float[] images;
  private final int[] labels;

  /**
   * Draws noise with a bright band where the class says.
   *
   * @param model {@code alexnet} or {@code resnet18} (64 channels)
   * @param method {@code wsn}, {@code wsn-kernel} (the mask of a task learned before, whole kernels
   *     off) or {@code packnet}
   * @param keep wsn: fraction kept by the mask; packnet: fraction of the weights still free
   */
  public StepWork(String model, String method, double keep, int batch) {
    this.model = model;
    this.method = method;
    this.keep = keep;
    this.batch = batch;
    CounterRandom random = CounterRandom.of(1, "paired images");
    images = new float[batch * IMAGE];
    labels = new int[batch];
    for (int n = 0; n < batch; n++) {
      labels[n] = n % CLASSES;
      for (int i = 0; i < IMAGE; i++) {
        boolean marked = i % 1024 / 96 == labels[n]; // a band of three rows, in every channel
        images[n * IMAGE + i] = random.uniform(-1, 1) + (marked ? 3 : 0);
      }
    }
  }

  /** Name of the net. */
  public String model() {
    return model;
  }

  /** Name of the method. */
  public String method() {
    return method;
  }

  /** See the constructor. */
  public double keep() {
    return keep;
  }

  /** [N, 3, 32, 32]. */
  public float[] images() {
    return images;
  }

  /** [N]. */
  public int[] labels() {
    return labels;
  }

  @Override
  public String benchmark() {
    return "train_step";
  }

  @Override
  public String problem() {
    return model + ":" + method;
  }

  @Override
  public Direction direction() {
    return Direction.STEP;
  }

  @Override
  public int batch() {
    return batch;
  }

  @Override
  public double flops(Structure structure) {
    return 0;
  }

  @Override
  public double bytes(Structure structure) {
    return 0;
  }

  @Override
  public double check(Contender contender) {
    float[] losses = contender.result();
    if (!(losses[1] < MOST * losses[0])) {
      throw new IllegalStateException(
          contender.name()
              + " on "
              + id()
              + " does not learn and is not timed: loss "
              + losses[0]
              + ", then "
              + losses[1]);
    }
    return 0;
  }
}
