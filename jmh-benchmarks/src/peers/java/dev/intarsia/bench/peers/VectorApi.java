// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.peers;

import dev.intarsia.Conv2dShape;
import dev.intarsia.bench.paired.Contender;
import dev.intarsia.bench.paired.ConvWork;
import dev.intarsia.bench.paired.Direction;
import dev.intarsia.bench.paired.Library;
import dev.intarsia.bench.paired.Structure;
import dev.intarsia.bench.paired.Work;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * How far Java alone gets: a dense forward convolution with the JDK's vectors, images in the lanes,
 * four filters at a time, on one thread.
 */
public final class VectorApi implements Library {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final int FILTERS = 4;
  private static final int CHANNELS = 8;

  /** Beyond this it would take longer than all others together. */
  private static final double MOST_FLOPS = 2e9;

  private boolean single;

  @Override
  public String version() {
    return "Vector API of JDK " + Runtime.version().feature();
  }

  @Override
  public void open(Settings settings) {
    single = settings.threads() == 1;
  }

  @Override
  public List<Contender> contenders(Work work) {
    boolean known =
        work instanceof ConvWork conv
            && conv.direction() == Direction.FORWARD
            && conv.flops(Structure.FULL) <= MOST_FLOPS
            && conv.shape().groups() == 1
            && conv.shape().o() % FILTERS == 0;
    return known && single ? List.of(new Forward((ConvWork) work)) : List.of();
  }

  private static final class Forward implements Contender {
    private final Conv2dShape s;
    private final float[] src; // [N/LANES, C, H, W, LANES]
    private final float[] weights; // [O, I, KH, KW]
    private final float[] dst; // [N/LANES, O, OH, OW, LANES]
    private final int blocks;
    private final int rows;
    private final int columns;
    private final int[] srcAt;
    private final int[] weightAt;

    Forward(ConvWork work) {
      s = work.shape();
      rows = s.oh();
      columns = s.ow();
      srcAt = new int[CHANNELS * s.kh() * s.kw()];
      weightAt = new int[CHANNELS * s.kh() * s.kw()];
      blocks = (s.n() + LANES - 1) / LANES;
      weights = work.weights();
      dst = new float[blocks * s.o() * s.oh() * s.ow() * LANES];
      int image = s.c() * s.h() * s.w();
      src = new float[blocks * image * LANES];
      for (int n = 0; n < s.n(); n++) {
        for (int at = 0; at < image; at++) {
          src[(n / LANES * image + at) * LANES + n % LANES] = work.src()[n * image + at];
        }
      }
    }

    @Override
    public String name() {
      return "java vectors";
    }

    @Override
    public Structure structure() {
      return Structure.FULL;
    }

    @Override
    public void run() {
      Arrays.fill(dst, 0);
      for (int block = 0; block < blocks; block++) {
        // A few channels at a time: rows of all of them would fall into the same cache sets.
        for (int i = 0; i < s.c(); i += CHANNELS) {
          for (int oh = 0; oh < rows; oh++) {
            for (int ow = 0; ow < columns; ow++) {
              int taps = collectTaps(block, i, oh, ow);
              for (int o = 0; o < s.o(); o += FILTERS) {
                add(taps, o * s.reductionLength(), dstAt(block, o, oh, ow));
              }
            }
          }
        }
      }
    }

    private int dstAt(int block, int o, int oh, int ow) {
      return (((block * s.o() + o) * rows + oh) * columns + ow) * LANES;
    }

    /** Lists where the taps of a pixel find inputs and weights; returns how many there are. */
    private int collectTaps(int block, int first, int oh, int ow) {
      int count = 0;
      for (int i = first; i < Math.min(first + CHANNELS, s.c()); i++) {
        for (int kh = 0; kh < s.kh(); kh++) {
          for (int kw = 0; kw < s.kw(); kw++) {
            int h = oh * s.strideH() - s.padH() + kh * s.dilationH();
            int w = ow * s.strideW() - s.padW() + kw * s.dilationW();
            if (s.inside(h, w)) {
              srcAt[count] = (((block * s.c() + i) * s.h() + h) * s.w() + w) * LANES;
              weightAt[count] = s.weightIndex(0, i, kh, kw);
              count++;
            }
          }
        }
      }
      return count;
    }

    /** Adds the listed taps to a pixel of four filters. */
    private void add(int taps, int filter, int to) {
      int next = s.reductionLength();
      int plane = rows * columns * LANES;
      FloatVector a = FloatVector.fromArray(SPECIES, dst, to);
      FloatVector b = FloatVector.fromArray(SPECIES, dst, to + plane);
      FloatVector c = FloatVector.fromArray(SPECIES, dst, to + 2 * plane);
      FloatVector d = FloatVector.fromArray(SPECIES, dst, to + 3 * plane);
      for (int tap = 0; tap < taps; tap++) {
        FloatVector x = FloatVector.fromArray(SPECIES, src, srcAt[tap]);
        int w = filter + weightAt[tap];
        a = x.fma(FloatVector.broadcast(SPECIES, weights[w]), a);
        b = x.fma(FloatVector.broadcast(SPECIES, weights[w + next]), b);
        c = x.fma(FloatVector.broadcast(SPECIES, weights[w + 2 * next]), c);
        d = x.fma(FloatVector.broadcast(SPECIES, weights[w + 3 * next]), d);
      }
      a.intoArray(dst, to);
      b.intoArray(dst, to + plane);
      c.intoArray(dst, to + 2 * plane);
      d.intoArray(dst, to + 3 * plane);
    }

    @Override
    public float[] result() {
      int image = s.o() * s.oh() * s.ow();
      float[] values = new float[s.n() * image];
      for (int n = 0; n < s.n(); n++) {
        for (int at = 0; at < image; at++) {
          values[n * image + at] = dst[(n / LANES * image + at) * LANES + n % LANES];
        }
      }
      return values;
    }

    @Override
    public void close() {}
  }
}
