// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_accuracy_forward;

import dev.intarsia.Context;
import dev.intarsia.LinearShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_accuracy;

/**
 * Counts rows whose largest logit inside the class range (the first of equals) is the label's, and
 * says which.
 */
public final class Accuracy extends Operation {
  private final LinearShape shape;
  private final ita_accuracy struct = onNative(ita_accuracy::new);
  private final Entry forward =
      entry(
          "accuracy_forward",
          () -> ita_accuracy_forward(pointer(), this.struct),
          "src",
          "labels",
          "correct",
          "hit?");

  private Accuracy(Context context, LinearShape shape) {
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
  public static Accuracy bind(Context context, LinearShape shape) {
    return new Accuracy(context, shape);
  }

  /**
   * The classes that take part: {@code first .. first + count - 1}; all until set.
   *
   * @param first the first class of the range
   * @param count classes in the range, at least 1
   */
  public Accuracy classRange(int first, int count) {
    requireClasses(first, count, shape.i());
    set("firstClass", first, () -> struct.first_class(first));
    set("classes", count, () -> struct.classes(count));
    return this;
  }

  /** [N, classes] activations, logits. */
  public Accuracy src(Tensor src) {
    rows("src", src, p -> struct.src(p), shape.n(), shape.i());
    return this;
  }

  /** [N] I32, each inside the class range. */
  public Accuracy labels(Tensor labels) {
    ints("labels", labels, p -> struct.labels(p), shape.n());
    return this;
  }

  /** [1] I64, added to. */
  public Accuracy correct(Tensor correct) {
    longs("correct", correct, p -> struct.correct(p), 1);
    return this;
  }

  /** [N] I32, written: 1 where a row is right, 0 elsewhere; null for none. */
  public Accuracy hit(Tensor hit) {
    ints("hit", hit, p -> struct.hit(p), shape.n());
    return this;
  }

  /** Adds the number of right rows to correct and marks them in hit. */
  public void forward() {
    run(forward);
  }

  @Override
  void resize(int n) {
    LinearShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
