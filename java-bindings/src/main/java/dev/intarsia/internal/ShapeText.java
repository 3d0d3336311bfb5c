// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The one-line notation of problems: letters and numbers, {@code n8c3h32w32 o64k7 s2p3}. */
public final class ShapeText {
  private static final Pattern FIELD = Pattern.compile("([a-z])(\\d{1,9})(?:x(\\d{1,9}))?");

  private ShapeText() {}

  /** Writes a pair as one number when both are equal, else as {@code HxW}. */
  public static String pair(int h, int w) {
    return h == w ? Integer.toString(h) : h + "x" + w;
  }

  /**
   * Reads letters with one number or a pair each; a single number stands for both of a pair.
   *
   * @param letters the letters allowed
   * @param form what the text should look like, for the error
   */
  public static Map<Character, int[]> parse(String text, String letters, String form) {
    Map<Character, int[]> fields = new LinkedHashMap<>();
    String compact = text.toLowerCase(Locale.ROOT).replaceAll("\\s+", "");
    Matcher matcher = FIELD.matcher(compact);
    int end = 0;
    while (matcher.find() && matcher.start() == end) {
      char letter = matcher.group(1).charAt(0);
      int first = Integer.parseInt(matcher.group(2));
      int second = matcher.group(3) == null ? first : Integer.parseInt(matcher.group(3));
      if (letters.indexOf(letter) < 0 || fields.put(letter, new int[] {first, second}) != null) {
        break;
      }
      end = matcher.end();
    }
    if (end != compact.length() || end == 0) {
      throw new IllegalArgumentException(
          "cannot read the shape '"
              + text
              + "' at '"
              + compact.substring(end)
              + "', expected "
              + form);
    }
    return fields;
  }

  /** Returns a field's pair, its default, or an error when there is neither. */
  public static int[] field(Map<Character, int[]> fields, char letter, Integer otherwise) {
    int[] value = fields.get(letter);
    if (value == null && otherwise == null) {
      throw new IllegalArgumentException("the shape lacks '" + letter + "'");
    }
    return value != null ? value : new int[] {otherwise, otherwise};
  }
}
