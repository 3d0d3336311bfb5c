// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

/**
 * A failure that the caller could not have prevented: the device failed, or Intarsia has a bug. The
 * message is one sentence that starts with the call.
 */
public class IntarsiaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public IntarsiaException(String message) {
    super(message);
  }
}
