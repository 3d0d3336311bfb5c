// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Holdout;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.methods.acll.BestEpoch;
import dev.intarsia.training.methods.acll.Compression;
import dev.intarsia.training.methods.acll.Config;
import dev.intarsia.training.methods.acll.Rates;
import dev.intarsia.training.methods.acll.Trial;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.TaskNotes;
import dev.intarsia.training.nn.Network;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Srivastava, Berman, Blaschko and Tuia 2019, <em>Adaptive Compression-based Lifelong
 * Learning</em>: train the free weights, find by Bayesian optimisation how many of them the task
 * can spare, prune those, retrain what is left, freeze it. An easy task leaves more for later ones
 * than a hard one.
 *
 * <p>Objective, process, budget and refinement are ours, as the paper's could not be read
 * (docs/methods/acll.md).
 */
public final class AdaptiveCompression implements Method {
  private static final String TRACE = "rate search";

  private final Network net;
  private final Config config;
  private final Packing packing;
  private final List<TaskNotes> notes = new ArrayList<>();

  /** The method over a fresh net. */
  public AdaptiveCompression(Network net, Config config) {
    this.net = net;
    this.config = config;
    packing = new Packing(net);
  }

  @Override
  public void learn(Task task, Trainer trainer) {
    Task split = Holdout.of(task, config.validation(), true, trainer.seed());
    packing.begin(task);
    trainer.fit(split, config.epochs());
    List<int[]> own = IntStream.range(0, net.shared().size()).mapToObj(packing::own).toList();
    try (Compression compression = new Compression(net, own, config, split, trainer)) {
      Compression.Choice choice =
          compression.settle(config.strategy(trainer.seed()), config.floor(task.index()));
      for (int i = 0; i < own.size(); i++) {
        packing.prune(i, compression.kept(i));
      }
      double accuracy = retrain(split, trainer);
      notes.add(note(task, compression, choice, compression.denseAccuracy() - accuracy));
    }
    packing.freeze(task);
    activate(task);
  }

  /** Returns the accuracy on the validation images of what is left. */
  private double retrain(Task split, Trainer trainer) {
    trainer.calibrate(split, Compression.BATCHES_TO_JUDGE);
    try (BestEpoch best = new BestEpoch(net, () -> trainer.evaluate(split))) {
      if (config.retrainEpochs() > 0) {
        trainer.fit(split, config.retrainEpochs(), best);
      }
      return best.restore();
    }
  }

  private static TaskNotes note(
      Task task, Compression compression, Compression.Choice choice, double finalDrop) {
    double[] shares = compression.shares();
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("rate", choice.rates().removed(shares));
    figures.put("evaluations", (double) choice.trace().size());
    figures.put("drop", choice.drop());
    figures.put("drop after retraining", finalDrop);
    figures.put("weights pruned", (double) compression.gone());
    figures.put("weights kept", (double) (compression.owned() - compression.gone()));
    List<String> columns = new ArrayList<>(List.of("pruning rate", "drop of accuracy"));
    for (int g = 0; g < shares.length && shares.length > 1; g++) {
      columns.add("rate of group " + (g + 1));
    }
    List<double[]> rows = choice.trace().stream().map(trial -> row(trial, shares)).toList();
    return new TaskNotes(
        task.index(), figures, List.of(new TaskNotes.Trace(TRACE, columns, rows, choice.chosen())));
  }

  /** Rate over all weights, drop, and where there are several groups the rate of each. */
  private static double[] row(Trial trial, double[] shares) {
    Rates rates = trial.rates();
    double[] row = new double[shares.length > 1 ? 2 + shares.length : 2];
    row[0] = rates.removed(shares);
    row[1] = trial.drop();
    for (int g = 0; g < row.length - 2; g++) {
      row[2 + g] = rates.get(g);
    }
    return row;
  }

  @Override
  public void activate(Task task) {
    packing.activate(task);
  }

  @Override
  public String name() {
    return "acll";
  }

  @Override
  public int epochs() {
    return config.mostEpochs();
  }

  @Override
  public Footprint footprint() {
    return packing.footprint();
  }

  @Override
  public List<TaskNotes> notes() {
    return List.copyOf(notes);
  }
}
