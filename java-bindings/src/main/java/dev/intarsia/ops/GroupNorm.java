// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_group_norm_backward;
import static dev.intarsia.internal.ffi.Ita.ita_group_norm_forward;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_group_norm;

/**
 * {@code dst = (src - mean) * rstd * scale + shift} with mean and (biased) variance over the {@code
 * C/groups * H * W} values of each image and group (Wu and He 2018).
 *
 * <p>groups comes first: savedMean and savedRstd are shaped by it.
 *
 * <p>With addend and relu, the end of a residual block, {@code dst = max(norm + addend, 0)};
 * backward then starts from diffDst where dst is above 0, which is diffAddend too.
 */
public final class GroupNorm extends Operation {
  private final ActivationShape shape;
  private int groups;
  private final ita_group_norm struct = onNative(ita_group_norm::new);
  private final Entry forward =
      entry(
          "group_norm_forward",
          () -> ita_group_norm_forward(pointer(), this.struct),
          "src",
          "dst",
          "addend?",
          "scale?",
          "shift?",
          "savedMean",
          "savedRstd");

  private final Entry backward =
      entry(
          "group_norm_backward",
          () -> ita_group_norm_backward(pointer(), this.struct),
          "src",
          "diffDst",
          "dst?",
          "diffSrc",
          "diffAddend?",
          "scale?",
          "savedMean",
          "savedRstd",
          "diffScale?",
          "diffShift?");

  private GroupNorm(Context context, ActivationShape shape) {
    super(context, shape.n());
    this.shape = shape;
    resize(shape.n());
    groups(1).epsilon(1e-5f).relu(false);
  }

  /** Returns an op that has nothing bound yet; N is how many images its tensors hold. */
  public static GroupNorm bind(Context context, ActivationShape shape) {
    return new GroupNorm(context, shape);
  }

  /** Blocks of channels, a divisor of C; 1 until set. Unbinds savedMean and savedRstd. */
  public GroupNorm groups(int groups) {
    if (groups < 1 || shape.c() % groups != 0) {
      throw new IllegalArgumentException(
          name() + ": groups is " + groups + ", expected a divisor of c " + shape.c());
    }
    this.groups = groups;
    set("savedMean", null, () -> struct.saved_mean(null));
    set("savedRstd", null, () -> struct.saved_rstd(null));
    set("groups", groups, () -> struct.groups(groups));
    return this;
  }

  /** Added to the variance, at least 0; 1e-5 until set. */
  public GroupNorm epsilon(float epsilon) {
    requireAtLeastZero("epsilon", epsilon);
    set("epsilon", epsilon, () -> struct.epsilon(epsilon));
    return this;
  }

  /** [C] or null for ones. */
  public GroupNorm scale(Tensor scale) {
    values("scale", scale, p -> struct.scale(p), shape.c());
    return this;
  }

  /** [C] or null for zeros. */
  public GroupNorm shift(Tensor shift) {
    values("shift", shift, p -> struct.shift(p), shape.c());
    return this;
  }

  /** [N, groups] activations; written by forward, read by backward. */
  public GroupNorm savedMean(Tensor savedMean) {
    rows("savedMean", savedMean, p -> struct.saved_mean(p), shape.n(), groups);
    return this;
  }

  /** [N, groups] activations; written by forward, read by backward. */
  public GroupNorm savedRstd(Tensor savedRstd) {
    rows("savedRstd", savedRstd, p -> struct.saved_rstd(p), shape.n(), groups);
    return this;
  }

  /** [N, C, H, W] activations; read by both. */
  public GroupNorm src(Tensor src) {
    activations("src", src, p -> struct.src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, H, W] activations or null; added to what was normalised, may be dst. */
  public GroupNorm addend(Tensor addend) {
    activations(
        "addend", addend, p -> struct.addend(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** Whether dst is rectified, after addend was added; false until set. */
  public GroupNorm relu(boolean relu) {
    set("relu", relu, () -> struct.relu(relu ? 1 : 0));
    return this;
  }

  /** [N, C, H, W] activations; written by forward, read by backward with relu. */
  public GroupNorm dst(Tensor dst) {
    activations("dst", dst, p -> struct.dst(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, H, W] activations; read by backward. */
  public GroupNorm diffDst(Tensor diffDst) {
    activations(
        "diffDst", diffDst, p -> struct.diff_dst(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, H, W] activations; written by backward. */
  public GroupNorm diffSrc(Tensor diffSrc) {
    activations(
        "diffSrc", diffSrc, p -> struct.diff_src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, H, W] activations or null; written by backward, may be diffDst. */
  public GroupNorm diffAddend(Tensor diffAddend) {
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
  public GroupNorm diffScale(Tensor diffScale) {
    values("diffScale", diffScale, p -> struct.diff_scale(p), shape.c());
    return this;
  }

  /** [C] or null; added to by backward. */
  public GroupNorm diffShift(Tensor diffShift) {
    values("diffShift", diffShift, p -> struct.diff_shift(p), shape.c());
    return this;
  }

  /** Writes dst and what backward needs. */
  public void forward() {
    run(forward);
  }

  /** Writes diffSrc and diffAddend, adds to diffScale and diffShift. */
  public void backward() {
    if ((Boolean) value("relu") && value("dst") == null) {
      throw new IllegalStateException(
          name() + ": relu is set and dst is not; backward needs its sign, set dst");
    }
    run(backward);
  }

  @Override
  void resize(int n) {
    ActivationShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
