// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Pool2dShape;

/** Largest value of each window. */
public final class MaxPool2d implements Layer {
  private final Activation in;
  private final Activation out;
  private final dev.intarsia.ops.MaxPool2d op;

  /**
   * Builds the layer.
   *
   * @param in [N, C, H, W]
   * @param kernel KH and KW
   * @param pad on each side, below {@code kernel}
   */
  public MaxPool2d(Activation in, int kernel, int stride, int pad) {
    this(
        in,
        new Pool2dShape(
            in.shape().n(),
            in.shape().c(),
            in.shape().h(),
            in.shape().w(),
            kernel,
            kernel,
            stride,
            stride,
            pad,
            pad));
  }

  private MaxPool2d(Activation in, Pool2dShape shape) {
    this.in = in;
    out = in.allocateNext(shape.c(), shape.oh(), shape.ow());
    op =
        dev.intarsia.ops.MaxPool2d.bind(in.context(), shape)
            .src(in.value())
            .dst(out.value())
            .diffDst(out.diff())
            .diffSrc(in.diff());
  }

  @Override
  public void forward(Phase phase) {
    op.forward();
  }

  @Override
  public void backward() {
    if (in.diff() != null) {
      op.backwardData();
    }
  }

  @Override
  public Activation out() {
    return out;
  }

  @Override
  public void batch(int n) {
    op.batch(n);
  }

  @Override
  public void close() {
    out.close();
  }
}
