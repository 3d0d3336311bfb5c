// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Pool2dShape;

/** Mean of each window over the values inside the image. */
public final class AvgPool2d implements Layer {
  private final Activation in;
  private final Activation out;
  private final dev.intarsia.ops.AvgPool2d op;

  /**
   * Builds the layer.
   *
   * @param in [N, C, H, W]
   * @param kernel KH and KW
   * @param pad on each side, below {@code kernel}
   */
  public AvgPool2d(Activation in, int kernel, int stride, int pad) {
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

  private AvgPool2d(Activation in, Pool2dShape shape) {
    this.in = in;
    out = in.allocateNext(shape.c(), shape.oh(), shape.ow());
    op =
        dev.intarsia.ops.AvgPool2d.bind(in.context(), shape)
            .src(in.value())
            .dst(out.value())
            .diffDst(out.diff())
            .diffSrc(in.diff());
  }

  /** A layer whose one window is the whole image: [N, C, H, W] to [N, C, 1, 1]. */
  public static AvgPool2d global(Activation in) {
    return new AvgPool2d(
        in, Pool2dShape.global(in.shape().n(), in.shape().c(), in.shape().h(), in.shape().w()));
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
