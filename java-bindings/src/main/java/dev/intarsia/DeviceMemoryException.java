// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

/** The device has no memory left for a request. Nothing was changed; a smaller request may work. */
public final class DeviceMemoryException extends IntarsiaException {
  private static final long serialVersionUID = 1L;

  public DeviceMemoryException(String message) {
    super(message);
  }
}
