// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import static dev.intarsia.bench.paired.NativeOp.filled;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Mask;
import dev.intarsia.PanelOrder;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookConv2d;
import dev.intarsia.ops.MaskedConv2d;
import java.util.List;

/** Our convolutions of codes of one problem on one context, and the same of floats. */
final class IntarsiaCodebookConv {
  private static final Structure HALF = new Structure("weight", 0.5);

  private final Context context;
  private final boolean oneThread;
  private final CodebookConvWork work;
  private final Conv2dShape s;
  private final Tensor src;
  private final Tensor dst;
  private final Tensor codebook;
  private final Codes codes;

  IntarsiaCodebookConv(Context context, boolean oneThread, CodebookConvWork work) {
    this.context = context;
    this.oneThread = oneThread;
    this.work = work;
    s = work.shape();
    src = filled(Tensor.activations(context, s.n(), s.c(), s.h(), s.w()), work.dense().src());
    dst = Tensor.activations(context, s.n(), s.o(), s.oh(), s.ow());
    codebook = filled(Tensor.plain(context, 1, work.centres().length), work.centres());
    codes = Codes.of(context, s.o(), s.reductionLength(), work.bits(), work.codes());
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
            : PanelOrder.of(
                Mask.of(context, s.o(), s.reductionLength(), work.dense().mask(structure)));
    CodebookConv2d op =
        CodebookConv2d.bind(context, s, work.bits(), 1)
            .codes(codes)
            .codebooks(codebook)
            .mask(mask)
            .src(src)
            .dst(dst);
    return op(Row.OURS, structure, op::forward);
  }

  private Contender floats() {
    Tensor weights =
        filled(Tensor.plain(context, s.o(), s.i(), s.kh(), s.kw()), work.dense().weights());
    MaskedConv2d op = MaskedConv2d.bind(context, s).weights(weights).src(src).dst(dst);
    return op(Row.FLOATS, Structure.FULL, op::forward);
  }

  private Contender op(String name, Structure structure, Runnable call) {
    String full = oneThread ? name + Row.ONE_THREAD : name;
    return new NativeOp(full, "", structure, oneThread, context, call, NativeOp.reading(dst));
  }
}
