// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Layers one after the other. */
public final class Sequential implements Layer {
  private final List<Layer> layers = new ArrayList<>();
  private Activation out;

  /** An empty sequence, the identity over {@code in}. */
  public Sequential(Activation in) {
    out = in;
  }

  /**
   * Appends a layer. If it cannot be built, the layers before it are closed.
   *
   * @param layer makes the layer from the output of the one before it
   * @return this sequence, which owns the layer
   */
  public Sequential then(Function<Activation, Layer> layer) {
    try {
      layers.add(layer.apply(out));
    } catch (RuntimeException e) {
      close();
      throw e;
    }
    out = layers.get(layers.size() - 1).out();
    return this;
  }

  @Override
  public void forward(Phase phase) {
    for (Layer layer : layers) {
      layer.forward(phase);
    }
  }

  @Override
  public void backward() {
    for (int i = layers.size() - 1; i >= 0; i--) {
      layers.get(i).backward();
    }
  }

  @Override
  public void backwardToLearners() {
    int lowest = 0;
    while (lowest < layers.size() && !layers.get(lowest).learns()) {
      lowest++;
    }
    for (int i = layers.size() - 1; i >= lowest; i--) {
      layers.get(i).backward();
    }
  }

  @Override
  public boolean learns() {
    for (Layer layer : layers) {
      if (layer.learns()) {
        return true;
      }
    }
    return false;
  }

  @Override
  public Activation out() {
    return out;
  }

  @Override
  public void batch(int n) {
    layers.forEach(layer -> layer.batch(n));
  }

  @Override
  public List<Parameter> parameters() {
    return layers.stream().flatMap(layer -> layer.parameters().stream()).toList();
  }

  @Override
  public List<Tensor> statistics() {
    return layers.stream().flatMap(layer -> layer.statistics().stream()).toList();
  }

  @Override
  public List<MaskedLayer> maskedLayers() {
    return layers.stream().flatMap(layer -> layer.maskedLayers().stream()).toList();
  }

  @Override
  public void normsFrom(int key) {
    layers.forEach(layer -> layer.normsFrom(key));
  }

  @Override
  public void selectNorms(int key) {
    layers.forEach(layer -> layer.selectNorms(key));
  }

  @Override
  public void selectNorms(List<Run> runs) {
    layers.forEach(layer -> layer.selectNorms(runs));
  }

  @Override
  public void close() {
    layers.forEach(Layer::close);
  }
}
