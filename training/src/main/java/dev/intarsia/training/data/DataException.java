// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

/**
 * A file that cannot be used: missing, truncated, corrupt, or other than its format says.
 *
 * <p>The message is one line: the file, what was found against what was expected, the remedy.
 */
public final class DataException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param file the file or folder, as the user named it
   * @param problem what was found, with the number and its limit
   * @param remedy what to do about it
   */
  public DataException(Object file, String problem, String remedy) {
    this(file, problem, remedy, null);
  }

  /** As above, with the failure underneath, or null. */
  public DataException(Object file, String problem, String remedy, Throwable cause) {
    super(file + ": " + problem + "; " + remedy, cause);
  }
}
