// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.ops.MaskedConv2d;
import java.util.List;

/** Convolution through a mask, without bias. */
public final class Conv2d implements Layer {
  private final Activation in;
  private final Activation out;
  private final Parameter weights;
  private final MaskedConv2d masked;
  private final MaskedConv2d dense; // the same without its mask: scores need the whole gradient

  /**
   * Builds the layer; its weights are zero until the net draws them.
   *
   * @param name opens the name of the parameter
   * @param in [N, C, H, W]
   * @param filters O
   * @param kernel KH and KW
   * @param pad zeros on each side
   */
  public Conv2d(String name, Activation in, int filters, int kernel, int stride, int pad) {
    Context context = in.context();
    Conv2dShape shape =
        Conv2dShape.square(
            in.shape().n(),
            in.shape().c(),
            in.shape().h(),
            in.shape().w(),
            filters,
            kernel,
            stride,
            pad);
    this.in = in;
    out = in.allocateNext(filters, shape.oh(), shape.ow());
    weights = Parameter.maskable(context, name + ".weights", filters, shape.i(), kernel, kernel);
    masked = bind(context, shape).mask(weights.visible());
    dense = bind(context, shape);
  }

  private MaskedConv2d bind(Context context, Conv2dShape shape) {
    return MaskedConv2d.bind(context, shape)
        .weights(weights.weights())
        .src(in.value())
        .dst(out.value())
        .diffDst(out.diff())
        .diffSrc(in.diff())
        .diffWeights(weights.gradient());
  }

  @Override
  public void forward(Phase phase) {
    if (phase == Phase.TRAIN && weights.scores() != null) {
      weights.scores().cutMask();
    }
    masked.forward();
  }

  @Override
  public void backward() {
    if (in.diff() != null) {
      masked.backwardData();
    }
    if (weights.scores() == null) {
      masked.backwardWeights();
    } else {
      dense.backwardWeights();
      weights.scores().backward();
    }
  }

  @Override
  public Activation out() {
    return out;
  }

  @Override
  public void batch(int n) {
    masked.batch(n);
    dense.batch(n);
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(weights);
  }

  @Override
  public void close() {
    weights.close();
    out.close();
  }
}
