// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.CounterRandom;
import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Holdout;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.methods.tsn.CentreTuning;
import dev.intarsia.training.methods.tsn.Copies;
import dev.intarsia.training.methods.tsn.KeepSearch;
import dev.intarsia.training.methods.tsn.Options;
import dev.intarsia.training.methods.tsn.Plateau;
import dev.intarsia.training.methods.tsn.PostPruning;
import dev.intarsia.training.methods.tsn.Quantiser;
import dev.intarsia.training.methods.tsn.ReplayStatistic;
import dev.intarsia.training.methods.tsn.Route;
import dev.intarsia.training.methods.tsn.SharedLayer;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.MaskBits;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.PackedWeights;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.nn.Snapshot;
import dev.intarsia.training.pack.PackedLayer;
import dev.intarsia.training.pack.PackedModel;
import dev.intarsia.training.pack.PackedNetwork;
import dev.intarsia.training.pack.PackedTask;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Pietron, Faber, Zurek and Corizzo 2025, <em>TinySubNets: An Efficient and Low Capacity Continual
 * Learning Strategy</em>, in the variant of docs/methods/tinysubnets.md: a subnetwork per task, cut
 * from learned scores, pruned once more after training and stored as codes of a few bits. Tasks may
 * use what earlier ones froze unless they are too different.
 *
 * <p>A learned task answers from its pack: codes, codebooks, mask, head and norms, and nothing of
 * what training has in hand.
 */
public final class TinySubNets implements Method {
  // Running statistics keep 0.9^n of what they were: 28 % is good enough to compare, 0.5 % to keep.
  private static final int BATCHES_TO_JUDGE = 12;
  private static final int BATCHES_TO_KEEP = 50;

  private final Network net;
  private final Options options;
  private final PackedModel model;
  private final PackedNetwork answering;
  private final List<SharedLayer> layers;
  private final Copies copies;
  private final MaskMeter meter;
  private final Ledger ledger;
  private float[] statistic; // of the task begun last
  private Route route;

  /** The method over a fresh net, whose shared parameters get scores. */
  public TinySubNets(Network net, Options options) {
    this.net = net;
    this.options = options;
    for (Parameter parameter : net.shared()) {
      parameter.attachScores(options.keep(), CounterRandom.of(net.seed(), "scores"));
    }
    layers = net.shared().stream().map(SharedLayer::new).toList();
    copies = new Copies(net);
    model =
        new PackedModel(
            new PackedModel.Net(
                net.name(), options.width(), net.channels(), net.height(), net.width()));
    answering = new PackedNetwork(net, model);
    meter = new MaskMeter(net);
    ledger = new Ledger(net);
  }

  @Override
  public void learn(Task task, Trainer trainer) {
    if (task.index() != model.tasks().size()) {
      throw new IllegalArgumentException(
          "task '%s' has index %d, expected %d, the number of tasks learned"
              .formatted(task.name(), task.index(), model.tasks().size()));
    }
    Task split = Holdout.of(task, options.validation(), options.augment(), trainer.seed());
    begin(task);
    mixFrozen();
    try (Snapshot state = new Snapshot(net)) {
      fit(split, trainer, state);
      if (options.keepSchedule().equals("adaptive")) {
        searchKeep(split, trainer, state);
      }
    } finally {
      net.shared().forEach(Parameter::unmix);
    }
    layers.forEach(SharedLayer::closeMask);
    new PostPruning(options.pruneRounds(), options.pruneFraction(), options.pruneTolerance())
        .apply(layers, () -> trainer.evaluate(split));
    new Quantiser(options.clusters(), options.tolerance())
        .apply(layers, () -> trainer.evaluate(split));
    tuneCentres(split, trainer);
    trainer.calibrate(split, BATCHES_TO_KEEP);
    store(task);
  }

  /** Puts everything where learning a task starts: a function of what was learned before it. */
  private void begin(Task task) {
    net.execute(List.of());
    statistic = ReplayStatistic.of(task.train(), task.index(), net.seed());
    route = Route.of(model, statistic, options);
    copies.load(route.copy());
    for (int i = 0; i < layers.size(); i++) {
      Parameter parameter = net.shared().get(i);
      layers.get(i).begin(taken(route.copy(), i));
      drawScores(task, parameter, i);
      parameter.scores().restrict(keep(task), candidates(i));
      parameter.scores().cutMask();
    }
    net.selectHead(task.index(), task.classes());
    net.selectNorms(task.index());
  }

  /** Lets what earlier tasks of the copy own be codes while the free weights learn. */
  private void mixFrozen() {
    List<PackedWeights> frozen = answering.weights(route.copy());
    for (int i = 0; i < frozen.size() && options.mixed(); i++) {
      net.mix(net.shared().get(i), frozen.get(i));
    }
  }

  private void drawScores(Task task, Parameter parameter, int layer) {
    switch (options.scores()) {
      case "same" -> parameter.scores().draw(CounterRandom.of(net.seed(), "scores", layer));
      case "reset" ->
          parameter.scores().draw(CounterRandom.of(net.seed(), "scores", layer, task.index()));
      default -> {
        if (task.index() == 0) {
          parameter.scores().draw(CounterRandom.of(net.seed(), "scores", layer));
        }
      }
    }
  }

  private double keep(Task task) {
    if (options.keepSchedule().equals("equal")) {
      return 1.0 / Math.max(1, options.plannedTasks() - task.index());
    }
    return options.keep();
  }

  /** Mask words, or null for all weights. */
  private int[] candidates(int layer) {
    boolean freeOnly = !route.shares() || options.keepSchedule().equals("equal");
    return freeOnly ? layers.get(layer).free() : null;
  }

  /** Mask words of the weights that tasks of a copy own. */
  private int[] taken(int copy, int layer) {
    int[] words = net.shared().get(layer).visible().words();
    Arrays.fill(words, 0);
    for (PackedTask task : model.tasks()) {
      if (task.copy() == copy) {
        int[] mask = task.layers().get(layer).mask();
        for (int i = 0; i < words.length; i++) {
          words[i] |= mask[i];
        }
      }
    }
    return words;
  }

  private void fit(Task split, Trainer trainer, Snapshot best) {
    double rate = trainer.rule().learningRate();
    Plateau plateau =
        new Plateau(
            () -> {
              cutMasks();
              trainer.calibrate(split, BATCHES_TO_JUDGE);
              return trainer.judge(split);
            },
            best,
            options.patience(),
            rate,
            options.leastRate());
    trainer.fit(split, options.epochs(), plateau);
    best.restore();
    cutMasks();
  }

  private void searchKeep(Task split, Trainer trainer, Snapshot state) {
    KeepSearch search =
        new KeepSearch(options.keepStep(), options.keepLeast(), options.tolerance());
    double keep =
        search.apply(
            options.keep(),
            () -> trainer.evaluate(split),
            next -> {
              restrict(next);
              if (options.keepEpochs() > 0) {
                trainer.fit(split, options.keepEpochs());
              }
              cutMasks();
              trainer.calibrate(split, BATCHES_TO_JUDGE);
            },
            state);
    restrict(keep);
  }

  private void restrict(double keep) {
    for (int i = 0; i < layers.size(); i++) {
      net.shared().get(i).scores().restrict(keep, candidates(i));
    }
    cutMasks();
  }

  private void cutMasks() {
    net.shared().forEach(parameter -> parameter.scores().cutMask());
  }

  private void tuneCentres(Task split, Trainer trainer) {
    if (options.centreEpochs() > 0) {
      try (CentreTuning tuning = new CentreTuning(layers, trainer.rule(), options.centreRate())) {
        trainer.fit(split, options.centreEpochs(), tuning);
        tuning.finish();
      }
    }
  }

  /** Writes the task down; from here on its weights belong to it. */
  private void store(Task task) {
    List<PackedLayer> stored = layers.stream().map(SharedLayer::pack).toList();
    List<float[]> norms = new ArrayList<>();
    net.norms().forEach(tensor -> norms.add(tensor.download()));
    enter(task, stored);
    model.add(
        new PackedTask(
            task.name(),
            task.classNames(),
            task.preprocessing(),
            route.copy(),
            stored,
            net.head().weights().weights().download(),
            norms,
            statistic,
            Map.of("method", name(), "seed", Long.toString(net.seed()))));
  }

  private void enter(Task task, List<PackedLayer> stored) {
    MaskBits bits = meter.next(stored.stream().map(PackedLayer::mask).toList());
    Ledger.Entry entry = new Ledger.Entry();
    for (int i = 0; i < stored.size(); i++) {
      PackedLayer layer = stored.get(i);
      long used = 0;
      for (int word : layer.mask()) {
        used += Integer.bitCount(word);
      }
      entry.codes(layers.get(i).owned(), used, layer.bits(), layer.codebook().length);
    }
    if (route.copy() == model.copies()) {
      entry.ownCopy();
    }
    ledger.enter(
        task.index(), entry.masks(bits).replay((long) statistic.length * Float.BYTES).ownNorms());
  }

  @Override
  public void activate(Task task) {
    if (task.index() >= model.tasks().size()) {
      begin(task);
      return;
    }
    PackedTask stored = model.tasks().get(task.index());
    copies.load(stored.copy()); // weights and masks follow the codes, for whoever looks at them
    for (int i = 0; i < layers.size(); i++) {
      net.shared().get(i).visible().setWords(stored.layers().get(i).mask());
    }
    answering.activate(task.index());
  }

  @Override
  public PackedModel packed() {
    return model;
  }

  @Override
  public String name() {
    return "tsn";
  }

  @Override
  public int epochs() {
    return options.mostEpochs();
  }

  @Override
  public Footprint footprint() {
    return ledger.footprint();
  }

  @Override
  public void close() {
    answering.close();
    layers.forEach(SharedLayer::close);
  }
}
