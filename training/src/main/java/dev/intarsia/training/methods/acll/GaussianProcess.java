// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

import java.util.Arrays;
import org.hipparchus.distribution.continuous.NormalDistribution;
import org.hipparchus.linear.Array2DRowRealMatrix;
import org.hipparchus.linear.ArrayRealVector;
import org.hipparchus.linear.CholeskyDecomposition;
import org.hipparchus.linear.RealVector;

/**
 * A Gaussian process with mean zero over standardised targets and covariance {@code s2 * Matern52 +
 * s2 * nu * I}, one length a dimension (Rasmussen and Williams 2006, eqs. 2.25, 2.26 and 4.17).
 * Lengths and noise are those of a fixed grid with the largest marginal likelihood (eq. 5.8);
 * {@code s2 = (y' K^-1 y + 0.1) / (n + 0.1)} follows from them. No search, no start: equal data
 * give equal bits.
 *
 * <p>Meant for a few points: fitting takes {@code 4 * lengths^dimensions} factorisations of [n, n].
 */
final class GaussianProcess {
  /** Lengths tried in every dimension. */
  private static final double[] LENGTHS = {0.1, 0.2, 0.3, 0.5, 1.0};

  private static final double[] NOISES = {1e-4, 1e-3, 1e-2, 1e-1};
  private static final double PRIOR = 0.1; // both in s2, so that it is never 0
  private static final double MARGIN = 0.01; // of improvement, in standard deviations of targets
  private static final NormalDistribution NORMAL = new NormalDistribution(0, 1);

  private final double[][] places; // [n, dimensions]
  private final double[] lengths;
  private final double noise;
  private final CholeskyDecomposition factor; // of the covariance over s2
  private final RealVector weights; // K^-1 y
  private final double variance;
  private final double likelihood;
  private final double least; // of the standardised targets

  private GaussianProcess(double[][] places, double[] targets, double[] lengths, double noise) {
    this.places = places;
    this.lengths = lengths.clone();
    this.noise = noise;
    int n = places.length;
    double[][] covariance = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        covariance[i][j] = matern(places[i], places[j]) + (i == j ? noise : 0);
      }
    }
    factor = new CholeskyDecomposition(new Array2DRowRealMatrix(covariance, false));
    RealVector y = new ArrayRealVector(targets, false);
    weights = factor.getSolver().solve(y);
    double fit = y.dotProduct(weights);
    variance = (fit + PRIOR) / (n + PRIOR);
    double logDeterminant = 0;
    for (int i = 0; i < n; i++) {
      logDeterminant += 2 * Math.log(factor.getL().getEntry(i, i));
    }
    likelihood = -0.5 * (n * Math.log(variance) + logDeterminant + fit / variance);
    least = Arrays.stream(targets).min().orElseThrow();
  }

  /** Fits over the grid of lengths that rates are searched with. */
  static GaussianProcess fit(double[][] places, double[] targets) {
    return fit(places, targets, LENGTHS);
  }

  /**
   * Fits; of equally likely points of the grid the first counts, lengths outermost.
   *
   * @param places [n, dimensions], no two of them equal; borrowed
   * @param targets [n], standardised here
   * @param grid lengths tried in every dimension
   */
  static GaussianProcess fit(double[][] places, double[] targets, double[] grid) {
    double[] standard = standardised(targets);
    int dimensions = places[0].length;
    int combinations = (int) Math.rint(Math.pow(grid.length, dimensions));
    double[] lengths = new double[dimensions];
    GaussianProcess best = null;
    for (int combination = 0; combination < combinations; combination++) {
      for (int d = 0, rest = combination; d < dimensions; d++, rest /= grid.length) {
        lengths[d] = grid[rest % grid.length];
      }
      for (double noise : NOISES) {
        GaussianProcess process = new GaussianProcess(places, standard, lengths, noise);
        if (best == null || process.likelihood > best.likelihood) {
          best = process;
        }
      }
    }
    return best;
  }

  /** Mean 0 and (population) deviation 1; all zero where all are equal. */
  private static double[] standardised(double[] targets) {
    double mean = Arrays.stream(targets).average().orElseThrow();
    double squares = Arrays.stream(targets).map(y -> (y - mean) * (y - mean)).sum();
    double deviation = Math.sqrt(squares / targets.length);
    return Arrays.stream(targets).map(y -> deviation == 0 ? 0 : (y - mean) / deviation).toArray();
  }

  /** (1 + a + a^2 / 3) exp(-a), a = sqrt(5) * distance in lengths. */
  private double matern(double[] one, double[] other) {
    double squares = 0;
    for (int d = 0; d < lengths.length; d++) {
      double lengthsApart = (one[d] - other[d]) / lengths[d];
      squares += lengthsApart * lengthsApart;
    }
    double a = Math.sqrt(5 * squares);
    return (1 + a + a * a / 3) * Math.exp(-a);
  }

  private RealVector covariances(double[] place) {
    return new ArrayRealVector(
        Arrays.stream(places).mapToDouble(other -> matern(place, other)).toArray(), false);
  }

  /** Mean at a place, in standardised targets. */
  double mean(double[] place) {
    return covariances(place).dotProduct(weights);
  }

  /** Deviation at a place of what is measured without noise, in standardised targets. */
  double deviation(double[] place) {
    RealVector covariances = covariances(place);
    double explained = covariances.dotProduct(factor.getSolver().solve(covariances));
    return Math.sqrt(variance * Math.max(0, 1 - explained));
  }

  /**
   * How far below the least target, less a margin, a measurement is expected to come: {@code d
   * Phi(d / sd) + sd phi(d / sd)} (Jones, Schonlau and Welch 1998, eq. 15).
   */
  double expectedImprovement(double[] place) {
    double deviation = deviation(place);
    double ahead = least - MARGIN - mean(place);
    if (deviation == 0) {
      return Math.max(0, ahead);
    }
    double z = ahead / deviation;
    return ahead * NORMAL.cumulativeProbability(z) + deviation * NORMAL.density(z);
  }

  /** Length of each dimension. */
  double[] lengths() {
    return lengths.clone();
  }

  /** Variance of the noise over that of the signal. */
  double noise() {
    return noise;
  }

  /** Variance of the signal. */
  double variance() {
    return variance;
  }
}
