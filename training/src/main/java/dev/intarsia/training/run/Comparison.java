// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.metrics.Interval;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What came of a {@link ComparisonPlan}: the runs that are complete, grouped by method, and those
 * that failed.
 *
 * @param plan what was to be run
 * @param runs the complete runs, in the plan's order
 * @param failures the others
 */
public record Comparison(ComparisonPlan plan, List<RunSummary> runs, List<Failure> failures) {

  /** Copies the lists. */
  public Comparison {
    runs = List.copyOf(runs);
    failures = List.copyOf(failures);
  }

  /**
   * A run without a result.
   *
   * @param method its method
   * @param seed its seed
   * @param sentence what went wrong
   */
  public record Failure(String method, long seed, String sentence) {}

  /**
   * The runs of one method.
   *
   * @param name the method's
   * @param runs its complete runs, at least one
   */
  public record OfMethod(String name, List<RunSummary> runs) {

    /** Mean and interval of a figure over the runs. */
    Interval interval(ToDoubleFunction<RunSummary> figure) {
      return Interval.of(runs.stream().mapToDouble(figure).toArray());
    }

    /** Of the average accuracy, a fraction. */
    public Interval accuracy() {
      return interval(run -> run.accuracy().averageAccuracy());
    }

    /** Of the forgetting, a fraction. */
    public Interval forgetting() {
      return interval(run -> run.accuracy().forgetting());
    }

    /** Of the backward transfer, a fraction. */
    public Interval backwardTransfer() {
      return interval(run -> run.accuracy().backwardTransfer());
    }

    /** Of the forward transfer, a fraction. */
    public Interval forwardTransfer() {
      return interval(run -> run.accuracy().forwardTransfer());
    }

    /** Of the stored bytes. */
    public Interval bytes() {
      return interval(RunSummary::bytes);
    }

    /** Of the stored bytes over those of one dense net. */
    public Interval ofDense() {
      return interval(run -> run.dense() == 0 ? Double.NaN : (double) run.bytes() / run.dense());
    }

    /** Of the wall-clock seconds, learning and examining. */
    public Interval seconds() {
      return interval(RunSummary::seconds);
    }

    /** Of the average accuracy after {@code row} tasks. */
    Interval accuracyAfter(int row) {
      return interval(run -> run.accuracy().averageAccuracy(row));
    }

    /** The accuracy matrix, each cell the mean over the runs that measured it. */
    public AccuracyMatrix meanMatrix() {
      AccuracyMatrix mean = new AccuracyMatrix(runs.get(0).tasks().size());
      for (int row = 0; row <= mean.tasks(); row++) {
        for (int task = 0; task < mean.tasks(); task++) {
          int r = row;
          int t = task;
          double value = interval(run -> run.accuracy().get(r, t)).mean();
          mean.set(row, task, Double.isNaN(value) ? value : Math.min(1, Math.max(0, value)));
        }
      }
      return mean;
    }
  }

  /** The methods with at least one complete run, in the plan's order. */
  public List<OfMethod> methods() {
    List<OfMethod> methods = new ArrayList<>();
    for (String name : plan.methods()) {
      List<RunSummary> own = runs.stream().filter(r -> r.config().method().equals(name)).toList();
      if (!own.isEmpty()) {
        methods.add(new OfMethod(name, own));
      }
    }
    return methods;
  }

  /**
   * Whether no other method is at least as accurate with as few bytes, and better in one of the
   * two, by the means (Pareto).
   */
  public boolean isOnFront(OfMethod method) {
    return methods().stream().noneMatch(other -> dominates(other, method));
  }

  private static boolean dominates(OfMethod a, OfMethod b) {
    double accuracyA = a.accuracy().mean();
    double accuracyB = b.accuracy().mean();
    double bytesA = a.bytes().mean();
    double bytesB = b.bytes().mean();
    return accuracyA >= accuracyB && bytesA <= bytesB && (accuracyA > accuracyB || bytesA < bytesB);
  }
}
