// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.Tensor;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.MaskBits;
import dev.intarsia.training.metrics.Terms;
import dev.intarsia.training.metrics.Use;
import dev.intarsia.training.nn.Network;
import java.util.ArrayList;
import java.util.List;

/** Keeps count of the bytes that each learned task adds. */
final class Ledger {
  private final Network net;
  private final List<Footprint.Share> shares = new ArrayList<>();

  Ledger(Network net) {
    this.net = net;
  }

  /** Enters a task that was just learned and is still active; its head is counted here. */
  void enter(int task, Entry entry) {
    boolean first = shares.isEmpty();
    Terms terms =
        new Terms(
            bytes(entry.weightBits),
            entry.codebookBytes,
            bytes(entry.maskBits),
            net.head().weights().count() * Float.BYTES,
            entry.ownNorms || first ? floats(net.norms()) : 0,
            entry.replayBytes);
    Use use =
        new Use(
            entry.ownCopy || first ? net.sharedCount() : 0,
            entry.owned,
            entry.selected,
            entry.ownedBits,
            entry.selectedBits);
    shares.add(new Footprint.Share(task, terms, use, entry.masks));
  }

  /** Whether no task was entered yet: the next one counts the body. */
  boolean isEmpty() {
    return shares.isEmpty();
  }

  private static long bytes(long bits) {
    return (bits + Byte.SIZE - 1) / Byte.SIZE;
  }

  private static long floats(List<Tensor> tensors) {
    return tensors.stream().mapToLong(Tensor::elements).sum() * Float.BYTES;
  }

  Footprint footprint() {
    return new Footprint(net.sharedCount() * Float.BYTES, shares);
  }

  /** What one task adds; every part that is not named is nothing. */
  static final class Entry {
    private long owned;
    private long selected;
    private double ownedBits;
    private double selectedBits;
    private long weightBits;
    private long codebookBytes;
    private long maskBits;
    private long replayBytes;
    private boolean ownNorms;
    private boolean ownCopy;
    private MaskBits masks;

    /**
     * Weights kept as f32.
     *
     * @param newlyOwned shared weights the task is the first to use
     * @param used shared weights it uses, these included
     */
    Entry floats(long newlyOwned, long used) {
      return add(newlyOwned, used, Float.SIZE, Float.SIZE);
    }

    /**
     * Weights of one layer kept as codes; once a layer.
     *
     * @param newlyOwned weights of the layer the task is the first to use: those with a code
     * @param used weights of the layer it uses, these included
     * @param bits of one code, 1 to 8
     * @param centres stored, f32; 0 where the layer shares a codebook that is counted elsewhere
     */
    Entry codes(long newlyOwned, long used, int bits, int centres) {
      codebookBytes += (long) centres * Float.BYTES;
      weightBits = Byte.SIZE * bytes(weightBits); // a layer's codes start on a byte
      double exact = centres == 0 ? bits : Math.log(centres) / Math.log(2);
      return add(newlyOwned, used, bits, exact);
    }

    private Entry add(long newlyOwned, long used, int bits, double exactBits) {
      owned += newlyOwned;
      selected += used;
      weightBits += newlyOwned * bits;
      ownedBits += newlyOwned * exactBits;
      selectedBits += (double) used * bits;
      return this;
    }

    /** Weights of its own beside the shared ones, kept as f32. */
    Entry beside(long weights) {
      weightBits += weights * Float.SIZE;
      return this;
    }

    /** Masks of its own, stored as the context coder writes them. */
    Entry masks(MaskBits bits) {
      masks = bits;
      maskBits += bits.coded();
      return this;
    }

    /** What else says which weights are the task's: bits of owner ids, say. */
    Entry ownerBits(long bits) {
      maskBits += bits;
      return this;
    }

    /** What is kept of the task's images, in bytes. */
    Entry replay(long bytes) {
      replayBytes += bytes;
      return this;
    }

    /** Its normalisation state is its own. */
    Entry ownNorms() {
      ownNorms = true;
      return this;
    }

    /** It started a fresh copy of all shared weights; the first task always does. */
    Entry ownCopy() {
      ownCopy = true;
      return this;
    }
  }
}
