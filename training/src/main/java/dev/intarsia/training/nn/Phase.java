// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

/** What a forward pass is for. */
public enum Phase {
  /** Batch statistics, dropout, masks cut anew from scores; backward may follow. */
  TRAIN,
  /** Batch statistics, which the running ones follow; no dropout, masks as they are. */
  CALIBRATE,
  /** Running statistics, no dropout, masks as they are. */
  EVALUATE
}
