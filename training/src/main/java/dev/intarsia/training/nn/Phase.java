// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

/** What a forward pass is for. */
public enum Phase {
  /** Batch statistics, dropout, masks cut anew from scores; backward may follow. */
  TRAIN,
  /** Running statistics, no dropout, masks as they are. */
  EVALUATE
}
