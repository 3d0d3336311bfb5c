// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.Conv2dShape;

/**
 * What {@code GatedAdapter} means: a frozen convolution beside a gated parallel adapter. An adapter
 * has all taps of the filter or, 1x1, the centre tap alone.
 */
public final class GatedAdapterReference {
  private GatedAdapterReference() {}

  /**
   * {@code folded = weights + gate . adapter}; a gate of 0 copies.
   *
   * @param s of the convolution
   * @param outputs output channels of a gate
   * @param weights [O, I, KH, KW]
   * @param adapter [O, I, 1, 1] or as weights
   * @param gates [ceil(O / outputs)]
   * @param folded as weights, written
   */
  public static void fold(
      Conv2dShape s, int outputs, float[] weights, float[] adapter, float[] gates, float[] folded) {
    System.arraycopy(weights, 0, folded, 0, folded.length);
    int taps = adapter.length / (s.o() * s.i());
    for (int k = 0; k < adapter.length; k++) {
      float gate = gates[k / (taps * s.i()) / outputs];
      if (gate != 0) {
        int at = taps == s.kh() * s.kw() ? k : centre(s, k);
        folded[at] = (float) (weights[at] + (double) gate * adapter[k]);
      }
    }
  }

  /**
   * The gradients of adapter and gates; with G that of the filters at the adapter's taps {@code
   * diffAdapter = gate . G} and {@code diffGates = sum of adapter . G}.
   *
   * @param s of the convolution
   * @param outputs output channels of a gate
   * @param src [N, C, H, W]
   * @param diffDst [N, O, OH, OW]
   * @param adapter [O, I, 1, 1] or [O, I, KH, KW]; not read without diffGates
   * @param gates [ceil(O / outputs)]
   * @param diffAdapter as adapter, written
   * @param diffGates as gates, written, or null
   */
  public static void backward(
      Conv2dShape s,
      int outputs,
      float[] src,
      float[] diffDst,
      float[] adapter,
      float[] gates,
      float[] diffAdapter,
      float[] diffGates) {
    float[] g = new float[s.o() * s.reductionLength()];
    MaskedConv2dReference.backwardWeights(s, src, diffDst, null, g, null);
    int taps = diffAdapter.length / (s.o() * s.i());
    double[] sums = new double[gates.length];
    for (int k = 0; k < diffAdapter.length; k++) {
      int gate = k / (taps * s.i()) / outputs;
      float value = g[taps == s.kh() * s.kw() ? k : centre(s, k)];
      if (diffGates != null) {
        sums[gate] += (double) adapter[k] * value;
      }
      diffAdapter[k] = gates[gate] == 0 ? 0 : gates[gate] * value;
    }
    for (int gate = 0; diffGates != null && gate < sums.length; gate++) {
      diffGates[gate] = (float) sums[gate];
    }
  }

  /** The weight of the centre tap of kernel {@code k}. */
  private static int centre(Conv2dShape s, int k) {
    return k * s.kh() * s.kw() + s.kh() * s.kw() / 2;
  }
}
