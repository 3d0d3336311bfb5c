// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import static dev.intarsia.bench.paired.NativeOp.filled;

import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.Isa;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MagnitudeThreshold;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * This library. Masks are applied in every call, as a training step does. In a run of several
 * threads some of it runs beside on one.
 */
final class Intarsia implements Library {
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
    List<Contender> contenders = new ArrayList<>(contenders(work, false));
    if (settings.threads() > 1) {
      contenders.addAll(contenders(work, true));
    }
    return contenders;
  }

  private List<? extends Contender> contenders(Work work, boolean oneThread) {
    Context context = open(oneThread ? 1 : settings.threads());
    if (work instanceof ConvWork conv) {
      IntarsiaConv bound = new IntarsiaConv(context, oneThread, conv);
      return oneThread ? bound.few() : bound.all();
    } else if (work instanceof LinearWork linear) {
      IntarsiaLinear bound = new IntarsiaLinear(context, oneThread, linear);
      return oneThread ? bound.few() : bound.all();
    } else if (work instanceof CodebookWork codebook) {
      IntarsiaCodebook bound = new IntarsiaCodebook(context, oneThread, codebook);
      return oneThread ? bound.few() : bound.all();
    } else if (work instanceof CodebookConvWork codebook) {
      IntarsiaCodebookConv bound = new IntarsiaCodebookConv(context, oneThread, codebook);
      return oneThread ? bound.few() : bound.all();
    } else if (work instanceof FitWork fit) {
      return List.of(fit(context, oneThread, fit));
    } else if (work instanceof PlaneWork plane) {
      return new IntarsiaPlane(context, oneThread, plane).all();
    } else if (work instanceof ActivationWork activations) {
      return List.of(new IntarsiaActivations(context, oneThread, activations).contender());
    } else if (work instanceof SelectWork select) {
      return List.of(threshold(context, oneThread, select));
    } else if (work instanceof StepWork step) {
      return List.of(new IntarsiaStep(context, oneThread, step));
    }
    throw new IllegalStateException(work.id() + " is of a kind without a contender");
  }

  private Context open(int threads) {
    return Context.cpu(Isa.valueOf(settings.isa().toUpperCase(Locale.ROOT)), threads);
  }

  private static Contender fit(Context context, boolean oneThread, FitWork work) {
    Tensor centres = Tensor.plain(context, work.size());
    Runnable call = work.bind(context, centres)::apply;
    String name = oneThread ? Row.OURS + Row.ONE_THREAD : Row.OURS;
    return new NativeOp(
        name, "", Structure.FULL, oneThread, context, call, NativeOp.reading(centres));
  }

  private static Contender threshold(Context context, boolean oneThread, SelectWork work) {
    int count = work.scores().length;
    Tensor threshold = Tensor.plain(context, DType.F32, 1);
    MagnitudeThreshold op =
        MagnitudeThreshold.bind(context, new PlaneShape(1, count))
            .values(filled(Tensor.plain(context, 1, count), work.scores()))
            .rank(work.rank())
            .threshold(threshold)
            .counts(Tensor.plain(context, DType.I64, 2));
    String name = oneThread ? Row.OURS + Row.ONE_THREAD : Row.OURS;
    return new NativeOp(
        name, "", Structure.FULL, oneThread, context, op::select, NativeOp.reading(threshold));
  }
}
