// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.ffi.ita_gradient_epilogue;
import java.util.function.Supplier;

/** The fields by which backwardWeights splits the dense gradient without storing it. */
final class GradientEpilogue {
  private final Operation op;
  private final String entry;
  private final Supplier<ita_gradient_epilogue> struct;
  private final PlaneShape shape;

  /**
   * The epilogue of one op.
   *
   * @param struct gives the nested struct; asked on a native context only
   * @param shape of weights: a row is a filter or an output
   */
  GradientEpilogue(
      Operation op, String entry, Supplier<ita_gradient_epilogue> struct, PlaneShape shape) {
    this.op = op;
    this.entry = entry;
    this.struct = struct;
    this.shape = shape;
  }

  void scores(Tensor scores) {
    op.values("scores", scores, p -> struct.get().scores(p), shape.rows(), shape.cols());
  }

  void frozen(Mask frozen) {
    op.mask("frozen", frozen, p -> struct.get().frozen(p), shape);
  }

  void candidates(Mask candidates) {
    op.mask("candidates", candidates, p -> struct.get().candidates(p), shape);
  }

  void diffScores(Tensor diffScores) {
    op.values(
        "diffScores", diffScores, p -> struct.get().diff_scores(p), shape.rows(), shape.cols());
  }

  void diffKernels(Tensor diffKernels, long kernels) {
    op.values("diffKernels", diffKernels, p -> struct.get().diff_kernels(p), shape.rows(), kernels);
  }

  /** Whether the gradient is split; refuses fields that do not make sense together. */
  boolean isSet() {
    boolean scores = op.value("scores") != null;
    boolean diffScores = op.value("diffScores") != null;
    if (scores && !diffScores) {
      throw new IllegalStateException(
          entry + ": scores is set and diffScores is not; set both, or scores to null");
    }
    boolean set = diffScores || op.value("diffKernels") != null;
    for (String plane : new String[] {"frozen", "candidates"}) {
      if (!set && op.value(plane) != null) {
        throw new IllegalStateException(
            entry
                + ": "
                + plane
                + " is set, but neither diffScores nor diffKernels; set one of them, or leave it"
                + " null");
      }
    }
    return set;
  }
}
