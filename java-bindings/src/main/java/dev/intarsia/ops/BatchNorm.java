// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_batch_norm_backward;
import static dev.intarsia.internal.ffi.Ita.ita_batch_norm_forward;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_batch_norm;

/**
 * {@code dst = (src - mean) * rstd * scale + shift} per channel, {@code rstd = 1 / sqrt(variance +
 * epsilon)}.
 *
 * <p>With batch statistics, mean and (biased) variance are those of the batch, forward writes
 * savedMean and savedRstd and moves the running statistics: {@code running = (1 - momentum) *
 * running + momentum * batch}, the variance unbiased. Without, the running statistics are used and
 * left alone. backward follows the same choice: batch statistics are differentiated through,
 * running ones are constants.
 *
 * <p>With addend and relu, the end of a residual block, {@code dst = max(norm + addend, 0)};
 * backward then starts from diffDst where dst is above 0, which is diffAddend too.
 */
public final class BatchNorm extends Operation {
  private final ActivationShape shape;
  private int images; // N of later calls
  private final ita_batch_norm struct = onNative(ita_batch_norm::new);
  private final Entry forward =
      entry(
          "batch_norm_forward",
          () -> ita_batch_norm_forward(pointer(), this.struct),
          "src",
          "dst",
          "addend?",
          "scale?",
          "shift?",
          "runningMean?",
          "runningVar?",
          "savedMean?",
          "savedRstd?");

  private final Entry backward =
      entry(
          "batch_norm_backward",
          () -> ita_batch_norm_backward(pointer(), this.struct),
          "src",
          "diffDst",
          "dst?",
          "diffSrc",
          "diffAddend?",
          "scale?",
          "runningMean?",
          "runningVar?",
          "savedMean?",
          "savedRstd?",
          "diffScale?",
          "diffShift?");

  private BatchNorm(Context context, ActivationShape shape) {
    super(context, shape.n());
    this.shape = shape;
    resize(shape.n());
    batchStatistics(true).momentum(0.1f).epsilon(1e-5f).relu(false);
  }

  /** Returns an op that has nothing bound yet; N is how many images its tensors hold. */
  public static BatchNorm bind(Context context, ActivationShape shape) {
    return new BatchNorm(context, shape);
  }

  /** Whether the batch is normalised by its own statistics; true until set. */
  public BatchNorm batchStatistics(boolean batchStatistics) {
    set("batchStatistics", batchStatistics, () -> struct.batch_statistics(batchStatistics ? 1 : 0));
    return this;
  }

  /** Share of the batch in the new running statistics, 0 .. 1; 0.1 until set. */
  public BatchNorm momentum(float momentum) {
    if (!(momentum >= 0 && momentum <= 1)) {
      throw new IllegalArgumentException(
          name() + ": momentum is " + momentum + ", expected 0 .. 1");
    }
    set("momentum", momentum, () -> struct.momentum(momentum));
    return this;
  }

  /** Added to the variance, at least 0; 1e-5 until set. */
  public BatchNorm epsilon(float epsilon) {
    requireAtLeastZero("epsilon", epsilon);
    set("epsilon", epsilon, () -> struct.epsilon(epsilon));
    return this;
  }

  /** [C] or null for ones. */
  public BatchNorm scale(Tensor scale) {
    values("scale", scale, p -> struct.scale(p), shape.c());
    return this;
  }

  /** [C] or null for zeros. */
  public BatchNorm shift(Tensor shift) {
    values("shift", shift, p -> struct.shift(p), shape.c());
    return this;
  }

  /** [C]; null with batch statistics: not kept. */
  public BatchNorm runningMean(Tensor runningMean) {
    values("runningMean", runningMean, p -> struct.running_mean(p), shape.c());
    return this;
  }

  /** [C]; null with batch statistics: not kept. */
  public BatchNorm runningVar(Tensor runningVar) {
    values("runningVar", runningVar, p -> struct.running_var(p), shape.c());
    return this;
  }

  /** [C]; with batch statistics written by forward, read by backward. */
  public BatchNorm savedMean(Tensor savedMean) {
    values("savedMean", savedMean, p -> struct.saved_mean(p), shape.c());
    return this;
  }

  /** [C]; with batch statistics written by forward, read by backward. */
  public BatchNorm savedRstd(Tensor savedRstd) {
    values("savedRstd", savedRstd, p -> struct.saved_rstd(p), shape.c());
    return this;
  }

  /** [N, C, H, W] activations; read by both. */
  public BatchNorm src(Tensor src) {
    activations("src", src, p -> struct.src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, H, W] activations or null; added to what was normalised, may be dst. */
  public BatchNorm addend(Tensor addend) {
    activations(
        "addend", addend, p -> struct.addend(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** Whether dst is rectified, after addend was added; false until set. */
  public BatchNorm relu(boolean relu) {
    set("relu", relu, () -> struct.relu(relu ? 1 : 0));
    return this;
  }

  /** [N, C, H, W] activations; written by forward, read by backward with relu. */
  public BatchNorm dst(Tensor dst) {
    activations("dst", dst, p -> struct.dst(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, H, W] activations; read by backward. */
  public BatchNorm diffDst(Tensor diffDst) {
    activations(
        "diffDst", diffDst, p -> struct.diff_dst(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, H, W] activations; written by backward. */
  public BatchNorm diffSrc(Tensor diffSrc) {
    activations(
        "diffSrc", diffSrc, p -> struct.diff_src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, H, W] activations or null; written by backward, may be diffDst. */
  public BatchNorm diffAddend(Tensor diffAddend) {
    activations(
        "diffAddend",
        diffAddend,
        p -> struct.diff_addend(p),
        shape.n(),
        shape.c(),
        shape.h(),
        shape.w());
    return this;
  }

  /** [C] or null; added to by backward. */
  public BatchNorm diffScale(Tensor diffScale) {
    values("diffScale", diffScale, p -> struct.diff_scale(p), shape.c());
    return this;
  }

  /** [C] or null; added to by backward. */
  public BatchNorm diffShift(Tensor diffShift) {
    values("diffShift", diffShift, p -> struct.diff_shift(p), shape.c());
    return this;
  }

  /** Writes dst and what backward needs. */
  public void forward() {
    requireStatistics();
    run(forward);
  }

  /** Writes diffSrc and diffAddend, adds to diffScale and diffShift. */
  public void backward() {
    requireStatistics();
    if ((Boolean) value("relu") && value("dst") == null) {
      throw new IllegalStateException(
          name() + ": relu is set and dst is not; backward needs its sign, set dst");
    }
    run(backward);
  }

  private void requireStatistics() {
    if ((Boolean) value("batchStatistics")) {
      requireSet("savedMean", "savedRstd", "with batch statistics");
      if (value("runningVar") != null && images * shape.h() * shape.w() == 1) {
        throw new IllegalStateException(
            name() + ": one value per channel has no variance; use a batch of at least 2");
      }
    } else {
      requireSet("runningMean", "runningVar", "without batch statistics");
    }
  }

  private void requireSet(String mean, String deviation, String when) {
    if (value(mean) == null || value(deviation) == null) {
      throw new IllegalStateException(
          name() + ": " + mean + " and " + deviation + " are needed " + when + "; set both");
    }
  }

  @Override
  void resize(int n) {
    images = n;
    ActivationShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
