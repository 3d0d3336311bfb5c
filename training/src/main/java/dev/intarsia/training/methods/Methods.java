// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.training.Method;
import dev.intarsia.training.Nearest;
import dev.intarsia.training.methods.acll.Config;
import dev.intarsia.training.methods.e2aen.ExpansionConfig;
import dev.intarsia.training.methods.tsn.Options;
import dev.intarsia.training.nn.Models;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.run.RunConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The methods that have a name. */
public final class Methods {
  private static final double DEFAULT_KEEP = 0.5;
  private static final double DEFAULT_PRUNE = 0.75;
  private static final Map<String, Entry> ENTRIES = entries();

  private Methods() {}

  /** Reads a method's knobs at once, and makes the method when there is a net. */
  private interface Maker {
    Function<Network, Method> read(RunConfig config);
  }

  /** What a registry knows of a method; {@code knobs} yields each knob's default. */
  private record Entry(
      String description, Function<RunConfig, Map<String, Object>> knobs, Maker maker) {}

  private static Map<String, Entry> entries() {
    Map<String, Entry> entries = new LinkedHashMap<>();
    entries.put(
        "wsn",
        new Entry(
            "Winning SubNetworks: a learned mask per task, no forgetting (settings: keep)",
            config -> Map.of("keep", DEFAULT_KEEP),
            Methods::winningSubnetworks));
    entries.put(
        "tsn",
        new Entry(
            "TinySubNets: a pruned subnetwork per task, stored and answered as codes of a few bits;"
                + " no forgetting (settings: docs/methods/tinysubnets.md)",
            config -> Options.defaults(),
            Methods::tinySubNets));
    entries.put(
        "packnet",
        new Entry(
            "PackNet: train, prune, retrain, freeze; no forgetting (settings: prune,"
                + " retrainEpochs)",
            config ->
                Map.of("prune", DEFAULT_PRUNE, "retrainEpochs", retrainEpochs(config.epochs())),
            Methods::packNet));
    entries.put(
        "ksm",
        new Entry(
            "Kernel-wise soft masks over a frozen net, no forgetting (settings:"
                + " docs/methods/ksm.md)",
            config -> Ksm.Config.defaults(),
            Methods::ksm));
    entries.put(
        "piggyback",
        new Entry(
            "Piggyback: a binary or ternary mask of every weight of a frozen net, no forgetting"
                + " (settings: docs/methods/piggyback.md)",
            config -> Piggyback.Config.defaults(),
            Methods::piggyback));
    entries.put(
        "acll",
        new Entry(
            "ACLL: PackNet that searches every task's pruning rate; no forgetting (settings:"
                + " docs/methods/acll.md)",
            Config::defaults,
            Methods::adaptiveCompression));
    entries.put(
        "e2aen",
        new Entry(
            "E2-AEN: a frozen net, adapters per task and gates that prune them in the same run; no"
                + " forgetting (settings: docs/methods/e2aen.md)",
            ExpansionConfig::defaults,
            Methods::adaptiveExpansion));
    entries.put(
        "finetune",
        new Entry(
            "plain training, task after task: the lower bound",
            config -> Map.of(),
            Methods::finetune));
    entries.put(
        "joint",
        new Entry(
            "training on all tasks seen so far: the upper bound",
            config -> Map.of(),
            Methods::joint));
    entries.put(
        "separate",
        new Entry(
            "a net of its own for every task; no forgetting, nothing shared",
            config -> Map.of(),
            Methods::separateNets));
    entries.put(
        "features",
        new Entry(
            "the features of the first task or of a backbone, frozen; each task learns a head",
            config -> Map.of(),
            Methods::featureExtraction));
    entries.put(
        "replay",
        new Entry(
            "experience replay: plain training beside some images of earlier tasks"
                + " (settings: buffer)",
            ExperienceReplay.Config::defaults,
            Methods::experienceReplay));
    return entries;
  }

  private static Function<Network, Method> winningSubnetworks(RunConfig config) {
    var knobs =
        new WinningSubnetworks.Config(config.epochs(), config.setting("keep", DEFAULT_KEEP));
    return net -> new WinningSubnetworks(net, knobs);
  }

  private static Function<Network, Method> tinySubNets(RunConfig config) {
    Options options = Options.read(config, config.setting(Models.WIDTH, Models.DEFAULT_WIDTH));
    return net -> new TinySubNets(net, options);
  }

  private static Function<Network, Method> packNet(RunConfig config) {
    var knobs =
        new PackNet.Config(
            config.epochs(),
            config.setting("prune", DEFAULT_PRUNE),
            config.setting("retrainEpochs", retrainEpochs(config.epochs())));
    return net -> new PackNet(net, knobs);
  }

  private static Function<Network, Method> ksm(RunConfig config) {
    var knobs = Ksm.Config.read(config);
    return net -> new Ksm(net, knobs);
  }

  private static Function<Network, Method> piggyback(RunConfig config) {
    var knobs = Piggyback.Config.read(config);
    return net -> new Piggyback(net, knobs);
  }

  private static Function<Network, Method> adaptiveCompression(RunConfig config) {
    Config knobs = Config.read(config);
    return net -> new AdaptiveCompression(net, knobs);
  }

  private static Function<Network, Method> adaptiveExpansion(RunConfig config) {
    var knobs = ExpansionConfig.read(config);
    return net -> new AdaptiveExpansion(net, knobs);
  }

  private static Function<Network, Method> finetune(RunConfig config) {
    var knobs = new Finetune.Config(config.epochs());
    return net -> new Finetune(net, knobs);
  }

  private static Function<Network, Method> joint(RunConfig config) {
    var knobs = new Joint.Config(config.epochs());
    return net -> new Joint(net, knobs);
  }

  private static Function<Network, Method> separateNets(RunConfig config) {
    var knobs = new SeparateNets.Config(config.epochs());
    return net -> new SeparateNets(net, knobs);
  }

  private static Function<Network, Method> featureExtraction(RunConfig config) {
    var knobs = new FeatureExtraction.Config(config.epochs());
    return net -> new FeatureExtraction(net, knobs);
  }

  private static Function<Network, Method> experienceReplay(RunConfig config) {
    var knobs = ExperienceReplay.Config.read(config);
    return net -> new ExperienceReplay(net, knobs);
  }

  private static int retrainEpochs(int epochs) {
    return (epochs + 1) / 2;
  }

  /** All names, the default first. */
  public static List<String> names() {
    return List.copyOf(ENTRIES.keySet());
  }

  /**
   * Returns one line for people.
   *
   * @throws IllegalArgumentException if there is no such method; names the nearest
   */
  public static String describe(String name) {
    return entry(name).description;
  }

  /** The knobs of the configuration's method with their defaults. */
  public static Map<String, Object> knobs(RunConfig config) {
    return entry(config.method()).knobs.apply(config);
  }

  /**
   * Reads and checks the knobs of the configuration's method.
   *
   * @return makes the method over a fresh net
   * @throws IllegalArgumentException if there is no such method (names the nearest), or a knob is
   *     out of range
   */
  public static Function<Network, Method> prepare(RunConfig config) {
    return entry(config.method()).maker.read(config);
  }

  private static Entry entry(String name) {
    Entry entry = ENTRIES.get(name);
    if (entry == null) {
      throw new IllegalArgumentException(Nearest.unknown("method", name, ENTRIES.keySet()));
    }
    return entry;
  }
}
