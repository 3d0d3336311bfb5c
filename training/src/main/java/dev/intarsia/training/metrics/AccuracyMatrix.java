// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

import java.util.Arrays;
import java.util.Locale;

/**
 * Accuracies of one curriculum, from which every continual-learning figure is derived.
 *
 * <p>The matrix is {@code R[T+1][T]} for {@code T} tasks, both indices counted from 0. Row 0 is the
 * untrained net; row {@code i + 1} is the net right after it learned task {@code i}. Column {@code
 * j} is the accuracy on the test images of task {@code j}, a fraction in 0..1. {@code NaN} says
 * <em>not measured</em>. The diagonal of the papers, <em>task i right after it was learned</em>, is
 * therefore {@code R[i+1][i]}.
 *
 * <p>The figures follow D. Lopez-Paz and M. Ranzato, <em>Gradient Episodic Memory for Continual
 * Learning</em>, NeurIPS 2017 (average accuracy, backward and forward transfer), and A. Chaudhry,
 * P. Dokania, T. Ajanthan and P. Torr, <em>Riemannian Walk for Incremental Learning</em>, ECCV 2018
 * (forgetting). Each is computed over the tasks seen so far, so it may be read after every task. A
 * figure without a single term, such as the forgetting of one task, is {@code NaN}.
 *
 * <p>Not thread-safe.
 */
public final class AccuracyMatrix {
  private final double[][] rows;

  /**
   * An empty matrix: nothing is measured.
   *
   * @param tasks number of tasks {@code T}, at least 1
   */
  public AccuracyMatrix(int tasks) {
    if (tasks < 1) {
      throw new IllegalArgumentException(
          "an accuracy matrix needs at least 1 task, got " + tasks + "; give the stream's tasks");
    }
    rows = new double[tasks + 1][tasks];
    for (double[] row : rows) {
      Arrays.fill(row, Double.NaN);
    }
  }

  /** Number of tasks {@code T}: columns, and rows less one. */
  public int tasks() {
    return rows[0].length;
  }

  /**
   * Records one measurement.
   *
   * @param row tasks learned so far, 0 (untrained) to {@code T}
   * @param task the task examined, 0 to {@code T - 1}
   * @param accuracy fraction of right answers in 0..1, or {@code NaN} for not measured
   */
  public void set(int row, int task, double accuracy) {
    check(row, task);
    if (accuracy < 0 || accuracy > 1) {
      throw new IllegalArgumentException(
          "accuracy " + accuracy + " of task " + task + " is outside 0..1; give a fraction");
    }
    rows[row][task] = accuracy;
  }

  /** Accuracy on {@code task} after {@code row} tasks were learned; {@code NaN}: not measured. */
  public double get(int row, int task) {
    check(row, task);
    return rows[row][task];
  }

  /** True when {@code task} was examined after {@code row} tasks were learned. */
  public boolean measured(int row, int task) {
    return !Double.isNaN(get(row, task));
  }

  /**
   * Number of tasks learned so far: the last row {@code L >= 1} that holds a task already seen in
   * it, or 0 when no task was learned.
   */
  public int learned() {
    for (int row = tasks(); row >= 1; row--) {
      for (int task = 0; task < row; task++) {
        if (measured(row, task)) {
          return row;
        }
      }
    }
    return 0;
  }

  /** Average accuracy after {@code row} tasks, over the tasks seen by then and measured. */
  public double averageAccuracy(int row) {
    check(row, 0);
    Mean mean = new Mean();
    for (int task = 0; task < row; task++) {
      mean.add(rows[row][task]);
    }
    return mean.value();
  }

  /** Average accuracy {@code ACC}: the mean of {@code R[L][i]} over the tasks {@code i < L}. */
  public double averageAccuracy() {
    return averageAccuracy(learned());
  }

  /**
   * Forgetting {@code F}: over the tasks {@code j < L - 1}, the mean of {@code max R[l][j] -
   * R[L][j]}, where {@code l} runs over the rows from the task's own, {@code j + 1}, to {@code L -
   * 1}. Exactly 0.0 when no answer changed; negative when old tasks improved.
   */
  public double forgetting() {
    int last = learned();
    Mean mean = new Mean();
    for (int task = 0; task < last - 1; task++) {
      double best = Double.NaN;
      for (int row = task + 1; row < last; row++) {
        // Math.max would let one unmeasured row hide all others.
        if (measured(row, task) && !(best >= rows[row][task])) {
          best = rows[row][task];
        }
      }
      mean.add(best - rows[last][task]);
    }
    return mean.value();
  }

  /**
   * Backward transfer {@code BWT}: the mean of {@code R[L][i] - R[i+1][i]} over {@code i < L-1}.
   */
  public double backwardTransfer() {
    int last = learned();
    Mean mean = new Mean();
    for (int task = 0; task < last - 1; task++) {
      mean.add(rows[last][task] - rows[task + 1][task]);
    }
    return mean.value();
  }

  /**
   * Forward transfer {@code FWT}: the mean of {@code R[i][i] - R[0][i]} over {@code 1 <= i}, the
   * accuracy on a task just before it is learned less that of the untrained net.
   */
  public double forwardTransfer() {
    Mean mean = new Mean();
    for (int task = 1; task < tasks(); task++) {
      mean.add(rows[task][task] - rows[0][task]);
    }
    return mean.value();
  }

  /** A copy of the rows, {@code [T+1][T]}. */
  public double[][] toRows() {
    return Arrays.stream(rows).map(double[]::clone).toArray(double[][]::new);
  }

  /** An independent copy. */
  public AccuracyMatrix copy() {
    AccuracyMatrix copy = new AccuracyMatrix(tasks());
    for (int row = 0; row < rows.length; row++) {
      copy.rows[row] = rows[row].clone();
    }
    return copy;
  }

  /** Equal when every measurement has the same bits. */
  @Override
  public boolean equals(Object other) {
    return other instanceof AccuracyMatrix matrix && Arrays.deepEquals(rows, matrix.rows);
  }

  @Override
  public int hashCode() {
    return Arrays.deepHashCode(rows);
  }

  /** The rows as text, three decimals, a dash where nothing was measured. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (double[] row : rows) {
      for (double accuracy : row) {
        text.append(
            Double.isNaN(accuracy) ? "    - " : String.format(Locale.ROOT, "%5.3f ", accuracy));
      }
      text.setCharAt(text.length() - 1, '\n');
    }
    return text.toString();
  }

  private void check(int row, int task) {
    if (row < 0 || row > tasks()) {
      throw new IllegalArgumentException(
          "row " + row + " of an accuracy matrix with rows 0 to " + tasks());
    }
    if (task < 0 || task >= tasks()) {
      throw new IllegalArgumentException(
          "task " + task + " of an accuracy matrix with tasks 0 to " + (tasks() - 1));
    }
  }

  /** Mean of the values that were measured; {@code NaN} of none. */
  private static final class Mean {
    private double sum;
    private int count;

    void add(double value) {
      if (!Double.isNaN(value)) {
        sum += value;
        count++;
      }
    }

    double value() {
      return count == 0 ? Double.NaN : sum / count;
    }
  }
}
