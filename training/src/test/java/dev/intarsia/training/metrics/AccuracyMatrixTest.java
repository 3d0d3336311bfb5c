// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AccuracyMatrixTest {
  private static final double EXACT = 0.0;

  /** Three tasks; every figure below is worked out by hand from these rows. */
  private static AccuracyMatrix threeTasks() {
    return matrix(
        new double[][] {
          {0.25, 0.50, 0.25},
          {1.00, 0.75, 0.25},
          {0.50, 1.00, 0.50},
          {0.75, 0.50, 0.75},
        });
  }

  private static AccuracyMatrix matrix(double[][] rows) {
    AccuracyMatrix matrix = new AccuracyMatrix(rows[0].length);
    for (int row = 0; row < rows.length; row++) {
      for (int task = 0; task < rows[row].length; task++) {
        matrix.set(row, task, rows[row][task]);
      }
    }
    return matrix;
  }

  @Test
  void figuresOfThreeTasks() {
    AccuracyMatrix matrix = threeTasks();
    assertEquals((0.75 + 0.50 + 0.75) / 3, matrix.averageAccuracy(), EXACT);
    assertEquals(((1.00 - 0.75) + (1.00 - 0.50)) / 2, matrix.forgetting(), EXACT);
    assertEquals(((0.75 - 1.00) + (0.50 - 1.00)) / 2, matrix.backwardTransfer(), EXACT);
    assertEquals(((0.75 - 0.50) + (0.50 - 0.25)) / 2, matrix.forwardTransfer(), EXACT);
  }

  @Test
  void forgettingLooksAtTheBestEarlierRowNotTheFirst() {
    AccuracyMatrix matrix =
        matrix(new double[][] {{0, 0, 0}, {0.5, 0, 0}, {0.75, 1, 0}, {0.25, 1, 1}});
    assertEquals((0.75 - 0.25) / 2, matrix.forgetting(), EXACT);
    assertEquals((0.25 - 0.50) / 2, matrix.backwardTransfer(), EXACT);
  }

  @Test
  void rowsBeforeATaskWasLearnedDoNotCountAsKnowledge() {
    AccuracyMatrix matrix = matrix(new double[][] {{1, 1}, {0.5, 1}, {0.5, 0.5}});
    assertEquals(0.0, matrix.forgetting(), EXACT);
  }

  @Test
  void figuresFollowTheTasksSeenSoFar() {
    AccuracyMatrix matrix = new AccuracyMatrix(3);
    assertEquals(0, matrix.learned());
    assertTrue(Double.isNaN(matrix.averageAccuracy()));
    matrix.set(0, 1, 0.5);
    assertEquals(0, matrix.learned());
    matrix.set(1, 0, 0.75);
    assertEquals(1, matrix.learned());
    assertEquals(0.75, matrix.averageAccuracy(), EXACT);
    assertTrue(Double.isNaN(matrix.forgetting()), "one task has nothing to forget");
    matrix.set(2, 0, 0.5);
    matrix.set(2, 1, 1.0);
    assertEquals(0.75, matrix.averageAccuracy(), EXACT);
    assertEquals(0.25, matrix.forgetting(), EXACT);
  }

  @Test
  void unmeasuredRowsHideNothing() {
    AccuracyMatrix matrix = new AccuracyMatrix(3);
    matrix.set(1, 0, 0.75);
    matrix.set(3, 0, 0.5);
    assertEquals(0.25, matrix.forgetting(), EXACT, "row 2 was not measured");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void unchangedAnswersAreExactlyNoForgetting(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int tasks = 2 + random.nextInt(9);
    AccuracyMatrix matrix = new AccuracyMatrix(tasks);
    double[] answers = random.doubles(tasks).toArray();
    for (int row = 1; row <= tasks; row++) {
      for (int task = 0; task < row; task++) {
        matrix.set(row, task, answers[task]);
      }
    }
    assertEquals(0L, Double.doubleToRawLongBits(matrix.forgetting()), "plus zero, no rounding");
    assertEquals(0.0, matrix.backwardTransfer(), EXACT);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void forgettingIsNeverLessThanWhatBackwardTransferLost(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int tasks = 2 + random.nextInt(9);
    AccuracyMatrix matrix = new AccuracyMatrix(tasks);
    for (int row = 0; row <= tasks; row++) {
      for (int task = 0; task < tasks; task++) {
        matrix.set(row, task, random.nextDouble());
      }
    }
    assertTrue(matrix.forgetting() >= -matrix.backwardTransfer() - 1e-15);
    double average = matrix.averageAccuracy();
    assertTrue(average >= 0 && average <= 1);
  }

  @ParameterizedTest
  @CsvSource({"-1, 0, row -1", "4, 0, row 4", "0, -1, task -1", "0, 3, task 3"})
  void refusesPlacesOutside(int row, int task, String named) {
    AccuracyMatrix matrix = new AccuracyMatrix(3);
    var e = assertThrows(IllegalArgumentException.class, () -> matrix.set(row, task, 0.5));
    assertTrue(e.getMessage().startsWith(named), e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> matrix.get(row, task));
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.01, 1.01, 98.6, Double.POSITIVE_INFINITY})
  void refusesWhatIsNoFraction(double accuracy) {
    AccuracyMatrix matrix = new AccuracyMatrix(2);
    var e = assertThrows(IllegalArgumentException.class, () -> matrix.set(1, 0, accuracy));
    assertTrue(e.getMessage().contains(accuracy + " of task 0 is outside 0..1"), e.getMessage());
    assertFalse(matrix.measured(1, 0));
  }

  @Test
  void refusesNoTasks() {
    var e = assertThrows(IllegalArgumentException.class, () -> new AccuracyMatrix(0));
    assertTrue(e.getMessage().contains("at least 1 task, got 0"), e.getMessage());
  }

  @Test
  void copiesAreIndependent() {
    AccuracyMatrix matrix = threeTasks();
    AccuracyMatrix copy = matrix.copy();
    assertEquals(matrix, copy);
    assertEquals(matrix.hashCode(), copy.hashCode());
    copy.set(3, 0, 0.0);
    assertNotEquals(matrix, copy);
    matrix.toRows()[3][0] = 0.125;
    assertEquals(0.75, matrix.get(3, 0), EXACT);
  }
}
