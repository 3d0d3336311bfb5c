// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import static dev.intarsia.bench.paired.NativeOp.filled;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedConv2d;
import java.util.ArrayList;
import java.util.List;

/**
 * Our convolutions of one problem on one context. They share the tensors; gradients of weights add
 * up, so each mask has its own.
 */
final class IntarsiaConv {
  private final Context context;
  private final boolean oneThread;
  private final ConvWork work;
  private final Conv2dShape s;
  private final Tensor src;
  private final Tensor dst;
  private final Tensor diffSrc;
  private final Tensor weights;

  IntarsiaConv(Context context, boolean oneThread, ConvWork work) {
    this.context = context;
    this.oneThread = oneThread;
    this.work = work;
    s = work.shape();
    src = filled(Tensor.activations(context, s.n(), s.c(), s.h(), s.w()), work.src());
    dst = filled(Tensor.activations(context, s.n(), s.o(), s.oh(), s.ow()), work.diffDst());
    diffSrc = Tensor.activations(context, s.n(), s.c(), s.h(), s.w());
    weights = filled(Tensor.plain(context, s.o(), s.i(), s.kh(), s.kw()), work.weights());
  }

  /** Every mask, none at all, and the exact sums where Winograd could be taken. */
  List<Contender> all() {
    if (work.direction() == Direction.BACKWARD_WEIGHTS_SCORES) {
      return List.of(scored(new Structure("weight", 0.5)));
    }
    boolean kernels = s.kh() * s.kw() > 1;
    List<Contender> all = new ArrayList<>();
    all.add(contender(Row.UNMASKED, Structure.FULL, null, false));
    for (Structure structure : Structure.ofConvolution(kernels)) {
      all.add(contender(Row.OURS, structure, work.mask(structure), false));
    }
    if (kernels) {
      all.add(contender(Row.EXACT, Structure.FULL, work.mask(Structure.FULL), true));
    }
    return all;
  }

  /** What a speed-up by threads is measured with. */
  List<Contender> few() {
    if (work.direction() == Direction.BACKWARD_WEIGHTS_SCORES) {
      return all();
    }
    List<Contender> few = new ArrayList<>();
    few.add(contender(Row.OURS, Structure.FULL, work.mask(Structure.FULL), false));
    if (s.kh() * s.kw() > 1) {
      Structure kernels = new Structure("kernel", 0.25);
      few.add(contender(Row.OURS, kernels, work.mask(kernels), false));
      few.add(contender(Row.EXACT, Structure.FULL, work.mask(Structure.FULL), true));
    }
    return few;
  }

  private Contender contender(String name, Structure structure, boolean[] bits, boolean exact) {
    Mask mask = bits == null ? null : Mask.of(context, s.o(), s.reductionLength(), bits);
    MaskedConv2d op =
        MaskedConv2d.bind(context, s).weights(weights).mask(mask).src(src).exact(exact);
    return switch (work.direction()) {
      case FORWARD -> {
        op.dst(dst);
        yield op(name, structure, plan(op), op::forward, dst);
      }
      case BACKWARD_DATA -> {
        op.diffDst(dst).diffSrc(diffSrc);
        yield op(name, structure, plan(op), op::backwardData, diffSrc);
      }
      default -> {
        Tensor diffWeights = gradient();
        op.diffDst(dst).diffWeights(diffWeights);
        yield op(name, structure, plan(op), op::backwardWeights, diffWeights);
      }
    };
  }

  /** Gradients of weights and scores: the one place that says how a training step gets both. */
  private Contender scored(Structure structure) {
    Tensor diffWeights = gradient();
    Tensor diffScores = gradient();
    MaskedConv2d op =
        MaskedConv2d.bind(context, s)
            .weights(weights)
            .mask(Mask.of(context, s.o(), s.reductionLength(), work.mask(structure)))
            .src(src)
            .diffDst(dst)
            .scores(filled(gradient(), work.scores()))
            .diffWeights(diffWeights)
            .diffScores(diffScores);
    return op(Row.OURS, structure, plan(op), op::backwardWeights, diffWeights, diffScores);
  }

  private Tensor gradient() {
    return Tensor.plain(context, s.o(), s.i(), s.kh(), s.kw());
  }

  private String plan(MaskedConv2d op) {
    return op.explain(
        switch (work.direction()) {
          case FORWARD -> dev.intarsia.Direction.FORWARD;
          case BACKWARD_DATA -> dev.intarsia.Direction.BACKWARD_DATA;
          default -> dev.intarsia.Direction.BACKWARD_WEIGHTS;
        });
  }

  private Contender op(
      String name, Structure structure, String plan, Runnable call, Tensor... written) {
    String full = oneThread ? name + Row.ONE_THREAD : name;
    return new NativeOp(full, plan, structure, oneThread, context, call, NativeOp.reading(written));
  }
}
