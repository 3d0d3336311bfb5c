// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

/**
 * Rectifier, in place: it overwrites the value and the gradient of its input, which no layer here
 * needs once the next one has run.
 */
public final class Relu implements Layer {
  private final Activation in;
  private final dev.intarsia.ops.Relu op;

  /** Builds the layer over [N, C, H, W]. */
  public Relu(Activation in) {
    this.in = in;
    op =
        dev.intarsia.ops.Relu.bind(in.context(), in.shape())
            .src(in.value())
            .dst(in.value())
            .diffDst(in.diff())
            .diffSrc(in.diff());
  }

  @Override
  public void forward(Phase phase) {
    op.forward();
  }

  @Override
  public void backward() {
    if (in.diff() != null) {
      op.backwardData();
    }
  }

  @Override
  public Activation out() {
    return in;
  }

  @Override
  public void batch(int n) {
    op.batch(n);
  }

  @Override
  public void close() {}
}
