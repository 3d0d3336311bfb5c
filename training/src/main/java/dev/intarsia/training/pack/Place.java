// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import dev.intarsia.training.data.DataException;
import java.nio.file.Path;

/**
 * Where in a pack something was found wrong.
 *
 * @param file the pack, as the user named it
 * @param part what of it, such as {@code task 3, fc1.weights.mask}
 */
record Place(Path file, String part) {
  private static final String REMEDY = "take an intact copy";

  /** The same with a closer part. */
  Place of(String closer) {
    return new Place(file, part + ", " + closer);
  }

  /** What no intact pack has. */
  DataException altered(String problem) {
    return new DataException(file, part + ": " + problem, REMEDY);
  }

  /** The same, from an exception underneath. */
  DataException altered(String problem, Throwable cause) {
    return new DataException(file, part + ": " + problem, REMEDY, cause);
  }
}
