// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.coding;

/** Bytes that no encoder wrote: truncated, altered, or of another shape. Nothing was changed. */
public final class CorruptCodeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CorruptCodeException(String message) {
    super(message);
  }
}
