// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Conv2dShape;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedConv2d;

/**
 * The shortcut without parameters of He et al. 2016, section 3.3, option A: every {@code stride}-th
 * pixel of every channel, between channels of zeros. It is a 1x1 convolution through a mask with
 * one weight of 1 a channel; the mask is executed, so that a value costs one multiplication, and
 * values and gradients are exact.
 */
final class SubsampledShortcut implements Layer {
  private final Activation in;
  private final Activation out;
  private final Tensor weights; // [O, C, 1, 1]
  private final Mask mask; // [O, C], one bit a channel of the input
  private final MaskedConv2d op;

  /**
   * Builds the layer.
   *
   * @param in [N, C, H, W]
   * @param channels O, at least C; (O - C) / 2 of the new ones come before the old, the rest after
   * @param stride of the pixels that are kept
   */
  SubsampledShortcut(Activation in, int channels, int stride) {
    int c = in.shape().c();
    if (channels < c) {
      throw new IllegalArgumentException(
          "a shortcut from %d to %d channels, it can only add some".formatted(c, channels));
    }
    Conv2dShape shape =
        Conv2dShape.square(
            in.shape().n(), c, in.shape().h(), in.shape().w(), channels, 1, stride, 0);
    this.in = in;
    out = in.allocateNext(channels, shape.oh(), shape.ow());
    boolean[] bits = new boolean[channels * c]; // [O, C]
    float[] values = new float[channels * c]; // [O, C]
    for (int i = 0; i < c; i++) {
      int at = ((channels - c) / 2 + i) * c + i;
      bits[at] = true;
      values[at] = 1;
    }
    mask = Mask.of(in.context(), channels, c, bits);
    weights = Tensor.plain(in.context(), channels, c, 1, 1);
    weights.upload(values, 0, values.length);
    op =
        MaskedConv2d.bind(in.context(), shape)
            .weights(weights)
            .mask(mask)
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
    weights.close();
    mask.close();
    out.close();
  }
}
