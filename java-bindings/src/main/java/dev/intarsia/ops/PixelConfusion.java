// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_pixel_confusion_forward;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_pixel_confusion;

/**
 * Counts pixels by their label and by the class of their largest logit (the first of equals),
 * except those whose label is {@link #ignore}.
 */
public final class PixelConfusion extends Operation {
  private final ActivationShape shape;
  private final ita_pixel_confusion struct = onNative(ita_pixel_confusion::new);
  private final Entry forward =
      entry(
          "pixel_confusion_forward",
          () -> ita_pixel_confusion_forward(pointer(), this.struct),
          "src",
          "labels",
          "confusion");

  private PixelConfusion(Context context, ActivationShape shape) {
    super(context, shape.n());
    this.shape = shape;
    resize(shape.n());
    ignore(PixelCrossEntropy.IGNORE);
  }

  /** Returns an op that has nothing bound yet; C are the classes. */
  public static PixelConfusion bind(Context context, ActivationShape shape) {
    return new PixelConfusion(context, shape);
  }

  /** The label of pixels that do not count; {@link PixelCrossEntropy#IGNORE} until set. */
  public PixelConfusion ignore(int label) {
    set("ignore", label, () -> struct.ignore(label));
    return this;
  }

  /** [N, C, H, W] activations, logits. */
  public PixelConfusion src(Tensor src) {
    activations("src", src, p -> struct.src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, H*W] I32, each a class or the label to ignore. */
  public PixelConfusion labels(Tensor labels) {
    ints("labels", labels, p -> struct.labels(p), shape.n(), (long) shape.h() * shape.w());
    return this;
  }

  /** [C, C] I64, a row for each label, a column for each answer; added to. */
  public PixelConfusion confusion(Tensor confusion) {
    longs("confusion", confusion, p -> struct.confusion(p), shape.c(), shape.c());
    return this;
  }

  /** Adds the pixels to confusion. */
  public void forward() {
    run(forward);
  }

  @Override
  void resize(int n) {
    ActivationShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
