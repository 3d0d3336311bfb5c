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
import dev.intarsia.ops.CodebookLinearInt8;
import dev.intarsia.ops.MaskedLinear;
import java.util.List;

/** Our fully connected layers of codes of one problem on one context, and the same of floats. */
final class IntarsiaCodebook {
  private static final Structure HALF = new Structure("weight", 0.5);

  /** What rounding to bytes may cost. */
  private static final double INT8_BOUND = 0.02;

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

  /** All weights, half of them under a mask, and floats; of bytes also the exact op. */
  List<Contender> all() {
    return work.int8()
        ? List.of(int8(Structure.FULL), int8(HALF), coded(Row.CODES, Structure.FULL))
        : List.of(coded(Row.OURS, Structure.FULL), coded(Row.OURS, HALF), floats());
  }

  /** What a speed-up by threads is measured with. */
  List<Contender> few() {
    return List.of(work.int8() ? int8(Structure.FULL) : coded(Row.OURS, Structure.FULL));
  }

  private Mask mask(Structure structure) {
    return structure.equals(Structure.FULL)
        ? null
        : PanelOrder.of(Mask.of(context, s.o(), s.i(), work.dense().mask(structure)));
  }

  private Contender int8(Structure structure) {
    CodebookLinearInt8 op =
        CodebookLinearInt8.bind(context, s, work.bits(), 1)
            .codes(codes)
            .codebooks(codebook)
            .mask(mask(structure))
            .src(src)
            .dst(dst);
    return op(Row.OURS, structure, INT8_BOUND, op::forward);
  }

  private Contender coded(String name, Structure structure) {
    CodebookLinear op =
        CodebookLinear.bind(context, s, work.bits(), 1)
            .codes(codes)
            .codebooks(codebook)
            .mask(mask(structure))
            .src(src)
            .dst(dst);
    return op(name, structure, Sample.BOUND, op::forward);
  }

  /** Packed before where the layout has it, as {@link Row#PACKED}. */
  private Contender floats() {
    Tensor weights = filled(Tensor.plain(context, s.o(), s.i()), work.dense().weights());
    MaskedLinear op = MaskedLinear.bind(context, s).weights(weights).src(src).dst(dst);
    if (src.layout().block() > 1) {
      op.packed(Tensor.plain(context, op.packedLength())).pack();
    }
    return op(Row.FLOATS, Structure.FULL, Sample.BOUND, op::forward);
  }

  private Contender op(String name, Structure structure, double bound, Runnable call) {
    String full = oneThread ? name + Row.ONE_THREAD : name;
    return new NativeOp(
        full, "", structure, oneThread, bound, context, call, NativeOp.reading(dst));
  }
}
