// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

/**
 * Inverted dropout, in place (see {@link Relu}); the identity outside training.
 *
 * <p>It may follow a rectifier although that one's backward pass reads its own output: dropout
 * keeps the sign of what it keeps, and what it drops has no gradient.
 */
public final class Dropout implements Layer {
  private static final int MAX_LAYERS = 256;

  private final Activation in;
  private final int layer;
  private final dev.intarsia.ops.Dropout op;
  private long step;

  /**
   * Builds the layer.
   *
   * @param in [N, C, H, W]
   * @param rate fraction dropped, at least 0 and below 1
   * @param seed of the net
   * @param layer number of this layer among the net's dropout layers, 0 to 255
   */
  public Dropout(Activation in, double rate, long seed, int layer) {
    if (layer < 0 || layer >= MAX_LAYERS) {
      throw new IllegalArgumentException(
          "dropout layer " + layer + " of a net, must be from 0 to " + (MAX_LAYERS - 1));
    }
    this.in = in;
    this.layer = layer;
    op =
        dev.intarsia.ops.Dropout.bind(in.context(), in.shape())
            .rate((float) rate)
            .seed(seed)
            .src(in.value())
            .dst(in.value())
            .diffDst(in.diff())
            .diffSrc(in.diff());
  }

  @Override
  public void forward(Phase phase) {
    if (phase == Phase.TRAIN) {
      op.draw(step++ * MAX_LAYERS + layer);
      op.forward();
    }
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
