// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Upsample2dShape;
import dev.intarsia.UpsampleMode;

/** Larger images by a whole factor: the way back up from a pooling. */
public final class Upsample2d implements Layer {
  private final Activation in;
  private final Activation out;
  private final dev.intarsia.ops.Upsample2d op;

  /**
   * Builds the layer.
   *
   * @param in [N, C, H, W]
   * @param scale factor on H and W, at least 1
   * @param mode how pixels are found
   */
  public Upsample2d(Activation in, int scale, UpsampleMode mode) {
    Upsample2dShape shape =
        new Upsample2dShape(
            in.shape().n(), in.shape().c(), in.shape().h(), in.shape().w(), scale, scale);
    this.in = in;
    out = in.allocateNext(shape.c(), shape.oh(), shape.ow());
    op =
        dev.intarsia.ops.Upsample2d.bind(in.context(), shape)
            .mode(mode)
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
