// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_pixel_cross_entropy_backward_data;
import static dev.intarsia.internal.ffi.Ita.ita_pixel_cross_entropy_forward;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_pixel_cross_entropy;

/**
 * Softmax cross entropy of every pixel over the classes C: {@code loss} = mean, over the pixels
 * whose label is not {@link #ignore}, of (logsumexp of src - src at the label), 0 where there are
 * none; {@code diffSrc = (softmax - one_hot) / those pixels}, 0 at the others.
 */
public final class PixelCrossEntropy extends Operation {
  /** The label of pixels that do not count, until another one is set. */
  public static final int IGNORE = 255;

  private final ActivationShape shape;
  private final ita_pixel_cross_entropy struct = onNative(ita_pixel_cross_entropy::new);
  private final Entry forward =
      entry(
          "pixel_cross_entropy_forward",
          () -> ita_pixel_cross_entropy_forward(pointer(), this.struct),
          "src",
          "labels",
          "loss");

  private final Entry backwardData =
      entry(
          "pixel_cross_entropy_backward_data",
          () -> ita_pixel_cross_entropy_backward_data(pointer(), this.struct),
          "src",
          "labels",
          "diffSrc");

  private PixelCrossEntropy(Context context, ActivationShape shape) {
    super(context, shape.n());
    this.shape = shape;
    resize(shape.n());
    ignore(IGNORE);
  }

  /** Returns an op that has nothing bound yet; C are the classes. */
  public static PixelCrossEntropy bind(Context context, ActivationShape shape) {
    return new PixelCrossEntropy(context, shape);
  }

  /** The label of pixels that do not count; any number, {@link #IGNORE} until set. */
  public PixelCrossEntropy ignore(int label) {
    set("ignore", label, () -> struct.ignore(label));
    return this;
  }

  /** [N, C, H, W] activations, logits; read by both. */
  public PixelCrossEntropy src(Tensor src) {
    activations("src", src, p -> struct.src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, H*W] I32, each a class or the label to ignore; read by both. */
  public PixelCrossEntropy labels(Tensor labels) {
    ints("labels", labels, p -> struct.labels(p), shape.n(), (long) shape.h() * shape.w());
    return this;
  }

  /** [1] F32, written by forward. */
  public PixelCrossEntropy loss(Tensor loss) {
    values("loss", loss, p -> struct.loss(p), 1);
    return this;
  }

  /** [N, C, H, W] activations, written by backwardData. */
  public PixelCrossEntropy diffSrc(Tensor diffSrc) {
    activations(
        "diffSrc", diffSrc, p -> struct.diff_src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** Writes loss. */
  public void forward() {
    run(forward);
  }

  /** Writes diffSrc. */
  public void backwardData() {
    run(backwardData);
  }

  @Override
  void resize(int n) {
    ActivationShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
