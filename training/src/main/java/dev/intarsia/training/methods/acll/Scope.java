// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

import dev.intarsia.training.Nearest;
import java.util.List;

/** What a pruning rate is a rate of. */
public enum Scope {
  /** Of each layer by itself, with one rate for all, as in PackNet. */
  LAYER,
  /** Of all layers together: one threshold, so that a layer of small weights loses more. */
  GLOBAL,
  /** Of each layer by itself, with a rate for each of a few groups of consecutive layers. */
  GROUPS;

  /** The words of the setting, the default first. */
  public static final List<String> NAMES = List.of("layer", "global", "groups");

  /**
   * The scope of a word.
   *
   * @throws IllegalArgumentException if there is none; names the nearest
   */
  static Scope of(String word) {
    int index = NAMES.indexOf(word);
    if (index < 0) {
      throw new IllegalArgumentException(Nearest.unknown("setting scope", word, NAMES));
    }
    return values()[index];
  }
}
