// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.soft;

import dev.intarsia.training.Nearest;
import dev.intarsia.training.run.RunConfig;
import java.util.List;
import java.util.Map;

/**
 * Values of a configuration, with fallbacks.
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

  /** A knob that is one of some words. */
  public String word(String name, List<String> known) {
    String value = String.valueOf(config.settings().getOrDefault(name, fallbacks.get(name)));
    if (!known.contains(value)) {
      throw new IllegalArgumentException(Nearest.unknown("setting " + name, value, known));
    }
    return value;
  }
}
