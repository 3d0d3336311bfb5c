// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.e2aen;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Layout;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.GatedAdapter;
import dev.intarsia.ops.MaskedConv2d;
import dev.intarsia.ops.MaskedSgd;
import dev.intarsia.ops.Relu;
import dev.intarsia.training.nn.Conv2d;
import dev.intarsia.training.nn.FoldedAdapter;
import dev.intarsia.training.nn.Parameter;
import java.util.Arrays;

/**
 * How strong an adapter's output is beside its convolution's, and the gradient of that by the
 * adapter. Both are estimated on the first block of 16 images of a batch. What comes before the
 * adapter gets no gradient of it.
 *
 * <p>No activation leaves the device: the sum of squares of an activation is the gate gradient of a
 * channelwise adapter of ones whose input and output gradient it is.
 */
final class ActivationProbe implements AutoCloseable {
  private static final double TINY = 1e-6; // beside the rms of the convolution

  private final FoldedAdapter adapter;
  private final Tensor branch; // [N, O, OH, OW], of which a block is used
  private final MaskedConv2d base;
  private final MaskedConv2d own;
  private final GatedAdapter energy;
  private final GatedAdapter gradient;
  private final MaskedSgd subtract;
  private final Tensor channelOnes; // [O, 1, 1, 1]
  private final Tensor one; // [gates]
  private final Tensor channelDiff; // [O, 1, 1, 1]
  private final Tensor squares; // [gates]
  private final Tensor factors; // [gates]
  private final Tensor weightDiff; // as the adapter
  private final long pixels; // of a channel
  private double[] baseSquares; // [gates], null until measured
  private Relu positive; // made for R2
  private Tensor ones; // [N, O, OH, OW]
  private Tensor signs; // [N, O, OH, OW]

  ActivationProbe(Conv2d layer, FoldedAdapter adapter) {
    this.adapter = adapter;
    Context context = layer.in().value().context();
    Conv2dShape s = layer.shape();
    Conv2dShape reads = own(adapter);
    int outputs = adapter.outputs();
    pixels = (long) s.oh() * s.ow();
    branch = Tensor.activations(context, s.n(), s.o(), s.oh(), s.ow());
    channelOnes = filled(Tensor.plain(context, s.o(), 1, 1, 1));
    one = filled(Tensor.plain(context, adapter.gates()));
    channelDiff = Tensor.plain(context, s.o(), 1, 1, 1);
    squares = Tensor.plain(context, adapter.gates());
    factors = Tensor.plain(context, adapter.gates());
    Parameter weights = adapter.adapter();
    weightDiff = Tensor.plain(context, reads.o(), reads.i(), reads.kh(), reads.kw());
    base =
        MaskedConv2d.bind(context, s)
            .weights(layer.weights().weights())
            .src(layer.in().value())
            .dst(branch);
    own =
        MaskedConv2d.bind(context, reads)
            .weights(weights.weights())
            .src(adapter.in().value())
            .dst(branch);
    Conv2dShape channels =
        new Conv2dShape(s.n(), s.o(), s.oh(), s.ow(), s.o(), 1, 1, 1, 1, 0, 0, 1, 1, s.o());
    energy =
        GatedAdapter.bind(context, channels, 1, 1, outputs)
            .adapter(channelOnes)
            .gates(one)
            .src(branch)
            .diffDst(branch)
            .diffAdapter(channelDiff)
            .diffGates(squares);
    gradient =
        GatedAdapter.bind(context, reads, reads.kh(), reads.kw(), outputs)
            .gates(factors)
            .src(adapter.in().value())
            .diffDst(branch)
            .diffAdapter(weightDiff);
    subtract =
        MaskedSgd.bind(context, new PlaneShape(weights.rows(), weights.cols()))
            .gradient(weightDiff)
            .weights(weights.gradient())
            .learningRate(1);
  }

  /** The convolution that an adapter is. */
  private static Conv2dShape own(FoldedAdapter adapter) {
    Conv2dShape s = adapter.shape();
    int k = adapter.kernel();
    if (k == s.kh()) {
      return s;
    }
    return Conv2dShape.square(s.n(), s.c(), s.h(), s.w(), s.o(), k, s.strideH(), 0);
  }

  private static Tensor filled(Tensor tensor) {
    float[] values = new float[(int) tensor.elements()];
    Arrays.fill(values, 1);
    tensor.upload(values);
    return tensor;
  }

  /**
   * How many images of a batch are looked at: a block, since the pad lanes of a part of one would
   * count; none where there is none.
   */
  int images(int batch) {
    int block = branch.layout().block();
    return block == Layout.BLOCK ? (batch < block ? 0 : block) : batch;
  }

  private double[] squares() {
    energy.backward();
    float[] sums = squares.download();
    double[] result = new double[sums.length];
    for (int g = 0; g < sums.length; g++) {
      result[g] = sums[g];
    }
    return result;
  }

  /** Measures the convolution's own output; lasts until the next measurement. */
  void measureBase(int images) {
    base.batch(images);
    energy.batch(images);
    base.forward();
    baseSquares = squares();
  }

  /** Whether the convolution was measured. */
  boolean hasBase() {
    return baseSquares != null;
  }

  /** Values of the output of a gate. */
  private double elements(int gate, int images) {
    int o = adapter.shape().o();
    int rows = Math.min(adapter.outputs(), o - gate * adapter.outputs());
    return (double) rows * pixels * images;
  }

  private void branch(int images) {
    own.batch(images);
    energy.batch(images);
    gradient.batch(images);
    own.forward();
  }

  /** Adds {@code -factor . gradient} to the gradient of the adapter, per gate. */
  private void add(Tensor diff, float[] factor) {
    factors.upload(factor);
    gradient.diffDst(diff).backward();
    subtract.step();
  }

  /**
   * R1: adds the gradient of {@code weight * sum over open gates of max(0, rho - r)^2}, with r the
   * rms of the adapter's output over that of the convolution's.
   *
   * @param open [gates]
   */
  void demandActivation(boolean[] open, double weight, double rho, int images) {
    branch(images);
    double[] own = squares();
    float[] factor = new float[own.length];
    boolean any = false;
    for (int g = 0; g < own.length; g++) {
      double count = elements(g, images);
      double rms = Math.sqrt(own[g] / count);
      double beside = Math.sqrt(baseSquares[g] / count) + TINY;
      double lack = rho - rms / beside;
      if (open[g] && lack > 0 && rms > 0) {
        factor[g] = (float) (2 * lack * weight / (beside * count * rms));
        any = true;
      }
    }
    if (any) {
      add(branch, factor);
    }
  }

  /**
   * R2: adds the gradient of {@code weight * sum over open gates of mean|output|}.
   *
   * @param open [gates]
   */
  void demandSparsity(boolean[] open, double weight, int images) {
    if (positive == null) {
      Context context = branch.context();
      long[] dims = branch.dims();
      ActivationShape shape =
          new ActivationShape((int) dims[0], (int) dims[1], (int) dims[2], (int) dims[3]);
      ones = filled(Tensor.activations(context, shape.n(), shape.c(), shape.h(), shape.w()));
      signs = Tensor.activations(context, shape.n(), shape.c(), shape.h(), shape.w());
      positive = Relu.bind(context, shape).dst(branch).diffDst(ones).diffSrc(signs);
    }
    branch(images);
    positive.batch(images);
    positive.backwardData(); // 1 where the output is above zero: the sign is twice that, less one
    float[] factor = new float[open.length];
    float[] doubled = new float[open.length];
    for (int g = 0; g < open.length; g++) {
      factor[g] = open[g] ? (float) (weight / elements(g, images)) : 0;
      doubled[g] = -2 * factor[g];
    }
    add(signs, doubled);
    add(ones, factor);
  }

  @Override
  public void close() {
    for (Tensor tensor :
        new Tensor[] {branch, channelOnes, one, channelDiff, squares, factors, weightDiff}) {
      tensor.close();
    }
    if (positive != null) {
      ones.close();
      signs.close();
    }
  }
}
