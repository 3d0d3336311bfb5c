// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_softmax_cross_entropy_backward_data;
import static dev.intarsia.internal.ffi.Ita.ita_softmax_cross_entropy_forward;

import dev.intarsia.Context;
import dev.intarsia.LinearShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_softmax_cross_entropy;

/**
 * {@code loss} = mean over N of (logsumexp of src over the class range - src[label]); {@code
 * diffSrc = (softmax - one_hot) / N} inside the range, 0 outside it.
 */
public final class SoftmaxCrossEntropy extends Operation {
  private final LinearShape shape;
  private final ita_softmax_cross_entropy struct = onNative(ita_softmax_cross_entropy::new);
  private final Entry forward =
      entry(
          "softmax_cross_entropy_forward",
          () -> ita_softmax_cross_entropy_forward(pointer(), this.struct),
          "src",
          "labels",
          "loss");

  private final Entry backwardData =
      entry(
          "softmax_cross_entropy_backward_data",
          () -> ita_softmax_cross_entropy_backward_data(pointer(), this.struct),
          "src",
          "labels",
          "diffSrc");

  private SoftmaxCrossEntropy(Context context, LinearShape shape) {
    super(context, shape.n());
    if (shape.i() != shape.o()) {
      throw new IllegalArgumentException(
          name() + ": the shape is " + shape + ", expected i equal to o, the classes of src");
    }
    this.shape = shape;
    resize(shape.n());
    classRange(0, shape.i());
  }

  /** Returns an op that has nothing bound yet; i and o are both the classes of src. */
  public static SoftmaxCrossEntropy bind(Context context, LinearShape shape) {
    return new SoftmaxCrossEntropy(context, shape);
  }

  /**
   * The classes that take part: {@code first .. first + count - 1}; all until set.
   *
   * @param first the first class of the range
   * @param count classes in the range, at least 1
   */
  public SoftmaxCrossEntropy classRange(int first, int count) {
    requireClasses(first, count, shape.i());
    set("firstClass", first, () -> struct.first_class(first));
    set("classes", count, () -> struct.classes(count));
    return this;
  }

  /** [N, classes] activations, logits; read by both. */
  public SoftmaxCrossEntropy src(Tensor src) {
    rows("src", src, p -> struct.src(p), shape.n(), shape.i());
    return this;
  }

  /** [N] I32, each inside the class range; read by both. */
  public SoftmaxCrossEntropy labels(Tensor labels) {
    ints("labels", labels, p -> struct.labels(p), shape.n());
    return this;
  }

  /** [1] F32, written by forward. */
  public SoftmaxCrossEntropy loss(Tensor loss) {
    values("loss", loss, p -> struct.loss(p), 1);
    return this;
  }

  /** [N, classes] activations, written by backwardData. */
  public SoftmaxCrossEntropy diffSrc(Tensor diffSrc) {
    rows("diffSrc", diffSrc, p -> struct.diff_src(p), shape.n(), shape.i());
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
    LinearShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
