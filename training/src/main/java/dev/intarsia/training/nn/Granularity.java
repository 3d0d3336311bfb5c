// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

/** Which weights of a filter share one factor. */
public enum Granularity {
  /** Those of a KH x KW kernel. */
  KERNEL,
  /** Those of some consecutive input channels. */
  GROUP,
  /** All of a filter. */
  CHANNEL,
  /** None: every weight has its own. */
  ELEMENT
}
