// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training;

import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** The known word that a mistyped one most likely meant. */
public final class Nearest {
  private Nearest() {}

  /**
   * Returns the known word with the smallest edit distance, or nothing if even that one would need
   * more than a third of its letters (and at least two) changed. Case does not count. Of equally
   * near words the first in the collection's order wins.
   */
  public static Optional<String> nearest(String word, Collection<String> known) {
    String best = null;
    int bestDistance = Integer.MAX_VALUE;
    for (String candidate : known) {
      int distance = distance(word.toLowerCase(Locale.ROOT), candidate.toLowerCase(Locale.ROOT));
      if (distance <= Math.max(2, candidate.length() / 3) && distance < bestDistance) {
        best = candidate;
        bestDistance = distance;
      }
    }
    return Optional.ofNullable(best);
  }

  /**
   * Returns the sentence for an unknown word: what it is, the nearest known one, all known ones.
   *
   * @param kind what the word should have named, such as {@code "stream"}
   */
  public static String unknown(String kind, String word, Collection<String> known) {
    String hint = nearest(word, known).map(near -> ", did you mean '" + near + "'?").orElse(".");
    return "unknown " + kind + " '" + word + "'" + hint + " Known: " + String.join(", ", known);
  }

  /** Levenshtein distance: insertions, deletions and substitutions, one each. */
  static int distance(String a, String b) {
    int[] above = new int[b.length() + 1];
    Arrays.setAll(above, j -> j);
    for (int i = 1; i <= a.length(); i++) {
      int[] row = new int[b.length() + 1];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int substituted = above[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(substituted, 1 + Math.min(above[j], row[j - 1]));
      }
      above = row;
    }
    return above[b.length()];
  }
}
