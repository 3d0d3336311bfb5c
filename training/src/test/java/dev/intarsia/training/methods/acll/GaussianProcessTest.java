// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Golden values, and what a process must do whatever the numbers. */
class GaussianProcessTest {
  private static final double[] SHORT_LENGTHS = {0.05, 0.1, 0.2, 0.4, 0.8};

  /** Test vectors of the method's specification, computed in float64 by an independent program. */
  @Test
  void goldenValues() {
    double[][] places = {{0.1}, {0.5}, {0.9}};
    GaussianProcess process =
        GaussianProcess.fit(places, new double[] {0.2, -0.1, 0.9}, SHORT_LENGTHS);
    assertArrayEquals(new double[] {0.05}, process.lengths());
    assertEquals(1e-3, process.noise());
    assertEquals(0.999035, process.variance(), 5e-7);
    assertEquals(-0.0064543, process.mean(new double[] {0.3}), 5e-8);
    assertEquals(0.0015187, process.mean(new double[] {0.7}), 5e-8);
    assertEquals(0.99949445, process.deviation(new double[] {0.3}), 5e-9);
    assertEquals(0.99949445, process.deviation(new double[] {0.7}), 5e-9);
    assertEquals(0.0773758, process.expectedImprovement(new double[] {0.3}), 5e-8);
    assertEquals(0.0761907, process.expectedImprovement(new double[] {0.7}), 5e-8);
  }

  @Test
  void whatWasMeasuredIsNearlyCertainAndWhatIsFarIsNot() {
    double[][] places = {{0.1}, {0.4}, {0.5}, {0.9}};
    GaussianProcess process = GaussianProcess.fit(places, new double[] {1, 4, 5, 9});
    assertTrue(process.deviation(new double[] {0.4}) < process.deviation(new double[] {0.7}));
    assertTrue(process.mean(new double[] {0.1}) < process.mean(new double[] {0.9}));
  }

  /** A function of one coordinate alone gets a longer length along the other. */
  @Test
  void lengthsFollowTheDimensionsThatMatter() {
    double[][] places = new double[16][];
    double[] targets = new double[16];
    for (int i = 0; i < 16; i++) {
      places[i] = new double[] {(i % 4) / 3.0, (i / 4) / 3.0};
      targets[i] = Math.sin(6 * places[i][0]);
    }
    double[] lengths = GaussianProcess.fit(places, targets).lengths();
    assertTrue(lengths[1] > lengths[0], lengths[0] + " " + lengths[1]);
  }

  @Test
  void equalTargetsAreNoError() {
    double[][] places = {{0.1}, {0.5}};
    GaussianProcess process = GaussianProcess.fit(places, new double[] {2, 2});
    assertEquals(0, process.mean(new double[] {0.3}));
    assertTrue(process.expectedImprovement(new double[] {0.3}) >= 0);
  }
}
