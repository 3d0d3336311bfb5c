// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.tsn;

import dev.intarsia.training.nn.Snapshot;
import java.util.function.DoubleConsumer;
import java.util.function.DoubleSupplier;

/**
 * Looks for the smallest keep fraction that the validation images do not mind: from the fraction a
 * task was learned with, fractions shrink by one factor, the net is cut and fine-tuned at each, and
 * the first that costs more than the tolerance beside the first accuracy ends the search.
 *
 * <p>Ours: that levels differ by task is the paper's, how it finds them could not be read, and the
 * published code has one constant.
 */
public final class KeepSearch {
  private final double factor;
  private final double least;
  private final double tolerance;

  /**
   * A search.
   *
   * @param factor between two fractions, in (0, 1)
   * @param least the smallest fraction tried
   * @param tolerance accuracy it may cost
   */
  public KeepSearch(double factor, double least, double tolerance) {
    this.factor = factor;
    this.least = least;
    this.tolerance = tolerance;
  }

  /**
   * Searches. The net is left in its last accepted state.
   *
   * @param keep the fraction it was learned with
   * @param accuracy on validation images now
   * @param cut cuts and fine-tunes at a fraction
   * @param state holds the accepted state; its best so far is in it
   * @return the fraction accepted
   */
  public double apply(double keep, DoubleSupplier accuracy, DoubleConsumer cut, Snapshot state) {
    double floor = accuracy.getAsDouble() - tolerance;
    double accepted = keep;
    state.take();
    for (double next = keep * factor; next >= least; next *= factor) {
      cut.accept(next);
      if (accuracy.getAsDouble() < floor) {
        state.restore();
        break;
      }
      state.take();
      accepted = next;
    }
    return accepted;
  }
}
