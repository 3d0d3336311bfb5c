// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

import java.util.OptionalLong;

/**
 * How many more tasks fit if each takes what the last one took: no model of the future, but the
 * rate of the last task carried on. Methods that reuse more with every task do better than that.
 *
 * @param untilDense whole tasks until the stored bytes would pass one dense net, 0 if they have;
 *     empty if the last task stored nothing, so that no number is too many
 * @param untilNoFree whole tasks until fewer weights are free than the last one claimed; empty if
 *     it claimed none: such tasks need no free weight
 */
public record Forecast(OptionalLong untilDense, OptionalLong untilNoFree) {

  /** The forecast after the last task of a footprint; both are empty before the first. */
  public static Forecast of(Footprint bytes) {
    if (bytes.perTask().isEmpty()) {
      return new Forecast(OptionalLong.empty(), OptionalLong.empty());
    }
    Footprint.Share last = bytes.perTask().get(bytes.perTask().size() - 1);
    long free = 0;
    for (Footprint.Share share : bytes.perTask()) {
      free += share.use().room() - share.use().owned();
    }
    return new Forecast(
        whole(bytes.dense() - bytes.total(), last.total()), whole(free, last.use().owned()));
  }

  private static OptionalLong whole(long left, long rate) {
    return rate == 0 ? OptionalLong.empty() : OptionalLong.of(Math.max(0, left) / rate);
  }

  /** One sentence for people. */
  public String sentence() {
    return "At the rate of the last task, "
        + text(untilDense)
        + (untilDense.orElse(2) == 1 ? " fits" : " fit")
        + " into the bytes of one dense net and "
        + text(untilNoFree)
        + " into its free weights.";
  }

  private static String text(OptionalLong tasks) {
    if (tasks.isEmpty()) {
      return "any number of tasks";
    }
    return tasks.getAsLong() + (tasks.getAsLong() == 1 ? " more task" : " more tasks");
  }
}
