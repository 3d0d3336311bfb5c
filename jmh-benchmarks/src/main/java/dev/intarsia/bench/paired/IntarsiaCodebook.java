// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import static dev.intarsia.bench.paired.NativeOp.filled;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.PanelOrder;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookLinear;
import dev.intarsia.ops.MaskedLinear;
import java.util.List;

/** Our fully connected layers of codes of one problem on one context, and the same of floats. */
final class IntarsiaCodebook {
  private static final Structure HALF = new Structure("weight", 0.5);

  private final Context context;
  private final boolean oneThread;
  private final CodebookWork work;
  private final LinearShape s;
  private final Tensor src;
  private final Tensor dst;
  private final Tensor codebook;
  private final Codes codes;

  IntarsiaCodebook(Context context, boolean oneThread, CodebookWork work) {
    this.context = context;
    this.oneThread = oneThread;
    this.work = work;
    s = work.shape();
    src = filled(Tensor.activations(context, s.n(), s.i(), 1, 1), work.dense().src());
    dst = Tensor.activations(context, s.n(), s.o(), 1, 1);
    codebook = filled(Tensor.plain(context, 1, work.centres().length), work.centres());
    codes = Codes.of(context, s.o(), s.i(), work.bits(), work.codes());
  }

  /** All weights, half of them under a mask, and floats. */
  List<Contender> all() {
    return List.of(coded(Structure.FULL), coded(HALF), floats());
  }

  /** What a speed-up by threads is measured with. */
  List<Contender> few() {
    return List.of(coded(Structure.FULL));
  }

  private Contender coded(Structure structure) {
    Mask mask =
        structure.equals(Structure.FULL)
            ? null
            : PanelOrder.of(Mask.of(context, s.o(), s.i(), work.dense().mask(structure)));
    CodebookLinear op =
        CodebookLinear.bind(context, s, work.bits(), 1)
            .codes(codes)
            .codebooks(codebook)
            .mask(mask)
            .src(src)
            .dst(dst);
    return op(Row.OURS, structure, op::forward);
  }

  /** Packed before where the layout has it, as {@link Row#PACKED}. */
  private Contender floats() {
    Tensor weights = filled(Tensor.plain(context, s.o(), s.i()), work.dense().weights());
    MaskedLinear op = MaskedLinear.bind(context, s).weights(weights).src(src).dst(dst);
    if (src.layout().block() > 1) {
      op.packed(Tensor.plain(context, op.packedLength())).pack();
    }
    return op(Row.FLOATS, Structure.FULL, op::forward);
  }

  private Contender op(String name, Structure structure, Runnable call) {
    String full = oneThread ? name + Row.ONE_THREAD : name;
    return new NativeOp(full, "", structure, oneThread, context, call, NativeOp.reading(dst));
  }
}
