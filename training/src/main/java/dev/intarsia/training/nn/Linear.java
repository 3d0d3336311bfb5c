// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Context;
import dev.intarsia.LinearShape;
import dev.intarsia.ops.CodebookLinear;
import dev.intarsia.ops.MaskedLinear;
import java.util.List;

/** Matrix product through a mask, without bias; reads an activation of any shape as [N, C*H*W]. */
public final class Linear implements MaskedLayer {
  private final Activation in;
  private final Activation out;
  private final Parameter weights;
  private final LinearShape shape;
  private final MaskedLinear masked;
  private CodebookLinear coded; // over the codes last executed
  private PackedWeights executed;
  private Overlay overlay; // null for none
  private int batch;

  /**
   * Builds the layer; its weights are zero until the net draws them.
   *
   * @param name opens the name of the parameter
   * @param in [N, C, H, W]
   * @param outputs O
   */
  public Linear(String name, Activation in, int outputs) {
    Context context = in.context();
    shape = new LinearShape(in.shape().n(), in.features(), outputs);
    batch = shape.n();
    this.in = in;
    out = in.allocateNext(outputs, 1, 1);
    weights = Parameter.maskable(context, name + ".weights", outputs, in.features());
    masked =
        MaskedLinear.bind(context, shape)
            .src(in.value())
            .dst(out.value())
            .diffDst(out.diff())
            .diffSrc(in.diff());
  }

  @Override
  public void forward(Phase phase) {
    if (overlay != null) {
      overlay.refresh(phase);
      masked.mask(overlay.mask()).weights(overlay.weights()).forward();
      overlay.finish(phase);
      return;
    }
    if (phase == Phase.EVALUATE && weights.packed() != null) {
      coded(weights.packed()).forward();
      return;
    }
    if (phase == Phase.TRAIN && weights.scores() != null) {
      weights.scores().refreshMask();
    }
    masked.mask(weights.visible()).weights(weights.forwardWeights()).forward();
  }

  private CodebookLinear coded(PackedWeights packed) {
    if (packed != executed) {
      executed = packed;
      coded =
          CodebookLinear.bind(in.context(), shape, packed.bits(), packed.sources())
              .codes(packed.codes())
              .codebooks(packed.codebooks())
              .owners(packed.owners())
              .src(in.value())
              .dst(out.value());
    }
    coded.masks(packed.masks(), packed.tasks()).maskOf(packed.selected());
    coded.batch(batch);
    return coded;
  }

  @Override
  public void backward() {
    masked.weights(overlay == null ? weights.backwardWeights() : overlay.weights());
    if (in.diff() != null) {
      masked.backwardData();
    }
    if (overlay != null) {
      overlay.backward();
    } else if (!weights.isFrozen()) {
      backwardWeights();
    }
  }

  private void backwardWeights() {
    Scores scores = weights.scores();
    if (scores != null) { // attached after the layer was built: the gradient is split from now on
      masked.scores(scores.values()).diffScores(scores.gradient());
    }
    masked.diffWeights(weights.receiver()).backwardWeights();
    weights.received();
  }

  @Override
  public Activation out() {
    return out;
  }

  @Override
  public void batch(int n) {
    batch = n;
    masked.batch(n);
    if (overlay != null) {
      overlay.batch(n);
    }
  }

  @Override
  public boolean learns() {
    return overlay == null ? !weights.isFrozen() : overlay.learns();
  }

  @Override
  public void overlay(Overlay overlay) {
    this.overlay = overlay;
    if (overlay != null) {
      overlay.batch(batch);
    }
  }

  @Override
  public Parameter weights() {
    return weights;
  }

  @Override
  public Activation in() {
    return in;
  }

  /** Geometry, with the N of the net's capacity. */
  public LinearShape shape() {
    return shape;
  }

  @Override
  public List<Parameter> parameters() {
    return overlay == null ? List.of(weights) : overlay.parameters();
  }

  @Override
  public List<MaskedLayer> maskedLayers() {
    return List.of(this);
  }

  @Override
  public void close() {
    weights.close();
    out.close();
  }
}
