// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

import dev.intarsia.Mask;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.nn.Snapshot;
import java.util.ArrayList;
import java.util.List;

/**
 * A task just learned densely, and what becomes of it at any pruning rates. Magnitudes are sorted
 * once; a candidate is a look-up and one pass that cuts masks, from the dense state each time.
 *
 * <p>Running statistics of normalisation follow the weights that are left before a candidate is
 * examined: those of the dense net belong to activations it no longer has.
 */
public final class Compression implements RateSearch.Bench, AutoCloseable {
  /** Batches that running statistics follow before a state is examined. */
  public static final int BATCHES_TO_JUDGE = 12; // running statistics keep 0.9^12 = 28 % of old

  private static final int STEPS_PER_CUT = 10; // of a ramp

  private final Config config;
  private final Task split;
  private final Trainer trainer;
  private final List<LayerCut> layers = new ArrayList<>();
  private final int[] groupOf;
  private final int groups;
  private final List<SortedMagnitudes> sorted;
  private final Snapshot dense;
  private final double denseAccuracy;
  private final Snapshot accepted;
  private List<int[]> acceptedWords;

  /**
   * Takes the net as it is for the dense state.
   *
   * @param own mask words of the task's own weights, one array a shared parameter; all visible
   * @param split the task with validation images in place of test images
   */
  public Compression(Network net, List<int[]> own, Config config, Task split, Trainer trainer) {
    this.config = config;
    this.split = split;
    this.trainer = trainer;
    dense = new Snapshot(net);
    accepted = new Snapshot(net);
    for (int i = 0; i < own.size(); i++) {
      Parameter parameter = net.shared().get(i);
      layers.add(new LayerCut(parameter, own.get(i)));
    }
    groups = config.scope() == Scope.GROUPS ? Math.min(config.groups(), layers.size()) : 1;
    groupOf = new int[layers.size()];
    for (int i = 0; i < groupOf.length; i++) {
      groupOf[i] = i * groups / groupOf.length;
    }
    sorted = sort();
    acceptedWords = words();
    denseAccuracy = validate();
  }

  /** One order a layer, or one for all with one threshold. */
  private List<SortedMagnitudes> sort() {
    List<SortedMagnitudes> each = layers.stream().map(LayerCut::sorted).toList();
    return config.scope() == Scope.GLOBAL ? List.of(SortedMagnitudes.merged(each)) : each;
  }

  private List<int[]> words() {
    return layers.stream().map(LayerCut::words).toList();
  }

  private double validate() {
    trainer.calibrate(split, BATCHES_TO_JUDGE);
    return trainer.evaluate(split);
  }

  private void cut(Rates rates, List<SortedMagnitudes> orders) {
    if (config.scope() == Scope.GLOBAL) {
      long gone = layers.stream().mapToLong(LayerCut::gone).sum();
      float magnitude = orders.get(0).threshold(rates.get(0), gone);
      layers.forEach(layer -> layer.apply(magnitude));
      return;
    }
    for (int i = 0; i < layers.size(); i++) {
      LayerCut layer = layers.get(i);
      layer.apply(orders.get(i).threshold(rates.get(groupOf[i]), layer.gone()));
    }
  }

  /** Puts the net where it was after dense training, less what goes at some rates. */
  public void prune(Rates rates) {
    dense.restore();
    layers.forEach(LayerCut::undo);
    cut(rates, sorted);
  }

  @Override
  public double drop(Rates rates) {
    prune(rates);
    if (config.candidateEpochs() > 0) {
      trainer.fit(split, config.candidateEpochs());
    }
    return denseAccuracy - validate();
  }

  @Override
  public double grow(Rates from, Rates to) {
    if (config.rampEpochs() == 0) {
      return drop(to);
    }
    restoreAccepted();
    trainer.fit(split, config.rampEpochs(), new Ramp(from, to));
    cut(to, sort());
    return denseAccuracy - validate();
  }

  /** Cubic in time (Zhu and Gupta 2017, eq. 1): most goes early, while there is time to recover. */
  private final class Ramp implements Trainer.Watch {
    private final Rates from;
    private final Rates to;
    private final int steps;
    private int done;

    Ramp(Rates from, Rates to) {
      this.from = from;
      this.to = to;
      steps = config.rampEpochs() * trainer.steps(split);
    }

    @Override
    public void stepDone() {
      if (++done % STEPS_PER_CUT == 0) {
        double left = 1 - Math.min(1, (double) done / steps);
        double[] rates = to.toArray();
        for (int g = 0; g < rates.length; g++) {
          rates[g] += (from.get(g) - rates[g]) * left * left * left;
        }
        cut(Rates.of(rates), sort());
      }
    }
  }

  @Override
  public void accept() {
    if (config.rampEpochs() > 0) {
      accepted.take();
      acceptedWords = words();
    }
  }

  private void restoreAccepted() {
    accepted.restore();
    for (int i = 0; i < layers.size(); i++) {
      layers.get(i).show(acceptedWords.get(i));
    }
  }

  /** Searches, raises what is chosen to the capacity floor, and leaves the net pruned there. */
  public Choice settle(RateSearch search, double floor) {
    RateSearch.Outcome outcome = search.search(this);
    List<Trial> trace = new ArrayList<>(outcome.trace());
    Rates rates = outcome.rates(groups);
    int chosen = outcome.chosen();
    Rates raised = raised(rates, floor);
    if (!raised.equals(rates)) {
      rates = raised;
      chosen = trace.size();
      trace.add(new Trial(rates, drop(rates), Trial.Stage.FLOOR));
      prune(rates);
    } else if (trace.stream().anyMatch(t -> t.stage() == Trial.Stage.GRADUAL)
        && config.rampEpochs() > 0) {
      restoreAccepted();
    } else {
      prune(rates);
    }
    double drop = chosen < 0 ? 0 : trace.get(chosen).drop();
    return new Choice(rates, drop, chosen, trace);
  }

  /**
   * Rates at which every layer, or with one threshold for all the net, has at least a fraction of
   * all its weights free.
   *
   * @param floor of the weights that must be free; 0 for no floor
   */
  private Rates raised(Rates rates, double floor) {
    double[] raised = rates.toArray();
    if (config.scope() == Scope.GLOBAL) {
      raised[0] = Math.max(raised[0], needed(floor, all(), owned()));
      return Rates.of(raised);
    }
    for (int i = 0; i < layers.size(); i++) {
      double needed = needed(floor, layers.get(i).all(), layers.get(i).owned());
      raised[groupOf[i]] = Math.max(raised[groupOf[i]], needed);
    }
    return Rates.of(raised);
  }

  private static double needed(double floor, long all, long owned) {
    return owned == 0 ? 0 : Math.min(Rates.MOST, floor * all / owned);
  }

  private long all() {
    return layers.stream().mapToLong(LayerCut::all).sum();
  }

  /**
   * What a task is pruned at.
   *
   * @param drop measured there before retraining; 0 where nothing goes
   * @param chosen index in {@code trace}, or -1 where nothing goes
   * @param trace every trial
   */
  public record Choice(Rates rates, double drop, int chosen, List<Trial> trace) {}

  @Override
  public double[] shares() {
    double all = layers.stream().mapToLong(LayerCut::owned).sum();
    double[] shares = new double[groups];
    for (int i = 0; i < layers.size(); i++) {
      shares[groupOf[i]] += all == 0 ? 1.0 / layers.size() : layers.get(i).owned() / all;
    }
    return shares;
  }

  /** Accuracy on the validation images before anything is pruned. */
  public double denseAccuracy() {
    return denseAccuracy;
  }

  /** The own weights of a layer that are left; closed with this. */
  public Mask kept(int layer) {
    return layers.get(layer).kept();
  }

  /** Own weights that are gone, over all layers. */
  public long gone() {
    return layers.stream().mapToLong(LayerCut::gone).sum();
  }

  /** Own weights before anything went, over all layers. */
  public long owned() {
    return layers.stream().mapToLong(LayerCut::owned).sum();
  }

  @Override
  public void close() {
    layers.forEach(LayerCut::close);
    dense.close();
    accepted.close();
  }
}
