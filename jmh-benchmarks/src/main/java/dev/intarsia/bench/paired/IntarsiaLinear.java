// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import static dev.intarsia.bench.paired.NativeOp.filled;

import dev.intarsia.Context;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedLinear;
import java.util.ArrayList;
import java.util.List;

/** Our fully connected layers of one problem on one context; see {@link IntarsiaConv}. */
final class IntarsiaLinear {
  private final Context context;
  private final boolean oneThread;
  private final LinearWork work;
  private final LinearShape s;
  private final Tensor src;
  private final Tensor dst;
  private final Tensor diffSrc;
  private final Tensor weights;

  IntarsiaLinear(Context context, boolean oneThread, LinearWork work) {
    this.context = context;
    this.oneThread = oneThread;
    this.work = work;
    s = work.shape();
    src = filled(Tensor.activations(context, s.n(), s.i(), 1, 1), work.src());
    dst = filled(Tensor.activations(context, s.n(), s.o(), 1, 1), work.diffDst());
    diffSrc = Tensor.activations(context, s.n(), s.i(), 1, 1);
    weights = filled(Tensor.plain(context, s.o(), s.i()), work.weights());
  }

  /** Every mask and none at all; weights packed by each call, and before. */
  List<Contender> all() {
    List<Contender> all = new ArrayList<>();
    all.add(contender(Row.UNMASKED, Structure.FULL, masked(null)));
    boolean packs = work.direction() != Direction.BACKWARD_WEIGHTS && src.layout().block() > 1;
    for (Structure structure : Structure.ofConvolution(false)) {
      all.add(contender(Row.OURS, structure, masked(work.mask(structure))));
      if (packs) {
        all.add(packed(structure));
      }
    }
    return all;
  }

  /** What a speed-up by threads is measured with. */
  List<Contender> few() {
    return List.of(contender(Row.OURS, Structure.FULL, masked(work.mask(Structure.FULL))));
  }

  /** As the inference of a finished task has it. */
  private Contender packed(Structure structure) {
    MaskedLinear op = masked(work.mask(structure));
    if (work.direction() == Direction.FORWARD) {
      op.packed(Tensor.plain(context, op.packedLength()));
    } else {
      op.packedTransposed(Tensor.plain(context, op.packedTransposedLength()));
    }
    op.pack();
    return contender(Row.PACKED, structure, op);
  }

  private MaskedLinear masked(boolean[] bits) {
    Mask mask = bits == null ? null : Mask.of(context, s.o(), s.i(), bits);
    return MaskedLinear.bind(context, s).weights(weights).mask(mask).src(src);
  }

  private Contender contender(String name, Structure structure, MaskedLinear op) {
    return switch (work.direction()) {
      case FORWARD -> {
        op.dst(dst);
        yield op(name, structure, op::forward, dst);
      }
      case BACKWARD_DATA -> {
        op.diffDst(dst).diffSrc(diffSrc);
        yield op(name, structure, op::backwardData, diffSrc);
      }
      default -> {
        Tensor diffWeights = Tensor.plain(context, s.o(), s.i());
        op.diffDst(dst).diffWeights(diffWeights);
        yield op(name, structure, op::backwardWeights, diffWeights);
      }
    };
  }

  private Contender op(String name, Structure structure, Runnable call, Tensor written) {
    String full = oneThread ? name + Row.ONE_THREAD : name;
    return new NativeOp(full, "", structure, oneThread, context, call, NativeOp.reading(written));
  }
}
