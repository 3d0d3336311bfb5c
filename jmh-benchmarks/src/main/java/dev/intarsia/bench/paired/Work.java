// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

/** A named problem in one direction with its data, the same for every contender. */
public sealed interface Work
    permits ActivationWork,
        CodebookConvWork,
        CodebookWork,
        ConvWork,
        FitWork,
        LinearWork,
        PlaneWork,
        SelectWork,
        StepWork {
  /** Such as {@code masked_conv2d}. */
  String benchmark();

  /** Named problem. */
  String problem();

  /** What is computed. */
  Direction direction();

  /** Images, or 0. */
  int batch();

  /** Additions and multiplications by weights that are kept; padding counts as work. 0: unknown. */
  double flops(Structure structure);

  /**
   * Bytes that have to move at least once, or where memory alone limits the work (flops 0) as often
   * as its definition demands of tensors that no cache holds.
   */
  double bytes(Structure structure);

  /**
   * Compares a contender's result with a double-precision reference on some elements.
   *
   * @return the relative error in the l2 sense
   * @throws IllegalStateException if it is above the bound; a wrong kernel has no speed
   */
  double check(Contender contender);

  /** What a regular expression is matched with. */
  default String id() {
    return benchmark() + "/" + problem() + "/" + direction().word() + "/n" + batch();
  }
}
