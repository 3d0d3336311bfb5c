// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.Nearest;
import java.util.List;
import java.util.Map;

/**
 * The knobs of a method in a configuration, with fallbacks; and what their limits are checked with.
 *
 * @param fallbacks every knob's default
 */
public record Knobs(RunConfig config, Map<String, Object> fallbacks) {
  /** A knob that is a number. */
  public double number(String name) {
    return config.setting(name, ((Number) fallbacks.get(name)).doubleValue());
  }

  /** A knob that is a whole number. */
  public int whole(String name) {
    return config.setting(name, ((Number) fallbacks.get(name)).intValue());
  }

  /** A knob that is true or false. */
  public boolean flag(String name) {
    Object value = config.settings().getOrDefault(name, fallbacks.get(name));
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw new IllegalArgumentException(
        "setting " + name + " is '" + value + "', must be true or false");
  }

  /** A knob that is a word. */
  public String word(String name) {
    return String.valueOf(config.settings().getOrDefault(name, fallbacks.get(name)));
  }

  /** Refuses a word that is not one of some; names the nearest. */
  public static void requireWord(String name, String value, List<String> known) {
    if (!known.contains(value)) {
      throw new IllegalArgumentException(Nearest.unknown("setting " + name, value, known));
    }
  }

  /**
   * Refuses a value.
   *
   * @param limit ends the sentence: what the value must be, and a remedy
   */
  public static void require(boolean holds, String name, Object value, String limit) {
    if (!holds) {
      throw new IllegalArgumentException(name + " is " + value + ", must be " + limit);
    }
  }
}
