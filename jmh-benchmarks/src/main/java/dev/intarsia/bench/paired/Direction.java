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
  /** A threshold from scores. */
  SELECT("select"),
  /** A whole training step. */
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
