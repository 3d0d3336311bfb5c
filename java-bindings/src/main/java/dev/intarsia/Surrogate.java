// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

/** What stands for the derivative of a step. */
public enum Surrogate {
  /** That of a sigmoid of a given slope around the threshold (KSM). */
  SIGMOID,
  /** 1: the straight-through estimator (Piggyback). */
  IDENTITY
}
