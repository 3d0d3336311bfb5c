// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

import dev.intarsia.DeviceMemoryException;
import dev.intarsia.IntarsiaException;
import dev.intarsia.internal.ffi.Ita;
import dev.intarsia.internal.ffi.ita_context;

/** Status code to exception: the only translation. */
public final class Status {
  private Status() {}

  /**
   * Returns when the call went well, else throws what its status means, with the context's last
   * sentence.
   *
   * @param entry the name of the call, which starts the message
   */
  public static void check(ita_context context, int status, String entry) {
    if (status != Ita.ITA_OK) {
      throw failure(status, entry, Ita.ita_last_error(context).getString());
    }
  }

  /** Returns the exception for a status other than OK. */
  static RuntimeException failure(int status, String entry, String sentence) {
    String message = entry + ": " + sentence;
    return switch (status) {
      case Ita.ITA_UNSUPPORTED -> new UnsupportedOperationException(message);
      case Ita.ITA_OUT_OF_MEMORY -> new DeviceMemoryException(message);
      case Ita.ITA_INVALID_VALUE -> new IllegalArgumentException(message);
      default -> new IntarsiaException(message);
    };
  }
}
