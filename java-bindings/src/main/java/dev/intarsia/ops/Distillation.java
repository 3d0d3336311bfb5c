// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_distillation_apply;

import dev.intarsia.Context;
import dev.intarsia.LinearShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_distillation;

/**
 * Cross entropy with labels beside knowledge distillation from a teacher (Hinton et al. 2015), and
 * their gradient, in one pass over the student's logits.
 *
 * <p>With {@code p = softmax(teacher / T)}, {@code q = softmax(src / T)}, {@code r} 1 in known rows
 * and {@code K = max(1, sum of r)}: {@code loss[0]} = mean over N of (logsumexp of src -
 * src[label]); {@code loss[1] = T^2 / K * sum of r p (ln p - ln q)}; {@code diffSrc} is the
 * gradient of {@code loss[0] + lambda * loss[1]}: {@code (softmax - one_hot) / N + lambda T / K r
 * (q - p)}.
 */
public final class Distillation extends Operation {
  private final LinearShape shape;
  private final ita_distillation struct = onNative(ita_distillation::new);
  private final Entry apply =
      entry(
          "distillation_apply",
          () -> ita_distillation_apply(pointer(), this.struct),
          "temperature",
          "lambda",
          "src",
          "teacher",
          "labels?",
          "known?",
          "loss",
          "diffSrc");

  private Distillation(Context context, LinearShape shape) {
    super(context, shape.n());
    if (shape.i() != shape.o()) {
      throw new IllegalArgumentException(
          name() + ": the shape is " + shape + ", expected i equal to o, the classes of src");
    }
    this.shape = shape;
    resize(shape.n());
  }

  /** Returns an op that has nothing bound yet; i and o are both the classes of src. */
  public static Distillation bind(Context context, LinearShape shape) {
    return new Distillation(context, shape);
  }

  /** What both logits are divided by in the divergence, above 0. */
  public Distillation temperature(float temperature) {
    if (!(temperature > 0) || Float.isInfinite(temperature)) {
      throw new IllegalArgumentException(
          name() + ": temperature is " + temperature + ", expected above 0 and finite; 2 is usual");
    }
    set("temperature", temperature, () -> struct.temperature(temperature));
    return this;
  }

  /** Factor of the divergence in diffSrc, at least 0. */
  public Distillation lambda(float lambda) {
    requireAtLeastZero("lambda", lambda);
    set("lambda", lambda, () -> struct.lambda(lambda));
    return this;
  }

  /** [N, classes] activations, logits of the student. */
  public Distillation src(Tensor src) {
    rows("src", src, p -> struct.src(p), shape.n(), shape.i());
    return this;
  }

  /** [N, classes] activations, logits of the teacher. */
  public Distillation teacher(Tensor teacher) {
    rows("teacher", teacher, p -> struct.teacher(p), shape.n(), shape.i());
    return this;
  }

  /** [N] I32, each below the classes; null for no cross entropy. */
  public Distillation labels(Tensor labels) {
    ints("labels", labels, p -> struct.labels(p), shape.n());
    return this;
  }

  /** [N] I32, 0 for rows that the teacher says nothing of; null when all are known. */
  public Distillation known(Tensor known) {
    ints("known", known, p -> struct.known(p), shape.n());
    return this;
  }

  /** [2] F32, written: cross entropy and divergence, the latter without lambda, in nats. */
  public Distillation loss(Tensor loss) {
    values("loss", loss, p -> struct.loss(p), 2);
    return this;
  }

  /** [N, classes] activations, written. */
  public Distillation diffSrc(Tensor diffSrc) {
    rows("diffSrc", diffSrc, p -> struct.diff_src(p), shape.n(), shape.i());
    return this;
  }

  /** Writes loss and diffSrc. */
  public void apply() {
    run(apply);
  }

  @Override
  void resize(int n) {
    LinearShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
