// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.optim;

import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedAdam;

/**
 * Adam (Kingma and Ba 2015), or AdamW (Loshchilov and Hutter 2019) if the decay is decoupled.
 *
 * @param learningRate above 0
 * @param beta1 decay of the first moment, in [0, 1)
 * @param beta2 decay of the second moment, in [0, 1)
 * @param epsilon above 0
 * @param weightDecay at least 0
 * @param decoupled whether the decay acts on the weights instead of the gradient
 */
public record Adam(
    double learningRate,
    double beta1,
    double beta2,
    double epsilon,
    double weightDecay,
    boolean decoupled)
    implements Rule {

  /** Checks every value. */
  public Adam {
    Require.positive("learning rate", learningRate, "0.001 suits adam");
    Require.belowOne("beta1", beta1, "0.9 is usual");
    Require.belowOne("beta2", beta2, "0.999 is usual");
    Require.positive("epsilon", epsilon, "1e-8 is usual");
    Require.notNegative("weight decay", weightDecay, "0 turns it off");
  }

  /** The usual moments: 0.9, 0.999 and 1e-8, with the decay added to the gradient. */
  public static Adam of(double learningRate, double weightDecay) {
    return new Adam(learningRate, 0.9, 0.999, 1e-8, weightDecay, false);
  }

  @Override
  public Rule withoutDecay() {
    return new Adam(learningRate, beta1, beta2, epsilon, 0, decoupled);
  }

  @Override
  public Stepper bind(PlaneShape shape, Tensor weights, Tensor gradient, Mask trainable) {
    Tensor first = Tensor.plain(weights.context(), weights.dims());
    Tensor second = Tensor.plain(weights.context(), weights.dims());
    MaskedAdam op =
        MaskedAdam.bind(weights.context(), shape)
            .gradient(gradient)
            .trainable(trainable)
            .weights(weights)
            .firstMoment(first)
            .secondMoment(second)
            .learningRate((float) learningRate)
            .beta1((float) beta1)
            .beta2((float) beta2)
            .epsilon((float) epsilon)
            .weightDecay((float) weightDecay)
            .decoupled(decoupled);
    return new Stepper() {
      private long steps;

      @Override
      public void step() {
        op.stepCount(++steps);
        op.step();
      }

      @Override
      public void learningRate(double rate) {
        op.learningRate((float) rate);
      }

      @Override
      public void close() {
        first.close();
        second.close();
      }
    };
  }
}
