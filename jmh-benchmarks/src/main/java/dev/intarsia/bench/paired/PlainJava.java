// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedConv2d;
import java.util.Arrays;
import java.util.List;

/**
 * The definitions in plain loops, and a sort for the threshold: what the standard library gives.
 * Problems on which the loops would take seconds are left out.
 */
final class PlainJava implements Library {
  private static final double MOST_FLOPS = 5e7;
  private static final String NAME = "java";

  @Override
  public String version() {
    return NAME + " " + Runtime.version();
  }

  @Override
  public void open(Settings settings) {}

  @Override
  public List<Contender> contenders(Work work) {
    if (work instanceof ConvWork conv && work.flops(Structure.FULL) <= MOST_FLOPS) {
      return List.of(new Reference(conv));
    }
    return work instanceof SelectWork select ? List.of(new Sort(select)) : List.of();
  }

  private static final class Reference implements Contender {
    private final Context context = Context.reference();
    private final Runnable call;
    private final Tensor written;

    Reference(ConvWork work) {
      Conv2dShape s = work.shape();
      Tensor src = Tensor.activations(context, s.n(), s.c(), s.h(), s.w());
      Tensor diffSrc = Tensor.activations(context, s.n(), s.c(), s.h(), s.w());
      Tensor dst = Tensor.activations(context, s.n(), s.o(), s.oh(), s.ow());
      Tensor diffDst = Tensor.activations(context, s.n(), s.o(), s.oh(), s.ow());
      Tensor weights = Tensor.plain(context, s.o(), s.i(), s.kh(), s.kw());
      Tensor diffWeights = Tensor.plain(context, s.o(), s.i(), s.kh(), s.kw());
      src.upload(work.src());
      diffDst.upload(work.diffDst());
      weights.upload(work.weights());
      MaskedConv2d op =
          MaskedConv2d.bind(context, s)
              .weights(weights)
              .mask(null)
              .src(src)
              .dst(dst)
              .diffDst(diffDst)
              .diffSrc(diffSrc)
              .diffWeights(diffWeights);
      switch (work.direction()) {
        case FORWARD -> {
          call = op::forward;
          written = dst;
        }
        case BACKWARD_DATA -> {
          call = op::backwardData;
          written = diffSrc;
        }
        default -> {
          call = op::backwardWeights;
          written = diffWeights;
        }
      }
    }

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public String variety() {
      return "reference";
    }

    @Override
    public Structure structure() {
      return Structure.FULL;
    }

    @Override
    public void run() {
      call.run();
    }

    @Override
    public float[] result() {
      return written.download();
    }

    @Override
    public void close() {
      context.close();
    }
  }

  private static final class Sort implements Contender {
    private final SelectWork work;
    private float found;

    Sort(SelectWork work) {
      this.work = work;
    }

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public String variety() {
      return "sort";
    }

    @Override
    public Structure structure() {
      return Structure.FULL;
    }

    @Override
    public void run() {
      float[] magnitudes = new float[work.scores().length];
      for (int i = 0; i < magnitudes.length; i++) {
        magnitudes[i] = Math.abs(work.scores()[i]);
      }
      Arrays.sort(magnitudes);
      found = magnitudes[work.rank() - 1];
    }

    @Override
    public float[] result() {
      return new float[] {found};
    }

    @Override
    public void close() {}
  }
}
