// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.tsn;

import dev.intarsia.CounterRandom;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The sets of shared weights, of which one is in the net and the others wait outside. Exchanging
 * them changes none. Not thread-safe.
 */
public final class Copies {
  private final Network net;
  private final Map<Integer, List<float[]>> parked = new HashMap<>();
  private int loaded;

  /** The net's weights are copy 0. */
  public Copies(Network net) {
    this.net = net;
  }

  /** Brings a copy into the net; one that never was there is drawn, as the net's first was. */
  public void load(int copy) {
    if (copy == loaded) {
      return;
    }
    List<float[]> leaving = new ArrayList<>();
    net.shared().forEach(parameter -> leaving.add(parameter.weights().download()));
    parked.put(loaded, leaving);
    List<float[]> waiting = parked.remove(copy);
    for (int i = 0; i < net.shared().size(); i++) {
      Parameter parameter = net.shared().get(i);
      if (waiting == null) {
        parameter.initialize(CounterRandom.of(net.seed(), "copy", copy, i));
      } else {
        parameter.weights().upload(waiting.get(i));
      }
    }
    loaded = copy;
  }
}
