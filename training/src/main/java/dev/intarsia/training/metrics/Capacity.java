// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Capacity as fractions of one dense 32-bit net: the full count, in which every stored byte has its
 * term, and what the formulas of the literature make of the same tasks. Those leave terms out, so
 * they are smaller and no two of them compare.
 *
 * @param bytes what is stored
 */
public record Capacity(Footprint bytes) {

  /**
   * A capacity as somebody published it.
   *
   * @param key for files
   * @param label whose it is
   * @param counts what it counts
   * @param ofDense the fraction it gives
   */
  public record Published(String key, String label, String counts, double ofDense) {}

  /** The full count: every term of {@link Terms#byName} over the dense bytes; a new map. */
  public Map<String, Double> ofDense() {
    Map<String, Double> fractions = new LinkedHashMap<>();
    bytes.terms().byName().forEach((term, size) -> fractions.put(term, fraction(size)));
    return fractions;
  }

  /** All terms of the full count together. */
  public double full() {
    return fraction(bytes.total());
  }

  private double fraction(double size) {
    return bytes.dense() == 0 ? Double.NaN : size / bytes.dense();
  }

  /** The published formulas that apply: some need codes, one a mask for every task. */
  public List<Published> published() {
    List<Published> all = new ArrayList<>();
    List<Use> uses = bytes.perTask().stream().map(Footprint.Share::use).toList();
    double owned = uses.stream().mapToDouble(Use::owned).sum();
    double ownedBits = uses.stream().mapToDouble(Use::ownedBits).sum();
    double selectedBits = uses.stream().mapToDouble(Use::selectedBits).sum();
    double used = fraction(owned * Float.BYTES);
    if (ownedBits < owned * Float.SIZE) {
      all.add(
          new Published(
              "tsn_code",
              "TinySubNets, code",
              "used weights at log2 k bits; no masks, codebooks, heads, replay",
              fraction(ownedBits / Byte.SIZE)));
      all.add(
          new Published(
              "ada_qpacknet",
              "Ada-QPacknet",
              "selected weights of every task at its own bits",
              fraction(selectedBits / Byte.SIZE)));
    }
    all.add(new Published("tsn_affinity", "TSN-Affinity", "used weights, at 32 bits or any", used));
    if (!uses.isEmpty() && bytes.perTask().stream().allMatch(share -> share.masks() != null)) {
      double huffman = bytes.perTask().stream().mapToDouble(s -> s.masks().huffman()).sum();
      all.add(
          new Published(
              "wsn",
              "WSN",
              "used weights at 32 bits, masks in Huffman codes; no heads",
              used + fraction(huffman / Byte.SIZE)));
    }
    return List.copyOf(all);
  }

  /** How many more tasks fit. */
  public Forecast forecast() {
    return Forecast.of(bytes);
  }
}
