// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.optim;

import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedSgd;

/**
 * Stochastic gradient descent with momentum.
 *
 * @param learningRate above 0
 * @param momentum in [0, 1); 0 keeps no velocity
 * @param weightDecay at least 0, added to the gradient
 * @param nesterov whether to look ahead by one step; needs momentum
 */
public record Sgd(double learningRate, double momentum, double weightDecay, boolean nesterov)
    implements Rule {

  /** Checks every value. */
  public Sgd {
    Require.positive("learning rate", learningRate, "0.01 suits sgd");
    Require.belowOne("momentum", momentum, "0.9 is usual");
    Require.notNegative("weight decay", weightDecay, "0 turns it off");
    if (nesterov && momentum == 0) {
      throw new IllegalArgumentException("nesterov needs a momentum above 0, got 0; 0.9 is usual");
    }
  }

  @Override
  public Rule withoutDecay() {
    return new Sgd(learningRate, momentum, 0, nesterov);
  }

  @Override
  public Stepper bind(PlaneShape shape, Tensor weights, Tensor gradient, Mask trainable) {
    Tensor velocity = momentum == 0 ? null : Tensor.plain(weights.context(), weights.dims());
    MaskedSgd op =
        MaskedSgd.bind(weights.context(), shape)
            .gradient(gradient)
            .trainable(trainable)
            .weights(weights)
            .velocity(velocity)
            .learningRate((float) learningRate)
            .momentum((float) momentum)
            .weightDecay((float) weightDecay)
            .nesterov(nesterov);
    return new Stepper() {
      @Override
      public void step() {
        op.step();
      }

      @Override
      public void learningRate(double rate) {
        op.learningRate((float) rate);
      }

      @Override
      public void close() {
        if (velocity != null) {
          velocity.close();
        }
      }
    };
  }
}
