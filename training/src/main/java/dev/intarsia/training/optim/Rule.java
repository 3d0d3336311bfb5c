// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.optim;

import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;

/** How a gradient becomes a step. A rule is a value; its state lives in the steppers it binds. */
public interface Rule {

  /** The size of a step. */
  double learningRate();

  /** The same rule without weight decay, for numbers that must not be drawn towards zero. */
  Rule withoutDecay();

  /**
   * Binds the rule to one tensor, with fresh state.
   *
   * @param shape rows and columns of the tensors
   * @param weights [rows, cols], written by steps; borrowed
   * @param gradient [rows, cols], read by steps; borrowed
   * @param trainable [rows, cols] bits outside which nothing is written, or null (all); borrowed
   */
  Stepper bind(PlaneShape shape, Tensor weights, Tensor gradient, Mask trainable);

  /** A rule at work on one tensor. Owns its state. */
  interface Stepper extends AutoCloseable {
    /** Takes one step. */
    void step();

    /** Lets later steps have another size; the state stays. */
    void learningRate(double rate);

    @Override
    void close();
  }
}
