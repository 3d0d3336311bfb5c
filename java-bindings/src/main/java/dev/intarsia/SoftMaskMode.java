// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

/** What a soft mask makes of a score. */
public enum SoftMaskMode {
  /** 1 where kept, elsewhere the score's place in the layer's range times a scale (KSM). */
  SOFT,
  /** 1 where kept, 0 elsewhere (KSM, Piggyback). */
  BINARY,
  /** 1 where kept, else -1 where the score is below 0, else 0 (Piggyback). */
  TERNARY,
  /** The score itself: factors that were learned before. */
  GIVEN
}
