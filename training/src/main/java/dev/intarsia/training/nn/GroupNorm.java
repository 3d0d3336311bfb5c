// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Context;
import dev.intarsia.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Group normalisation (Wu and He 2018) with scale and shift, of which it keeps one pair per key. It
 * has no running statistics: each image is normalised by itself.
 */
public final class GroupNorm implements Layer {
  private static final float EPSILON = 1e-5f;

  private final String name;
  private final Activation in;
  private final Activation out;
  private final int groups;
  private final Tensor savedMean; // [N, groups] activations
  private final Tensor savedRstd; // [N, groups] activations
  private final Map<Integer, State> states = new HashMap<>();
  private State state;
  private State initial; // what a set seen for the first time copies; null: a fresh one
  private List<Run> runs = List.of(); // of several tasks; empty while one is selected
  private int batch;

  /**
   * Builds the layer, with key 0 selected.
   *
   * @param in [N, C, H, W]
   * @param groups a divisor of C
   */
  public GroupNorm(String name, Activation in, int groups) {
    this.name = name;
    this.in = in;
    this.groups = groups;
    batch = in.shape().n();
    out = in.allocateNext(in.shape().c(), in.shape().h(), in.shape().w());
    savedMean = Tensor.activations(in.context(), in.shape().n(), groups, 1, 1);
    savedRstd = Tensor.activations(in.context(), in.shape().n(), groups, 1, 1);
    selectNorms(0);
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
    state.op.forward();
  }

  @Override
  public void backward() {
    state.op.backward();
  }

  @Override
  public Activation out() {
    return out;
  }

  @Override
  public void batch(int n) {
    batch = n;
    state.op.batch(n);
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(state.scale, state.shift);
  }

  @Override
  public void close() {
    for (State each : states.values()) {
      each.scale.close();
      each.shift.close();
    }
    savedMean.close();
    savedRstd.close();
    out.close();
  }

  /** What one key has for itself, each [C]. */
  private final class State {
    final Parameter scale;
    final Parameter shift;
    final dev.intarsia.ops.GroupNorm op;

    State(int key) {
      Context context = in.context();
      scale = Parameter.norm(context, name + "." + key + ".scale", in.shape().c());
      shift = Parameter.norm(context, name + "." + key + ".shift", in.shape().c());
      if (initial == null) {
        scale.fill(1);
      } else {
        scale.weights().copyFrom(initial.scale.weights());
        shift.weights().copyFrom(initial.shift.weights());
      }
      op =
          dev.intarsia.ops.GroupNorm.bind(context, in.shape())
              .groups(groups)
              .epsilon(EPSILON)
              .scale(scale.weights())
              .shift(shift.weights())
              .savedMean(savedMean)
              .savedRstd(savedRstd)
              .src(in.value())
              .dst(out.value())
              .diffDst(out.diff())
              .diffSrc(in.diff())
              .diffScale(scale.gradient())
              .diffShift(shift.gradient());
    }

    boolean learns() {
      return !scale.isFrozen() || !shift.isFrozen();
    }

    /** Normalises some images. */
    void evaluate(Run run) {
      dev.intarsia.ops.GroupNorm.bind(in.context(), in.shape().withN(run.count()))
          .groups(groups)
          .epsilon(EPSILON)
          .scale(scale.weights())
          .shift(shift.weights())
          .savedMean(savedMean.images(run.first(), run.count()))
          .savedRstd(savedRstd.images(run.first(), run.count()))
          .src(run.of(in))
          .dst(run.of(out))
          .forward();
    }
  }
}
