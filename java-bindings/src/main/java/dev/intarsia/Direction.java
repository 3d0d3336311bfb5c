// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

/** What an op computes. */
public enum Direction {
  /** The result. */
  FORWARD,
  /** The gradient of the source. */
  BACKWARD_DATA,
  /** The gradient of the weights. */
  BACKWARD_WEIGHTS
}
