// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.ops.BatchNorm;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Batch normalisation (Ioffe and Szegedy 2015) with scale, shift and running statistics, of which
 * it keeps one set per key: a method that isolates tasks gives each its own.
 */
public final class BatchNorm2d implements Layer {
  private static final float MOMENTUM = 0.1f;
  private static final float EPSILON = 1e-5f;

  private final String name;
  private final Activation in;
  private final Activation out;
  private final Activation addend; // null for none
  private final boolean rectifies;
  private final Tensor savedMean; // [C]
  private final Tensor savedRstd; // [C]
  private final Map<Integer, State> states = new HashMap<>();
  private State state;
  private State initial; // what a set seen for the first time copies; null: a fresh one
  private List<Run> runs = List.of(); // of several tasks; empty while one is selected
  private int batch;

  /** Builds the layer over [N, C, H, W], with key 0 selected. */
  public BatchNorm2d(String name, Activation in) {
    this(name, in, null, false);
  }

  private BatchNorm2d(String name, Activation in, Activation addend, boolean rectifies) {
    this.name = name;
    this.in = in;
    this.addend = addend;
    this.rectifies = rectifies;
    batch = in.shape().n();
    out = in.allocateNext(in.shape().c(), in.shape().h(), in.shape().w());
    savedMean = Tensor.plain(in.context(), in.shape().c());
    savedRstd = Tensor.plain(in.context(), in.shape().c());
    selectNorms(0);
  }

  /** Normalises and rectifies: the values and gradients of a {@link Relu} behind the layer. */
  static BatchNorm2d rectified(String name, Activation in) {
    return new BatchNorm2d(name, in, null, true);
  }

  /** Normalises, adds another activation of the same shape and rectifies the sum. */
  static BatchNorm2d rectifiedSum(String name, Activation in, Activation addend) {
    return new BatchNorm2d(name, in, addend, true);
  }

  @Override
  public void normsFrom(int key) {
    initial = states.computeIfAbsent(key, State::new);
  }

  @Override
  public boolean learns() {
    return state.learns();
  }

  @Override
  public void selectNorms(int key) {
    runs = List.of();
    state = states.computeIfAbsent(key, State::new);
    batch(batch);
  }

  @Override
  public void selectNorms(List<Run> runs) {
    this.runs = List.copyOf(runs);
  }

  @Override
  public void forward(Phase phase) {
    if (phase == Phase.EVALUATE && !runs.isEmpty()) {
      runs.forEach(run -> states.computeIfAbsent(run.task(), State::new).evaluate(run));
      return;
    }
    (phase == Phase.EVALUATE ? state.evaluation : state.current()).forward();
  }

  @Override
  public void backward() {
    state.current().backward();
  }

  @Override
  public Activation out() {
    return out;
  }

  @Override
  public void batch(int n) {
    batch = n;
    state.training.batch(n);
    state.evaluation.batch(n);
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(state.scale, state.shift);
  }

  @Override
  public List<Tensor> statistics() {
    return List.of(state.runningMean, state.runningVar);
  }

  @Override
  public void close() {
    states.values().forEach(State::close);
    savedMean.close();
    savedRstd.close();
    out.close();
  }

  /** What one key has for itself, each [C]. */
  private final class State {
    final Parameter scale;
    final Parameter shift;
    final Tensor runningMean;
    final Tensor runningVar;
    final BatchNorm training;
    final BatchNorm evaluation;

    State(int key) {
      Context context = in.context();
      int channels = in.shape().c();
      scale = Parameter.norm(context, name + "." + key + ".scale", channels);
      shift = Parameter.norm(context, name + "." + key + ".shift", channels);
      runningMean = Tensor.plain(context, channels);
      runningVar = Tensor.plain(context, channels);
      if (initial == null) {
        scale.fill(1);
        runningVar.copyFrom(scale.weights());
      } else {
        scale.weights().copyFrom(initial.scale.weights());
        shift.weights().copyFrom(initial.shift.weights());
        runningMean.copyFrom(initial.runningMean);
        runningVar.copyFrom(initial.runningVar);
      }
      training = bind(true);
      evaluation = bind(false);
    }

    boolean learns() {
      return !scale.isFrozen() || !shift.isFrozen();
    }

    /** What training passes do: a frozen set is used as it is. */
    BatchNorm current() {
      return learns() ? training : evaluation;
    }

    private BatchNorm bind(boolean batchStatistics) {
      return BatchNorm.bind(in.context(), in.shape())
          .batchStatistics(batchStatistics)
          .momentum(MOMENTUM)
          .epsilon(EPSILON)
          .scale(scale.weights())
          .shift(shift.weights())
          .runningMean(runningMean)
          .runningVar(runningVar)
          .savedMean(savedMean)
          .savedRstd(savedRstd)
          .src(in.value())
          .dst(out.value())
          .addend(addend == null ? null : addend.value())
          .relu(rectifies)
          .diffAddend(addend == null ? null : addend.diff())
          .diffDst(out.diff())
          .diffSrc(in.diff())
          .diffScale(scale.gradient())
          .diffShift(shift.gradient());
    }

    /** Normalises some images with the running statistics. */
    void evaluate(Run run) {
      BatchNorm.bind(in.context(), in.shape().withN(run.count()))
          .batchStatistics(false)
          .epsilon(EPSILON)
          .scale(scale.weights())
          .shift(shift.weights())
          .runningMean(runningMean)
          .runningVar(runningVar)
          .src(run.of(in))
          .dst(run.of(out))
          .addend(addend == null ? null : run.of(addend))
          .relu(rectifies)
          .forward();
    }

    void close() {
      scale.close();
      shift.close();
      runningMean.close();
      runningVar.close();
    }
  }
}
