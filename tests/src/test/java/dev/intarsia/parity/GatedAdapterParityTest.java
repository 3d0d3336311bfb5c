// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.GatedAdapter;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Both sizes of adapters: 1x1 where the convolution has a centre tap. */
class GatedAdapterParityTest extends KernelParityTest<Conv2dShape> {
  private static final int OUTPUTS = 3; // of a gate
  private static final float[] GATES = {1, 0, 0.5f};

  @Override
  public String stem() {
    return "gated_adapter";
  }

  @Override
  List<Problem<Conv2dShape>> problems() {
    return Problems.conv2d();
  }

  @Override
  public List<Entry<Conv2dShape>> entries() {
    return List.of(
        entry("gated_adapter_fold", "1x1", (side, s, problem) -> fold(side, s, true)),
        entry("gated_adapter_fold", "all taps", (side, s, problem) -> fold(side, s, false)),
        entry("gated_adapter_backward", "1x1", (side, s, problem) -> backward(side, s, true)),
        entry(
            "gated_adapter_backward", "all taps", (side, s, problem) -> backward(side, s, false)));
  }

  private static int outputs(Conv2dShape s) {
    return Math.min(OUTPUTS, s.o());
  }

  private static float[] gates(Conv2dShape s) {
    float[] gates = new float[(s.o() + outputs(s) - 1) / outputs(s)];
    for (int g = 0; g < gates.length; g++) {
      gates[g] = GATES[g % GATES.length];
    }
    return gates;
  }

  private static int[] filter(Conv2dShape s, boolean centre) {
    return centre && GatedAdapter.hasCentreTap(s) ? new int[] {1, 1} : new int[] {s.kh(), s.kw()};
  }

  private static GatedAdapter bind(Side side, Conv2dShape s, int[] filter) {
    float[] gates = gates(s);
    return GatedAdapter.bind(
            side.context(), s.withN(side.capacity(s.n())), filter[0], filter[1], outputs(s))
        .adapter(side.plain("adapter", s.o(), s.i(), filter[0], filter[1]))
        .gates(side.plain("gates", gates, gates.length));
  }

  private static Runnable fold(Side side, Conv2dShape s, boolean centre) {
    Tolerance tolerance = Tolerance.sum(2, ref -> Math.max(ref.max("weights"), ref.max("adapter")));
    return bind(side, s, filter(s, centre))
            .weights(side.plain("weights", s.o(), s.i(), s.kh(), s.kw()))
            .folded(side.writtenPlain("folded", tolerance, s.o(), s.i(), s.kh(), s.kw()))
        ::fold;
  }

  private static Runnable backward(Side side, Conv2dShape s, boolean centre) {
    int[] filter = filter(s, centre);
    long products = (long) s.n() * s.oh() * s.ow();
    long gated = (long) outputs(s) * s.i() * filter[0] * filter[1];
    Tolerance weights = Tolerance.product(products, "src", "diffDst");
    Tolerance gates =
        Tolerance.sum(
            gated * products, ref -> ref.max("src") * ref.max("diffDst") * ref.max("adapter"));
    GatedAdapter op =
        bind(side, s, filter)
            .exact(true)
            .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
            .diffDst(side.diff("diffDst", s.n(), s.o(), s.oh(), s.ow()))
            .diffAdapter(
                side.writtenPlain("diffAdapter", weights, s.o(), s.i(), filter[0], filter[1]));
    if (s.o() % 4 != 1) {
      op.diffGates(side.writtenPlain("diffGates", gates, gates(s).length));
    }
    op.batch(s.n());
    return op::backward;
  }

  /** Bits, not values: -0, denormals and a NaN of the frozen weights come through. */
  @Test
  void aClosedGateCopiesBits() {
    Conv2dShape s = Conv2dShape.square(8, 20, 5, 5, 4, 3, 1, 1);
    float[] weights = Values.signed("weights", s.o() * s.reductionLength());
    weights[0] = -0.0f;
    weights[4] = -0.0f;
    weights[13] = Float.MIN_VALUE;
    weights[22] = Float.NaN;
    try (Context context = Context.cpu()) {
      for (int k : new int[] {1, 3}) {
        Tensor base = Tensor.plain(context, s.o(), s.i(), 3, 3);
        base.upload(weights);
        Tensor adapter = Tensor.plain(context, s.o(), s.i(), k, k);
        adapter.upload(Values.signed("adapter", s.o() * s.i() * k * k));
        Tensor gates = Tensor.plain(context, 2);
        gates.upload(new float[] {0, 1});
        Tensor folded = Tensor.plain(context, s.o(), s.i(), 3, 3);
        GatedAdapter.bind(context, s, k, k, 2)
            .weights(base)
            .adapter(adapter)
            .gates(gates)
            .folded(folded)
            .fold();
        int closed = 2 * s.reductionLength();
        for (int i = 0; i < closed; i++) {
          assertEquals(
              Float.floatToRawIntBits(weights[i]),
              Float.floatToRawIntBits(folded.download()[i]),
              "weight " + i);
        }
        assertTrue(folded.download()[closed + 4] != weights[closed + 4], "an open gate adds");
      }
    }
  }

  @Test
  void whatIsNoAdapterIsRefused() {
    try (Context context = Context.cpu()) {
      Conv2dShape even = Conv2dShape.square(8, 3, 8, 8, 4, 2, 1, 0);
      Conv2dShape unpadded = Conv2dShape.square(8, 3, 8, 8, 4, 3, 1, 0);
      for (Conv2dShape s : List.of(even, unpadded)) {
        assertTrue(
            assertThrows(
                    IllegalArgumentException.class, () -> GatedAdapter.bind(context, s, 1, 1, 4))
                .getMessage()
                .contains("centre tap"));
      }
      Conv2dShape s = Conv2dShape.square(8, 3, 8, 8, 4, 3, 1, 1);
      assertThrows(IllegalArgumentException.class, () -> GatedAdapter.bind(context, s, 3, 1, 4));
      assertThrows(IllegalArgumentException.class, () -> GatedAdapter.bind(context, s, 1, 1, 0));
      assertThrows(IllegalArgumentException.class, () -> GatedAdapter.bind(context, s, 1, 1, 5));
      float[] kept = Values.signed("kept", 12);
      Tensor diff = Tensor.plain(context, 4, 3, 1, 1);
      diff.upload(kept);
      Tensor gates = Tensor.plain(context, 2);
      GatedAdapter op =
          GatedAdapter.bind(context, s, 1, 1, 2)
              .gates(gates)
              .src(Tensor.activations(context, 8, 3, 8, 8))
              .diffDst(Tensor.activations(context, 8, 4, 8, 8))
              .diffAdapter(diff)
              .diffGates(Tensor.plain(context, 2));
      assertThrows(IllegalStateException.class, op::backward, "the adapter is not set");
      assertArrayEquals(kept, diff.download(), "nothing is written");
    }
  }
}
