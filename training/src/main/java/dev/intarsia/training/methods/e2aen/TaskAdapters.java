// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.e2aen;

import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.Tensor;
import dev.intarsia.ops.GatedAdapter;
import dev.intarsia.training.nn.BottleneckAdapter;
import dev.intarsia.training.nn.Conv2d;
import dev.intarsia.training.nn.FoldedAdapter;
import dev.intarsia.training.nn.GatedOverlay;
import dev.intarsia.training.nn.MaskedLayer;
import dev.intarsia.training.nn.Network;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The adapters of one task, one beside each convolution, and which gates are whose. */
public final class TaskAdapters implements AutoCloseable {
  private static final String PURPOSE = "adapter";

  private final Network net;
  private final List<Site> sites = new ArrayList<>();
  private final double[] costs; // per gate: parameters it stands for
  private final long parameters; // of all adapters before any was pruned

  /** An adapter in its place. */
  static final class Site {
    private final Conv2d layer;
    private final GatedOverlay overlay;
    private final int[] gates; // of the task, one for each of the overlay
    private ActivationProbe probe; // made when it is first needed

    private Site(Conv2d layer, GatedOverlay overlay, int[] gates) {
      this.layer = layer;
      this.overlay = overlay;
      this.gates = gates;
    }

    boolean[] open(float[] values) {
      boolean[] open = new boolean[gates.length];
      for (int g = 0; g < gates.length; g++) {
        open[g] = values[gates[g]] != 0;
      }
      return open;
    }

    ActivationProbe probe() {
      if (probe == null) {
        probe = new ActivationProbe(layer, overlay.last());
      }
      return probe;
    }

    private void closeProbe() {
      if (probe != null) {
        probe.close();
        probe = null;
      }
    }
  }

  /**
   * Makes a task's adapters; they are not in place yet.
   *
   * @param folded per layer of {@link #layers}: memory for its weights with an adapter in them
   */
  TaskAdapters(Network net, ExpansionConfig config, int task, List<Tensor> folded) {
    this.net = net;
    List<Conv2d> layers = layers(net);
    Map<String, Integer> blocks = new LinkedHashMap<>();
    int next = 0;
    for (int i = 0; i < layers.size(); i++) {
      Conv2d layer = layers.get(i);
      GatedOverlay overlay =
          make(layer, config, folded.get(i), CounterRandom.of(net.seed(), PURPOSE, task, i));
      int[] gates = new int[overlay.gates()];
      for (int g = 0; g < gates.length; g++) {
        if (config.gates().equals("block")) {
          Integer known = blocks.putIfAbsent(block(name(layer)), next);
          gates[g] = known == null ? next++ : known;
        } else {
          gates[g] = next++;
        }
      }
      sites.add(new Site(layer, overlay, gates));
    }
    costs = new double[next];
    long all = 0;
    for (Site site : sites) {
      for (int g = 0; g < site.gates.length; g++) {
        costs[site.gates[g]] += site.overlay.parameterCount(g);
        all += site.overlay.parameterCount(g);
      }
    }
    parameters = all;
  }

  /** The convolutions of a net, from input to output. */
  static List<Conv2d> layers(Network net) {
    List<Conv2d> layers = new ArrayList<>();
    for (MaskedLayer layer : net.maskedLayers()) {
      if (layer instanceof Conv2d conv) {
        layers.add(conv);
      }
    }
    return layers;
  }

  /** Refuses a net in which an adapter of that kind has no place. */
  static void requirePlaces(Network net, ExpansionConfig config) {
    for (Conv2d layer : layers(net)) {
      boolean fits = config.adapter().equals("3x3") || GatedAdapter.hasCentreTap(layer.shape());
      if (!fits) {
        throw new IllegalArgumentException(
            "adapter %s has no place beside %s (%s), which has no centre tap; take adapter 3x3, or a model such as resnet18"
                .formatted(config.adapter(), name(layer), layer.shape()));
      }
    }
  }

  private static String name(Conv2d layer) {
    return layer.weights().name().replaceFirst("\\.weights$", "");
  }

  /** stage1.0.conv2 is of the block stage1.0; a stem is its own. */
  private static String block(String layer) {
    int end = layer.lastIndexOf('.');
    return end < 0 ? layer : layer.substring(0, end);
  }

  private static GatedOverlay make(
      Conv2d layer, ExpansionConfig config, Tensor folded, CounterRandom random) {
    int channels = layer.shape().o();
    int outputs =
        config.gates().equals("channel") ? Math.min(config.groupSize(), channels) : channels;
    if (config.adapter().equals("bottleneck")) {
      return new BottleneckAdapter(name(layer), layer, outputs, config.deviation(), random);
    }
    int kernel = config.adapter().equals("1x1") ? 1 : layer.shape().kh();
    return new FoldedAdapter(
        name(layer), layer, kernel, outputs, folded, config.deviation(), random);
  }

  List<Site> sites() {
    return sites;
  }

  /** Parameters that each gate stands for. */
  double[] costs() {
    return costs.clone();
  }

  /** Lets the net's layers use these adapters, and no other ones. */
  public void enter() {
    leave(net);
    for (Site site : sites) {
      site.overlay.last().expire();
      net.overlay(site.layer, site.overlay);
    }
  }

  /** Lets the net's layers use their own weights. */
  static void leave(Network net) {
    layers(net).forEach(layer -> net.overlay(layer, null));
  }

  /**
   * Sets the gates of the next pass.
   *
   * @param values one per gate of the task
   * @param learn whether their gradient is wanted
   * @param settled whether what is closed stays so and is trained no more
   */
  void gates(float[] values, boolean learn, boolean settled) {
    for (Site site : sites) {
      float[] own = new float[site.gates.length];
      boolean open = false;
      for (int g = 0; g < own.length; g++) {
        own[g] = values[site.gates[g]];
        open |= own[g] != 0;
      }
      site.overlay.gates(own);
      site.overlay.learnGates(learn);
      boolean freeze = settled && !open;
      site.overlay.parameters().forEach(parameter -> parameter.freeze(freeze));
    }
  }

  /** The gradient of the gates after a backward pass. */
  double[] gateGradient() {
    double[] gradient = new double[costs.length];
    for (Site site : sites) {
      float[] own = site.overlay.gateGradient();
      for (int g = 0; g < own.length; g++) {
        gradient[site.gates[g]] += own[g];
      }
    }
    return gradient;
  }

  /** Adapters, or groups of one with a gate of their own, that some values leave open. */
  int openCount(float[] values) {
    int open = 0;
    for (Site site : sites) {
      for (int gate : site.gates) {
        open += values[gate] != 0 ? 1 : 0;
      }
    }
    return open;
  }

  /** Deletes the adapters whose gates are closed for good. */
  void prune(Gates gates) {
    for (Site site : List.copyOf(sites)) {
      site.closeProbe();
      boolean[] kept = new boolean[site.gates.length];
      boolean any = false;
      for (int g = 0; g < kept.length; g++) {
        kept[g] = gates.isKept(site.gates[g]);
        any |= kept[g];
      }
      if (any) {
        site.overlay.settle(kept);
      } else {
        net.overlay(site.layer, null);
        site.overlay.close();
        sites.remove(site);
      }
    }
  }

  /** Parameters of all adapters before any was pruned. */
  public long parameters() {
    return parameters;
  }

  /** Parameters of the adapters that some gates keep. */
  long parameters(Gates gates) {
    double kept = 0;
    for (int g = 0; g < costs.length; g++) {
      kept += gates.isKept(g) ? costs[g] : 0;
    }
    return Math.round(kept);
  }

  @Override
  public void close() {
    sites.forEach(Site::closeProbe);
    sites.forEach(site -> site.overlay.close());
    sites.clear();
  }

  /** Memory for the weights of each layer with an adapter in them, which all tasks share. */
  static List<Tensor> memory(Network net, ExpansionConfig config) {
    Context context = net.context();
    List<Tensor> folded = new ArrayList<>();
    for (Conv2d layer : layers(net)) {
      var s = layer.shape();
      folded.add(
          config.adapter().equals("bottleneck")
              ? null
              : Tensor.plain(context, s.o(), s.i(), s.kh(), s.kw()));
    }
    return folded;
  }
}
