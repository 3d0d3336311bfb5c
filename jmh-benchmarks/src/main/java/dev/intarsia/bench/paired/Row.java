// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;

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
 * @param speedup how many times as fast as our one thread in the same rounds; null in a run of one
 *     thread
 * @param overhead time of the full mask over that of no mask, in the same rounds; else null
 * @param error relative error of the result to the double reference
 * @param variety layout or algorithm; of ours the plan, as the op explains it
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
    Double speedup,
    Double overhead,
    double error,
    String variety) {
  /** Our own name in the column of implementations. */
  static final String OURS = "intarsia";

  /** No mask at all, which tells what a mask costs. */
  static final String UNMASKED = OURS + " unmasked";

  /** A layer of codes with its weights as floats, the fastest way there is. */
  static final String FLOATS = OURS + " f32";

  /** Weights packed before, as inference has them. */
  static final String PACKED = OURS + " packed";

  /** Sums of products only, no Winograd. */
  static final String EXACT = OURS + " exact";

  /** Appended to a name in a run of several threads. */
  static final String ONE_THREAD = " 1 thread";

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

  /** Of the work; see {@link Work#id}. */
  String id() {
    return benchmark + "/" + problem + "/" + direction + "/n" + batch;
  }

  boolean ours() {
    return implementation.equals(OURS);
  }

  /** For the console; of the plan its first word. */
  String line() {
    String who = implementation + (variety.isEmpty() ? "" : " (" + variety.split("[:;]")[0] + ")");
    return String.format(
            Locale.ROOT,
            "  %-44s %-12s %10.4f ms [%.4f, %.4f] %14s %7s",
            who,
            structure + (density < 1 ? " " + density : ""),
            ms,
            msLow,
            msHigh,
            gflops != null ? figure(gflops, " GFLOP/s") : figure(gbytes, " GB/s"),
            figure(rooflinePercent, " %"))
        + note();
  }

  private String note() {
    String note = "";
    if (ratio != null) {
      note =
          String.format(
              Locale.ROOT, "  %.2fx of %s [%.2f, %.2f]", ratio, peer, ratioLow, ratioHigh);
    }
    if (speedup != null) {
      note += String.format(Locale.ROOT, "  %.2fx of one thread", speedup);
    }
    if (overhead != null) {
      note += String.format(Locale.ROOT, "  mask costs %+.1f %%", 100 * (overhead - 1));
    }
    return note;
  }

  private static String figure(Double value, String unit) {
    return value == null ? "-" : String.format(Locale.ROOT, "%.1f%s", value, unit);
  }
}
