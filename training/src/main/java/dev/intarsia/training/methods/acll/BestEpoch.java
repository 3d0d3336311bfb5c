// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

import dev.intarsia.training.Trainer;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Snapshot;
import java.util.function.DoubleSupplier;

/**
 * Keeps the state with the best accuracy on the validation images: the one that retraining starts
 * from, or that after any of its epochs; the later of equals. So retraining never costs accuracy.
 */
public final class BestEpoch implements Trainer.Watch, AutoCloseable {
  private final DoubleSupplier judge;
  private final Snapshot best;
  private double accuracy;

  /**
   * Takes the state as it is.
   *
   * @param judge accuracy on the validation images
   */
  public BestEpoch(Network net, DoubleSupplier judge) {
    this.judge = judge;
    best = new Snapshot(net);
    accuracy = judge.getAsDouble();
  }

  @Override
  public double epochDone(int done) {
    double now = judge.getAsDouble();
    if (now >= accuracy) {
      accuracy = now;
      best.take();
    }
    return 1;
  }

  /** Goes back to the best state, and returns its accuracy. */
  public double restore() {
    best.restore();
    return accuracy;
  }

  @Override
  public void close() {
    best.close();
  }
}
