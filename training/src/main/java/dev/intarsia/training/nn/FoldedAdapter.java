// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.CounterRandom;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import dev.intarsia.ops.GatedAdapter;
import java.util.Arrays;
import java.util.List;

/**
 * A gated parallel adapter that is a convolution of the same input, folded into the weights: the
 * layer runs once, over {@code weights + gate . adapter}. (Rebuffi et al. 2018, parallel adapters.)
 *
 * <p>Training folds before each forward pass, since each step changes the adapter; otherwise it is
 * folded once until the gates change or another overlay may have used the shared memory. While all
 * gates are closed the layer reads its own weights, and nothing is launched.
 */
public final class FoldedAdapter implements GatedOverlay {
  private final Conv2dShape shape;
  private final Activation in;
  private final int kernel;
  private final int outputs;
  private final Tensor base; // [O, I, KH, KW]
  private final Tensor folded; // [O, I, KH, KW]
  private final Tensor gates; // [gates]
  private final Tensor diffGates; // [gates]
  private final Parameter adapter; // [O, I, kernel, kernel]
  private final GatedAdapter op;
  private boolean open = true; // some gate is
  private boolean learns;
  private boolean stale = true;

  /**
   * An adapter of a convolution, drawn from a normal distribution: one of zeros would give its gate
   * no gradient.
   *
   * @param name opens the name of the parameter
   * @param kernel KH and KW of the adapter: 1 or that of the layer
   * @param outputs output channels of a gate, 1 .. O
   * @param folded [O, I, KH, KW], memory that adapters of the layer may share if only one at a time
   *     is in place; borrowed
   * @param deviation of the first weights
   * @throws IllegalArgumentException if a 1x1 adapter is no centre tap of the layer
   */
  public FoldedAdapter(
      String name,
      Conv2d layer,
      int kernel,
      int outputs,
      Tensor folded,
      double deviation,
      CounterRandom random) {
    Context context = layer.in().context();
    shape = layer.shape();
    in = layer.in();
    this.kernel = kernel;
    this.outputs = outputs;
    this.folded = folded;
    base = layer.weights().weights();
    op = GatedAdapter.bind(context, shape, kernel, kernel, outputs);
    int count = (shape.o() + outputs - 1) / outputs;
    gates = Tensor.plain(context, count);
    diffGates = Tensor.plain(context, count);
    adapter = Parameter.plain(context, name + ".adapter", shape.o(), shape.i(), kernel, kernel);
    float[] drawn = new float[Math.toIntExact(adapter.count())];
    for (int k = 0; k < drawn.length; k++) {
      drawn[k] = (float) (deviation * random.nextGaussian());
    }
    adapter.weights().upload(drawn);
    op.weights(base)
        .adapter(adapter.weights())
        .gates(gates)
        .folded(folded)
        .src(in.value())
        .diffDst(layer.out().diff());
    float[] ones = new float[count];
    Arrays.fill(ones, 1);
    gates(ones);
  }

  @Override
  public void refresh(Phase phase) {
    if (open && (stale || phase == Phase.TRAIN)) {
      op.fold();
      stale = phase == Phase.TRAIN; // the step that follows changes the adapter
    }
  }

  /** Says that another overlay may have used the memory that this one folds into. */
  public void expire() {
    stale = true;
  }

  @Override
  public Tensor weights() {
    return open ? folded : base;
  }

  @Override
  public Mask mask() {
    return null;
  }

  @Override
  public void backward() {
    if (learns || (open && !adapter.isFrozen())) {
      op.diffAdapter(adapter.gradient()).diffGates(learns ? diffGates : null).backward();
    }
  }

  @Override
  public void batch(int n) {
    op.batch(n);
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(adapter);
  }

  @Override
  public boolean learns() {
    return learns || !adapter.isFrozen();
  }

  @Override
  public int gates() {
    return Math.toIntExact(gates.elements());
  }

  @Override
  public void gates(float[] values) {
    gates.upload(values);
    open = false;
    for (float value : values) {
      open |= value != 0;
    }
    stale = true;
  }

  /** Whether some gate is not closed. */
  boolean isOpen() {
    return open;
  }

  @Override
  public void learnGates(boolean learn) {
    learns = learn;
  }

  @Override
  public float[] gateGradient() {
    return diffGates.download();
  }

  @Override
  public long parameterCount(int gate) {
    int rows = Math.min(outputs, shape.o() - gate * outputs);
    return (long) rows * adapter.cols();
  }

  @Override
  public FoldedAdapter last() {
    return this;
  }

  /** The adapter's weights, [O, I, kernel, kernel]. */
  public Parameter adapter() {
    return adapter;
  }

  /** Geometry of the convolution it folds into, with the N of the net's capacity. */
  public Conv2dShape shape() {
    return shape;
  }

  /** KH and KW of the adapter. */
  public int kernel() {
    return kernel;
  }

  /** Output channels of a gate. */
  public int outputs() {
    return outputs;
  }

  /** What the adapter reads. */
  public Activation in() {
    return in;
  }

  @Override
  public void settle(boolean[] kept) {
    float[] weights = adapter.weights().download();
    float[] values = new float[kept.length];
    int each = outputs * adapter.cols();
    for (int g = 0; g < kept.length; g++) {
      values[g] = kept[g] ? 1 : 0;
      if (!kept[g]) {
        Arrays.fill(weights, g * each, Math.min(weights.length, (g + 1) * each), 0);
      }
    }
    adapter.weights().upload(weights);
    adapter.freeze(true);
    adapter.freeGradient();
    learns = false;
    gates(values);
  }

  @Override
  public void close() {
    adapter.close();
    gates.close();
    diffGates.close();
  }
}
