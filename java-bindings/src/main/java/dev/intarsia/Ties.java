// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

/** What a mask cut does with values equal to the threshold. */
public enum Ties {
  /** Keeps |v| at or above the threshold (WSN, TSN). */
  KEPT,
  /** Keeps |v| above the threshold (PackNet, CPG). */
  DROPPED,
  /** Keeps |v| above the threshold, then ties by lowest index until a given count is met. */
  EXACT
}
