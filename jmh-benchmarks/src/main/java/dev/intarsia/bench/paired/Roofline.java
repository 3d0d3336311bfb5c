// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * What this machine can do right now, in plain Java: on one thread independent fused multiply-adds
 * in registers; on all threads of the run a triad {@code a = b + s * c} over arrays that no cache
 * holds.
 */
public final class Roofline {
  private static final int ACCUMULATORS = 10; // with two operands within 16 registers
  private static final int FMA_STEPS = 200_000;
  private static final int TRIAD_FLOATS = 1 << 24;
  private static final int TRIAD_REPEATS = 9;
  private static final int WARM_UPS = 20;

  private static int vectorBits;

  private final int threads;
  private final float[] a = new float[TRIAD_FLOATS];
  private final float[] b = new float[TRIAD_FLOATS];
  private final float[] c = new float[TRIAD_FLOATS];
  private final double bandwidth;
  private float sink;

  /** Warms up and measures the bandwidth, which is then {@link #gbytes}. */
  public Roofline(String isa, int threads) {
    this.threads = threads;
    vectorBits = isa.equals("avx512") ? 512 : 256;
    for (int i = 0; i < WARM_UPS; i++) {
      gflops();
    }
    Arrays.fill(b, 1);
    Arrays.fill(c, 2);
    double best = 0;
    for (int repeat = 0; repeat < TRIAD_REPEATS; repeat++) {
      best = Math.max(best, gbytesNow());
    }
    bandwidth = best;
  }

  /** GFLOP/s of one thread, measured now; a millisecond or two. */
  public double gflops() {
    double seconds = Clock.forThreads(1).seconds(() -> sink += MultiplyAdd.run());
    return 2.0 * ACCUMULATORS * MultiplyAdd.SPECIES.length() * FMA_STEPS / seconds * 1e-9;
  }

  /** GB/s of all threads, two streams read and one written; the best of some. */
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

  /** The same measured now, once; some milliseconds. */
  public double gbytesNow() {
    double seconds = Clock.forThreads(threads).seconds(this::triad);
    sink += a[TRIAD_FLOATS / 2];
    return 3.0 * Float.BYTES * TRIAD_FLOATS / seconds * 1e-9;
  }

  private void triad() {
    if (threads == 1) {
      triad(a, b, c, 0, TRIAD_FLOATS);
      return;
    }
    Thread[] parts = new Thread[threads];
    for (int i = 0; i < threads; i++) {
      int from = (int) ((long) TRIAD_FLOATS * i / threads);
      int to = (int) ((long) TRIAD_FLOATS * (i + 1) / threads);
      parts[i] = new Thread(() -> triad(a, b, c, from, to));
      parts[i].start();
    }
    for (Thread part : parts) {
      join(part);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted while the triad ran", e);
    }
  }

  private static void triad(float[] a, float[] b, float[] c, int from, int to) {
    for (int i = from; i < to; i++) {
      a[i] = b[i] + 3 * c[i];
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
