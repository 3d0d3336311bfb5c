// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * What this machine can do on one thread right now, in plain Java: independent fused multiply-adds
 * in registers, and a triad {@code a = b + s * c} over arrays that no cache holds.
 */
public final class Roofline {
  private static final int ACCUMULATORS = 10; // with two operands within 16 registers
  private static final int FMA_STEPS = 200_000;
  private static final int TRIAD_FLOATS = 1 << 24;
  private static final int TRIAD_REPEATS = 9;
  private static final int WARM_UPS = 20;

  private static int vectorBits;

  private final double bandwidth;
  private float sink;

  /** Warms up and measures the bandwidth, which is then {@link #gbytes}. */
  public Roofline(String isa) {
    vectorBits = isa.equals("avx512") ? 512 : 256;
    for (int i = 0; i < WARM_UPS; i++) {
      gflops();
    }
    bandwidth = triad();
  }

  /** GFLOP/s of one thread, measured now; a millisecond or two. */
  public double gflops() {
    double seconds = Clock.forThreads(1).seconds(() -> sink += MultiplyAdd.run());
    return 2.0 * ACCUMULATORS * MultiplyAdd.SPECIES.length() * FMA_STEPS / seconds * 1e-9;
  }

  /** GB/s of one thread, two streams read and one written. */
  public double gbytes() {
    return bandwidth;
  }

  /** The most GFLOP/s that work of so many flops per byte can reach under a peak. */
  public double attainable(double peak, double flopsPerByte) {
    return Math.min(peak, flopsPerByte * bandwidth);
  }

  /** Sum of what was probed, so that no probe can be left out. */
  public float sink() {
    return sink;
  }

  private double triad() {
    float[] a = new float[TRIAD_FLOATS];
    float[] b = new float[TRIAD_FLOATS];
    float[] c = new float[TRIAD_FLOATS];
    Arrays.fill(b, 1);
    Arrays.fill(c, 2);
    double best = 0;
    for (int repeat = 0; repeat < TRIAD_REPEATS; repeat++) {
      long begun = System.nanoTime();
      triad(a, b, c, repeat);
      double seconds = (System.nanoTime() - begun) * 1e-9;
      best = Math.max(best, 3.0 * Float.BYTES * TRIAD_FLOATS / seconds * 1e-9);
    }
    sink += a[TRIAD_FLOATS / 2];
    return best;
  }

  private static void triad(float[] a, float[] b, float[] c, float s) {
    for (int i = 0; i < a.length; i++) {
      a[i] = b[i] + s * c[i];
    }
  }

  /** A class of its own: the compiler needs a constant species, known when it is loaded. */
  private static final class MultiplyAdd {
    private static final VectorSpecies<Float> SPECIES =
        vectorBits == 512 ? FloatVector.SPECIES_512 : FloatVector.SPECIES_256;

    static float run() {
      FloatVector x = FloatVector.broadcast(SPECIES, 1.0000001f);
      FloatVector y = FloatVector.broadcast(SPECIES, 1e-9f);
      FloatVector a = x;
      FloatVector b = x;
      FloatVector c = x;
      FloatVector d = x;
      FloatVector e = x;
      FloatVector f = x;
      FloatVector g = x;
      FloatVector h = x;
      FloatVector i = x;
      FloatVector j = x;
      for (int step = 0; step < FMA_STEPS; step++) {
        a = a.fma(x, y);
        b = b.fma(x, y);
        c = c.fma(x, y);
        d = d.fma(x, y);
        e = e.fma(x, y);
        f = f.fma(x, y);
        g = g.fma(x, y);
        h = h.fma(x, y);
        i = i.fma(x, y);
        j = j.fma(x, y);
      }
      FloatVector sum = a.add(b).add(c).add(d).add(e).add(f);
      return sum.add(g).add(h).add(i).add(j).reduceLanes(VectorOperators.ADD);
    }
  }
}
