// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

import java.util.Locale;

/** Figures as people read them, the same in tables, reports and progress lines. */
public final class Figures {
  private static final String[] BYTE_UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

  /** What stands where nothing was measured. */
  public static final String NONE = "-";

  private Figures() {}

  /** A fraction in 0..1 as percent, {@code 98.61 %}. */
  public static String percent(double fraction, int decimals) {
    return Double.isNaN(fraction)
        ? NONE
        : String.format(Locale.ROOT, "%." + decimals + "f %%", 100 * fraction);
  }

  /**
   * A difference of two accuracies in percentage points, signed when asked. Zero reads {@code 0 pp}
   * only when it is exactly 0, so that a rounded zero, {@code 0.00 pp}, is never mistaken for it.
   */
  public static String points(double difference, boolean signed) {
    if (Double.isNaN(difference)) {
      return NONE;
    }
    if (difference == 0) {
      return "0 pp";
    }
    return String.format(Locale.ROOT, signed ? "%+.2f pp" : "%.2f pp", 100 * difference);
  }

  /** A number of bytes in binary units, {@code 1.2 MiB}. */
  public static String bytes(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", value, BYTE_UNITS[unit]);
  }

  /** A time span, {@code 12.3 s} or {@code 1 min 42 s}. */
  public static String seconds(double seconds) {
    if (seconds < 60) {
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
    long whole = Math.round(seconds);
    return whole < 3600
        ? whole / 60 + " min " + whole % 60 + " s"
        : whole / 3600 + " h " + whole % 3600 / 60 + " min";
  }
}
