// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.coding;

import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * A canonical Huffman code: lengths alone determine it. Codes of a length rise with the symbol;
 * ties while it is built go to the lower symbol, so that equal counts give equal bytes everywhere.
 *
 * <p>(Huffman 1952; canonical form: Schwartz and Kallick 1964.)
 */
final class CanonicalCode {
  /** Longest code: counts are halved until it suffices. */
  static final int MAX_LENGTH = 24;

  private final int[] lengths; // per symbol, 0 for a symbol that does not occur
  private final int[] codes; // per symbol, first bit highest
  private final int[] first = new int[MAX_LENGTH + 2]; // per length: its lowest code
  private final int[] offset = new int[MAX_LENGTH + 2]; // per length: where its symbols start
  private final int[] symbols; // by length, then by value

  private CanonicalCode(int[] lengths) {
    this.lengths = lengths;
    codes = new int[lengths.length];
    int[] ordered = new int[lengths.length];
    int next = 0;
    int code = 0;
    for (int length = 1; length <= MAX_LENGTH; length++) {
      code <<= 1;
      first[length] = code;
      offset[length] = next;
      for (int symbol = 0; symbol < lengths.length; symbol++) {
        if (lengths[symbol] == length) {
          codes[symbol] = code++;
          ordered[next++] = symbol;
        }
      }
    }
    offset[MAX_LENGTH + 1] = next;
    symbols = Arrays.copyOf(ordered, next);
  }

  /** The best code for symbols that occur so often; at least one must occur. */
  static CanonicalCode fromCounts(long[] counts) {
    long[] scaled = counts.clone();
    int[] lengths = lengths(scaled);
    while (longest(lengths) > MAX_LENGTH) {
      for (int i = 0; i < scaled.length; i++) {
        scaled[i] = (scaled[i] + 1) / 2;
      }
      lengths = lengths(scaled);
    }
    return new CanonicalCode(lengths);
  }

  /** The code of stored lengths; refuses lengths that no code has. */
  static CanonicalCode fromLengths(int[] lengths) {
    long used = 0; // Kraft's sum, in units of 2^-MAX_LENGTH
    int symbols = 0;
    for (int length : lengths) {
      if (length > MAX_LENGTH) {
        throw new CorruptCodeException(
            "a code length is " + length + ", expected at most " + MAX_LENGTH);
      }
      if (length > 0) {
        used += 1L << MAX_LENGTH - length;
        symbols++;
      }
    }
    boolean complete = symbols == 1 ? used == 1L << MAX_LENGTH - 1 : used == 1L << MAX_LENGTH;
    if (!complete) {
      throw new CorruptCodeException(
          "the code lengths of " + symbols + " symbols do not make a code; take an intact copy");
    }
    return new CanonicalCode(lengths.clone());
  }

  private record Node(long count, int lowest, Node left, Node right) {}

  private static int[] lengths(long[] counts) {
    PriorityQueue<Node> queue =
        new PriorityQueue<>(Comparator.comparingLong(Node::count).thenComparingInt(Node::lowest));
    for (int symbol = 0; symbol < counts.length; symbol++) {
      if (counts[symbol] > 0) {
        queue.add(new Node(counts[symbol], symbol, null, null));
      }
    }
    int[] lengths = new int[counts.length];
    if (queue.size() == 1) {
      lengths[queue.remove().lowest] = 1;
      return lengths;
    }
    while (queue.size() > 1) {
      Node a = queue.remove();
      Node b = queue.remove();
      queue.add(new Node(a.count + b.count, Math.min(a.lowest, b.lowest), a, b));
    }
    measure(queue.remove(), 0, lengths);
    return lengths;
  }

  private static void measure(Node node, int depth, int[] lengths) {
    if (node.left == null) {
      lengths[node.lowest] = depth;
      return;
    }
    measure(node.left, depth + 1, lengths);
    measure(node.right, depth + 1, lengths);
  }

  private static int longest(int[] lengths) {
    int longest = 0;
    for (int length : lengths) {
      longest = Math.max(longest, length);
    }
    return longest;
  }

  int length(int symbol) {
    return lengths[symbol];
  }

  /** Whether there is nothing to tell apart: such a symbol takes no bits. */
  boolean isSingle() {
    return symbols.length == 1;
  }

  void write(int symbol, BitWriter out) {
    if (isSingle()) {
      return;
    }
    for (int bit = lengths[symbol] - 1; bit >= 0; bit--) {
      out.write(codes[symbol] >>> bit, 1);
    }
  }

  int read(BitReader in) {
    if (isSingle()) {
      return symbols[0];
    }
    int code = 0;
    for (int length = 1; length <= MAX_LENGTH; length++) {
      code = code << 1 | in.readBit();
      int index = code - first[length];
      if (index < offset[length + 1] - offset[length]) {
        return symbols[offset[length] + index];
      }
    }
    throw new CorruptCodeException("a code is longer than " + MAX_LENGTH + " bits");
  }
}
