// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * All that learning changes: shared weights that are neither codes nor frozen, scores where there
 * are some, parameters of overlays, the head and the normalisation state. Masks are not part of it.
 */
public final class Snapshot implements AutoCloseable {
  private final List<Tensor> live = new ArrayList<>();
  private final List<Tensor> kept = new ArrayList<>();

  /** Takes a net's state, as head and norms are selected now. */
  public Snapshot(Network net) {
    for (Parameter parameter : net.shared()) {
      if (parameter.isFrozen()) {
        continue;
      }
      Tensor weights = parameter.mixed() == null ? parameter.weights() : parameter.mixed().values();
      if (weights != null) { // else all of them are frozen
        live.add(weights);
      }
      if (parameter.scores() != null) {
        live.add(parameter.scores().values());
      }
    }
    for (Parameter parameter : net.active()) { // the head, and what overlays learn
      if (!parameter.isMaskable() && !parameter.isNorm()) {
        live.add(parameter.weights());
      }
    }
    live.addAll(net.norms());
    for (Tensor tensor : live) {
      kept.add(Tensor.plain(tensor.context(), tensor.dims()));
    }
    take();
  }

  /** Takes the state again. */
  public void take() {
    for (int i = 0; i < live.size(); i++) {
      kept.get(i).copyFrom(live.get(i));
    }
  }

  /** Puts the state back. */
  public void restore() {
    for (int i = 0; i < live.size(); i++) {
      live.get(i).copyFrom(kept.get(i));
    }
  }

  @Override
  public void close() {
    kept.forEach(Tensor::close);
  }
}
