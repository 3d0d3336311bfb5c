// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.DType;
import dev.intarsia.Isa;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MagnitudeThreshold;
import dev.intarsia.ops.MaskedConv2d;
import dev.intarsia.ops.MaskedLinear;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * This library. Masks are applied in every call, as a training step does. Beside the full mask
 * stands no mask at all, which tells what a mask costs.
 */
final class Intarsia implements Library {
  private static final String UNMASKED = Row.OURS + " unmasked";
  private Settings settings;

  @Override
  public String version() {
    String version = Intarsia.class.getPackage().getImplementationVersion();
    return Row.OURS + (version == null ? "" : " " + version);
  }

  @Override
  public void open(Settings settings) {
    this.settings = settings;
  }

  @Override
  public List<Contender> contenders(Work work) {
    List<Contender> contenders = new ArrayList<>();
    if (work instanceof ConvWork conv) {
      boolean kernels = conv.shape().kh() * conv.shape().kw() > 1;
      Convolution bound = new Convolution(open(), conv);
      contenders.add(bound.contender(UNMASKED, Structure.FULL, null));
      for (Structure structure : Structure.ofConvolution(kernels)) {
        contenders.add(bound.contender(Row.OURS, structure, conv.mask(structure)));
      }
    } else if (work instanceof LinearWork linear) {
      Linear bound = new Linear(open(), linear);
      contenders.add(bound.contender(UNMASKED, Structure.FULL, null));
      for (Structure structure : Structure.ofConvolution(false)) {
        contenders.add(bound.contender(Row.OURS, structure, linear.mask(structure)));
      }
    } else if (work instanceof SelectWork select) {
      contenders.add(threshold(select));
    } else if (work instanceof StepWork step) {
      contenders.add(new IntarsiaStep(open(), step));
    }
    return contenders;
  }

  private Context open() {
    return Context.cpu(Isa.valueOf(settings.isa().toUpperCase(Locale.ROOT)), settings.threads());
  }

  private Contender threshold(SelectWork work) {
    Context context = open();
    int count = work.scores().length;
    Tensor threshold = Tensor.plain(context, DType.F32, 1);
    MagnitudeThreshold op =
        MagnitudeThreshold.bind(context, new PlaneShape(1, count))
            .values(filled(Tensor.plain(context, 1, count), work.scores()))
            .rank(work.rank())
            .threshold(threshold)
            .counts(Tensor.plain(context, DType.I64, 2));
    return new Op(Row.OURS, Structure.FULL, context, op::select, threshold);
  }

  private static Tensor filled(Tensor tensor, float[] values) {
    tensor.upload(values);
    return tensor;
  }

  /** Tensors that all masks share; gradients of weights add up, so each mask has its own. */
  private static final class Convolution {
    private final Context context;
    private final ConvWork work;
    private final Conv2dShape s;
    private final Tensor src;
    private final Tensor dst;
    private final Tensor diffSrc;
    private final Tensor weights;

    Convolution(Context context, ConvWork work) {
      this.context = context;
      this.work = work;
      s = work.shape();
      src = filled(Tensor.activations(context, s.n(), s.c(), s.h(), s.w()), work.src());
      dst = filled(Tensor.activations(context, s.n(), s.o(), s.oh(), s.ow()), work.diffDst());
      diffSrc = Tensor.activations(context, s.n(), s.c(), s.h(), s.w());
      weights = filled(Tensor.plain(context, s.o(), s.i(), s.kh(), s.kw()), work.weights());
    }

    Contender contender(String name, Structure structure, boolean[] bits) {
      Mask mask = bits == null ? null : Mask.of(context, s.o(), s.reductionLength(), bits);
      MaskedConv2d op = MaskedConv2d.bind(context, s).weights(weights).mask(mask).src(src);
      return switch (work.direction()) {
        case FORWARD -> {
          op.dst(dst);
          yield new Op(name, structure, context, op::forward, dst);
        }
        case BACKWARD_DATA -> {
          op.diffDst(dst).diffSrc(diffSrc);
          yield new Op(name, structure, context, op::backwardData, diffSrc);
        }
        default -> {
          Tensor diffWeights = Tensor.plain(context, s.o(), s.i(), s.kh(), s.kw());
          op.diffDst(dst).diffWeights(diffWeights);
          yield new Op(name, structure, context, op::backwardWeights, diffWeights);
        }
      };
    }
  }

  /** The same for a fully connected layer. */
  private static final class Linear {
    private final Context context;
    private final LinearWork work;
    private final LinearShape s;
    private final Tensor src;
    private final Tensor dst;
    private final Tensor diffSrc;
    private final Tensor weights;

    Linear(Context context, LinearWork work) {
      this.context = context;
      this.work = work;
      s = work.shape();
      src = filled(Tensor.activations(context, s.n(), s.i(), 1, 1), work.src());
      dst = filled(Tensor.activations(context, s.n(), s.o(), 1, 1), work.diffDst());
      diffSrc = Tensor.activations(context, s.n(), s.i(), 1, 1);
      weights = filled(Tensor.plain(context, s.o(), s.i()), work.weights());
    }

    Contender contender(String name, Structure structure, boolean[] bits) {
      Mask mask = bits == null ? null : Mask.of(context, s.o(), s.i(), bits);
      MaskedLinear op = MaskedLinear.bind(context, s).weights(weights).mask(mask).src(src);
      return switch (work.direction()) {
        case FORWARD -> {
          op.dst(dst);
          yield new Op(name, structure, context, op::forward, dst);
        }
        case BACKWARD_DATA -> {
          op.diffDst(dst).diffSrc(diffSrc);
          yield new Op(name, structure, context, op::backwardData, diffSrc);
        }
        default -> {
          Tensor diffWeights = Tensor.plain(context, s.o(), s.i());
          op.diffDst(dst).diffWeights(diffWeights);
          yield new Op(name, structure, context, op::backwardWeights, diffWeights);
        }
      };
    }
  }

  /** A bound op. The context owns all tensors; a second close of it does nothing. */
  private record Op(
      String name, Structure structure, Context context, Runnable call, Tensor written)
      implements Contender {
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
}
