// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.optim;

import dev.intarsia.PlaneShape;
import dev.intarsia.training.nn.MixedWeights;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.nn.Scores;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * One {@link Rule} at work on the parameters of a net. State is made when a parameter is first
 * stepped and lives until {@link #close}; a fresh optimizer has forgotten everything. Scores step
 * by the same rule without weight decay, since decay would shrink all of them and rank none.
 *
 * <p>Weights outside a parameter's trainable mask are never written; of mixed weights the compact
 * ones are stepped, with compact state. Not thread-safe.
 */
public final class Optimizer implements AutoCloseable {
  private final Function<Parameter, Rule> rules;
  private double factor = 1;
  private double pace = 1;
  private final Map<Parameter, Bound> steppers = new IdentityHashMap<>();

  /** What steps a parameter. */
  private record Bound(Rule rule, List<Rule.Stepper> steppers) {}

  /** An optimizer without state. */
  public Optimizer(Rule rule) {
    this(parameter -> rule);
  }

  /** An optimizer without state that steps each parameter by a rule of its own. */
  public Optimizer(Function<Parameter, Rule> rules) {
    this.rules = rules;
  }

  /** Takes one step on each of the parameters, and on their scores where they have some. */
  public void step(List<Parameter> parameters) {
    for (Parameter parameter : parameters) {
      for (Rule.Stepper stepper : steppers.computeIfAbsent(parameter, this::bind).steppers) {
        stepper.step();
      }
    }
  }

  /** Multiplies the size of all later steps; the state stays. */
  public void slowDown(double by) {
    factor *= by;
    steppers.values().forEach(this::applyFactor);
  }

  /** Sets a second factor on the size of later steps, in place of the last one. */
  public void pace(double pace) {
    if (pace != this.pace) {
      this.pace = pace;
      steppers.values().forEach(this::applyFactor);
    }
  }

  private void applyFactor(Bound bound) {
    double rate = bound.rule.learningRate() * factor * pace;
    bound.steppers.forEach(stepper -> stepper.learningRate(rate));
  }

  private Bound bind(Parameter parameter) {
    Rule rule = rules.apply(parameter);
    PlaneShape shape = new PlaneShape(parameter.rows(), parameter.cols());
    List<Rule.Stepper> bound = new ArrayList<>();
    MixedWeights mixed = parameter.mixed();
    if (mixed == null) {
      bound.add(rule.bind(shape, parameter.weights(), parameter.gradient(), parameter.trainable()));
    } else if (mixed.values() != null) {
      PlaneShape free = new PlaneShape(1, Math.toIntExact(mixed.values().elements()));
      bound.add(rule.bind(free, mixed.values(), mixed.gradient(), null));
    }
    Scores scores = parameter.scores();
    if (scores != null) {
      bound.add(rule.withoutDecay().bind(shape, scores.values(), scores.gradient(), null));
    }
    Bound made = new Bound(rule, bound);
    if (factor * pace != 1) {
      applyFactor(made);
    }
    return made;
  }

  /** Frees the state. */
  @Override
  public void close() {
    steppers.values().forEach(bound -> bound.steppers.forEach(Rule.Stepper::close));
    steppers.clear();
  }
}
