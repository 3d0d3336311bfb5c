// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Layout;
import dev.intarsia.Tensor;
import dev.intarsia.ops.GatedAdapter;
import dev.intarsia.ops.MaskedConv2d;
import dev.intarsia.reference.MaskedConv2dReference;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One convolution over folded weights is two convolutions and a gated sum, forward and backward, at
 * strides 1 and 2, on odd and even sizes, in both layouts.
 */
class GatedAdapterFoldTest {
  private static final double RELATIVE = 1e-5;
  private static final float[] GATES = {1, 0.5f, 0};
  private static final int OUTPUTS = 8;

  /** What is computed twice. */
  private record Inputs(
      float[] src, float[] weights, float[] adapter, float[] diffDst, Conv2dShape base) {}

  static Stream<Arguments> foldEquivalence() {
    List<Arguments> cases = new ArrayList<>();
    for (int stride : new int[] {1, 2}) {
      for (int size : new int[] {7, 8, 12, 13}) {
        for (int adapter : new int[] {1, 3}) {
          for (Layout layout : Layout.values()) {
            cases.add(Arguments.of(stride, size, adapter, layout));
          }
        }
      }
    }
    return cases.stream();
  }

  @ParameterizedTest(name = "stride {0}, {1}x{1}, adapter {2}x{2}, {3}")
  @MethodSource
  void foldEquivalence(int stride, int size, int k, Layout layout) {
    Conv2dShape s = Conv2dShape.square(18, 18, size, size, 24, 3, stride, 1);
    Inputs in =
        new Inputs(
            Values.signed("src", s.n() * s.c() * size * size),
            Values.signed("weights", s.o() * s.reductionLength()),
            Values.signed("adapter", s.o() * s.i() * k * k),
            Values.signed("diffDst", s.n() * s.o() * s.oh() * s.ow()),
            s);
    Conv2dShape own = Conv2dShape.square(18, 18, size, size, 24, k, stride, k / 2);
    float[] gated = gated(in.adapter, s.i() * k * k);
    float[] dst = new float[in.diffDst.length];
    float[] branch = new float[dst.length];
    MaskedConv2dReference.forward(s, in.src, in.weights, null, null, dst);
    MaskedConv2dReference.forward(own, in.src, gated, null, null, branch);
    float[] diffSrc = new float[in.src.length];
    float[] diffBranch = new float[in.src.length];
    MaskedConv2dReference.backwardData(s, in.diffDst, in.weights, null, diffSrc);
    MaskedConv2dReference.backwardData(own, in.diffDst, gated, null, diffBranch);
    float[] g = new float[in.adapter.length];
    MaskedConv2dReference.backwardWeights(own, in.src, in.diffDst, null, g, null);
    try (Context context = Context.cpu()) {
      float[][] found = folded(context, layout, in, k);
      assertNear("dst", sum(dst, branch), found[0]);
      assertNear("diffSrc", sum(diffSrc, diffBranch), found[1]);
      assertNear("diffAdapter", gated(g, s.i() * k * k), found[2]);
      assertNear("diffGates", gateGradient(own, in, g), found[3]);
    }
  }

  /**
   * Sum over images and pixels of diffDst . (adapter * src), the definition of a gate's gradient.
   */
  private static float[] gateGradient(Conv2dShape own, Inputs in, float[] g) {
    float[] branch = new float[in.diffDst.length];
    MaskedConv2dReference.forward(own, in.src, in.adapter, null, null, branch);
    double[] sums = new double[own.o() / OUTPUTS];
    int pixels = own.oh() * own.ow();
    for (int i = 0; i < branch.length; i++) {
      sums[i / pixels % own.o() / OUTPUTS] += (double) branch[i] * in.diffDst[i];
    }
    float[] gates = new float[sums.length];
    for (int i = 0; i < gates.length; i++) {
      gates[i] = (float) sums[i];
    }
    return gates;
  }

  private static float[] gated(float[] rows, int cols) {
    float[] result = new float[rows.length];
    for (int i = 0; i < rows.length; i++) {
      result[i] = GATES[i / cols / OUTPUTS] * rows[i];
    }
    return result;
  }

  private static float[][] folded(Context context, Layout layout, Inputs in, int k) {
    Conv2dShape s = in.base;
    Tensor src = Tensor.activations(context, layout, s.n(), s.c(), s.h(), s.w());
    src.upload(in.src);
    Tensor diffDst = Tensor.activations(context, layout, s.n(), s.o(), s.oh(), s.ow());
    diffDst.upload(in.diffDst);
    Tensor dst = Tensor.activations(context, layout, s.n(), s.o(), s.oh(), s.ow());
    Tensor diffSrc = Tensor.activations(context, layout, s.n(), s.c(), s.h(), s.w());
    Tensor weights = Tensor.plain(context, s.o(), s.i(), 3, 3);
    weights.upload(in.weights);
    Tensor adapter = Tensor.plain(context, s.o(), s.i(), k, k);
    adapter.upload(in.adapter);
    Tensor gates = Tensor.plain(context, GATES.length);
    gates.upload(GATES);
    Tensor effective = Tensor.plain(context, s.o(), s.i(), 3, 3);
    Tensor diffAdapter = Tensor.plain(context, s.o(), s.i(), k, k);
    Tensor diffGates = Tensor.plain(context, GATES.length);
    GatedAdapter op =
        GatedAdapter.bind(context, s, k, k, OUTPUTS)
            .weights(weights)
            .adapter(adapter)
            .gates(gates)
            .folded(effective)
            .src(src)
            .diffDst(diffDst)
            .diffAdapter(diffAdapter)
            .diffGates(diffGates);
    op.fold();
    MaskedConv2d conv =
        MaskedConv2d.bind(context, s)
            .weights(effective)
            .src(src)
            .dst(dst)
            .diffDst(diffDst)
            .diffSrc(diffSrc);
    conv.forward();
    conv.backwardData();
    op.backward();
    return new float[][] {
      dst.download(), diffSrc.download(), diffAdapter.download(), diffGates.download()
    };
  }

  private static float[] sum(float[] a, float[] b) {
    float[] sum = a.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += b[i];
    }
    return sum;
  }

  /** In the Euclidean norm, as every result of Winograd is judged. */
  private static void assertNear(String what, float[] expected, float[] found) {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      double difference = (double) expected[i] - found[i];
      error += difference * difference;
      norm += (double) expected[i] * expected[i];
    }
    double relative = Math.sqrt(error / norm);
    assertTrue(relative <= RELATIVE, what + " is off by " + relative);
  }
}
