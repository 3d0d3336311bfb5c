// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * A row of the summary: one implementation on one problem. Names of the JSON keys are part of the
 * format.
 *
 * @param benchmark stem of the op, or {@code train_step}
 * @param problem named problem
 * @param direction what is computed
 * @param structure {@code full}, {@code weight} or {@code kernel}
 * @param density fraction of the weights kept
 * @param batch images
 * @param isa instruction set that all were held to
 * @param threads CPU threads
 * @param implementation who
 * @param ms median time of one call
 * @param msLow lower end of its interval
 * @param msHigh upper end
 * @param gflops GFLOP/s that count, by kept weights alone; null where none are counted
 * @param gbytes GB/s that have to move at least once; null likewise
 * @param rooflinePercent of what the probes of the same run allow for this work; above 100 where an
 *     algorithm needs fewer operations than are counted
 * @param peer fastest other library on the dense problem; null if there was none
 * @param peerMs its median time
 * @param ratio peer_ms / ms
 * @param ratioLow lower end of the interval of the ratio round by round
 * @param ratioHigh upper end
 * @param error relative error of the result to the double reference
 * @param variety layout or algorithm
 */
record Row(
    String benchmark,
    String problem,
    String direction,
    String structure,
    double density,
    int batch,
    String isa,
    int threads,
    String implementation,
    double ms,
    @JsonProperty("ms_low") double msLow,
    @JsonProperty("ms_high") double msHigh,
    Double gflops,
    @JsonProperty("gbytes") Double gbytes,
    @JsonProperty("roofline_percent") Double rooflinePercent,
    String peer,
    @JsonProperty("peer_ms") Double peerMs,
    Double ratio,
    @JsonProperty("ratio_low") Double ratioLow,
    @JsonProperty("ratio_high") Double ratioHigh,
    double error,
    String variety) {
  /** Our own name in the column of implementations. */
  static final String OURS = "intarsia";

  /** Everything but the figures: two rows of the same key can be compared. */
  String key() {
    return String.join(
        " ",
        benchmark,
        problem,
        direction,
        structure,
        String.valueOf(density),
        "n" + batch,
        isa,
        "t" + threads,
        implementation);
  }

  boolean ours() {
    return implementation.equals(OURS);
  }
}
