// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Stored bytes by what they are for: the terms of the full count of capacity.
 *
 * @param weights values of shared weights: f32, or codes where a method stores codes
 * @param codebooks the centres that codes stand for
 * @param masks which weights a task uses, as stored
 * @param heads classifiers, weights and bias
 * @param norms normalisation parameters and statistics
 * @param replay what is kept of a task's images, in whatever form
 */
public record Terms(long weights, long codebooks, long masks, long heads, long norms, long replay) {

  /** No bytes at all. */
  public static final Terms NONE = new Terms(0, 0, 0, 0, 0, 0);

  /** Checks that no term is negative. */
  public Terms {
    byName(weights, codebooks, masks, heads, norms, replay)
        .forEach((name, bytes) -> Require.notNegative(name, bytes));
  }

  /** Every term under its name, in the order in which tables show them; a new map. */
  public Map<String, Long> byName() {
    return byName(weights, codebooks, masks, heads, norms, replay);
  }

  private static Map<String, Long> byName(
      long weights, long codebooks, long masks, long heads, long norms, long replay) {
    Map<String, Long> terms = new LinkedHashMap<>();
    terms.put("weights", weights);
    terms.put("codebooks", codebooks);
    terms.put("masks", masks);
    terms.put("heads", heads);
    terms.put("norms", norms);
    terms.put("replay", replay);
    return terms;
  }

  /** All terms together. */
  public long total() {
    return weights + codebooks + masks + heads + norms + replay;
  }

  /** Term by term, this and that. */
  public Terms plus(Terms that) {
    return new Terms(
        weights + that.weights,
        codebooks + that.codebooks,
        masks + that.masks,
        heads + that.heads,
        norms + that.norms,
        replay + that.replay);
  }
}
