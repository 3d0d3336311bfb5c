// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

/** What is computed; the words are those of the summary. */
public enum Direction {
  /** dst from src and weights. */
  FORWARD("forward"),
  /** diff_src from diff_dst and weights. */
  BACKWARD_DATA("backward_data"),
  /** diff_weights from src and diff_dst. */
  BACKWARD_WEIGHTS("backward_weights"),
  /** diff_weights inside a mask and diff_scores everywhere, from src and diff_dst. */
  BACKWARD_WEIGHTS_SCORES("backward_weights_scores"),
  /** All gradients of a norm. */
  BACKWARD("backward"),
  /** A pass over the weights that is none of the above. */
  APPLY("apply"),
  /** A threshold from scores. */
  SELECT("select"),
  /** A whole training step, or an optimiser's. */
  STEP("step");

  private final String word;

  Direction(String word) {
    this.word = word;
  }

  /** As in the summary. */
  public String word() {
    return word;
  }
}
