// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.CounterRandom;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import dev.intarsia.ops.Add;
import dev.intarsia.ops.GatedAdapter;
import java.util.List;

/**
 * A gated parallel adapter with a waist: 1x1 to r channels, relu, 3x3, relu, 1x1 to the channels of
 * the layer. It is not linear and cannot be folded, so it is a branch whose output is added to the
 * layer's. Its gates are folded into its last convolution.
 */
public final class BottleneckAdapter implements GatedOverlay {
  private static final int LEAST_WAIST = 8;
  private static final int WAIST_SHARE = 4; // of the output channels

  private final Conv2d layer;
  private final Activation in; // the layer's, with a gradient of its own
  private final Sequential branch;
  private final Conv2d expand;
  private final Tensor zeros; // memory that the last convolution folds into
  private final FoldedAdapter last;
  private final Add sum;
  private final Add diffSum; // null at the input of a net
  private boolean learns;

  /**
   * An adapter of a convolution.
   *
   * @param name opens the names of the parameters
   * @param layer with an odd filter padded by half of it
   * @param outputs output channels of a gate, 1 .. O
   * @param deviation of the first weights of the last convolution; the others start as every layer
   * @throws IllegalArgumentException if the layer is padded otherwise
   */
  public BottleneckAdapter(
      String name, Conv2d layer, int outputs, double deviation, CounterRandom random) {
    Conv2dShape s = layer.shape();
    if (!GatedAdapter.hasCentreTap(s)) {
      throw new IllegalArgumentException(
          "BottleneckAdapter: the convolution is " + s + ", expected an odd filter padded by half");
    }
    Context context = layer.in().context();
    this.layer = layer;
    in = layer.in().diff() == null ? layer.in() : layer.in().forked();
    int waist = Math.max(LEAST_WAIST, s.o() / WAIST_SHARE);
    branch =
        new Sequential(in)
            .then(at -> new Conv2d(name + ".reduce", at, waist, 1, 1, 0))
            .then(Relu::new)
            .then(at -> new Conv2d(name + ".spatial", at, waist, 3, s.strideH(), 1))
            .then(Relu::new);
    List<MaskedLayer> inner = branch.maskedLayers();
    inner.forEach(conv -> conv.weights().initialize(random));
    expand = new Conv2d(name + ".expand", branch.out(), s.o(), 1, 1, 0);
    expand.weights().freeze(true); // zeros: all that is multiplied is the adapter
    zeros = Tensor.plain(context, s.o(), waist, 1, 1);
    last = new FoldedAdapter(name + ".expand", expand, 1, outputs, zeros, deviation, random);
    expand.overlay(last);
    branch.then(at -> expand);
    sum =
        Add.bind(context, layer.out().shape())
            .src(layer.out().value())
            .addend(expand.out().value())
            .dst(layer.out().value());
    diffSum =
        in.diff() == null
            ? null
            : Add.bind(context, in.shape())
                .src(layer.in().diff())
                .addend(in.diff())
                .dst(layer.in().diff());
  }

  @Override
  public void refresh(Phase phase) {}

  @Override
  public Tensor weights() {
    return layer.weights().weights();
  }

  @Override
  public Mask mask() {
    return null;
  }

  @Override
  public void finish(Phase phase) {
    if (last.isOpen() || (learns && phase == Phase.TRAIN)) {
      branch.forward(phase);
    }
    if (last.isOpen()) {
      sum.forward();
    }
  }

  @Override
  public void backward() {
    if (!learns && !last.isOpen()) {
      return;
    }
    expand.out().diff().copyFrom(layer.out().diff());
    if (!last.isOpen()) {
      last.backward(); // the gates alone: all else is multiplied by zero
      return;
    }
    branch.backward();
    if (diffSum != null) {
      diffSum.forward();
    }
  }

  @Override
  public void batch(int n) {
    branch.batch(n);
    sum.batch(n);
    if (diffSum != null) {
      diffSum.batch(n);
    }
  }

  @Override
  public List<Parameter> parameters() {
    return branch.parameters();
  }

  @Override
  public boolean learns() {
    return learns || GatedOverlay.super.learns();
  }

  @Override
  public int gates() {
    return last.gates();
  }

  @Override
  public void gates(float[] values) {
    last.gates(values);
  }

  @Override
  public void learnGates(boolean learn) {
    learns = learn;
    last.learnGates(learn);
  }

  @Override
  public float[] gateGradient() {
    return last.gateGradient();
  }

  @Override
  public long parameterCount(int gate) {
    long shared = 0;
    for (Parameter parameter : branch.parameters()) {
      shared += parameter == last.adapter() ? 0 : parameter.count();
    }
    return last.parameterCount(gate) + shared / gates();
  }

  @Override
  public FoldedAdapter last() {
    return last;
  }

  @Override
  public void settle(boolean[] kept) {
    learns = false;
    last.settle(kept);
    for (Parameter parameter : branch.parameters()) {
      parameter.freeze(true);
      parameter.freeGradient();
    }
  }

  @Override
  public void close() {
    branch.close();
    last.close();
    zeros.close();
    if (in.diff() != null) {
      in.diff().close();
    }
  }
}
