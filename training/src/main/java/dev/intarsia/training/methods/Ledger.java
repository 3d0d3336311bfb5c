// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.Tensor;
import dev.intarsia.training.metrics.Footprint;
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

  /**
   * Enters a task that was just learned and is still active.
   *
   * @param weights shared weights it is the first to use
   * @param maskBits bits of its masks
   * @param ownNorms whether its normalisation state is its own
   */
  void enter(int task, long weights, long maskBits, boolean ownNorms) {
    long norms = ownNorms || shares.isEmpty() ? floats(net.norms()) : 0;
    shares.add(
        new Footprint.Share(
            task,
            weights * Float.BYTES,
            (maskBits + Byte.SIZE - 1) / Byte.SIZE,
            net.head().weights().count() * Float.BYTES,
            norms));
  }

  private static long floats(List<Tensor> tensors) {
    return tensors.stream().mapToLong(Tensor::elements).sum() * Float.BYTES;
  }

  Footprint footprint() {
    return new Footprint(
        shares.stream().mapToLong(Footprint.Share::weights).sum(),
        shares.stream().mapToLong(Footprint.Share::masks).sum(),
        shares.stream().mapToLong(Footprint.Share::heads).sum(),
        shares.stream().mapToLong(Footprint.Share::norms).sum(),
        net.sharedCount() * Float.BYTES,
        shares);
  }
}
