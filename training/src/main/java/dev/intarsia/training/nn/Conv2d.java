// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.ops.CodebookConv2d;
import dev.intarsia.ops.MaskedConv2d;
import java.util.List;

/** Convolution through a mask, without bias. */
public final class Conv2d implements MaskedLayer {
  private final Activation in;
  private final Activation out;
  private final Parameter weights;
  private final Conv2dShape shape;
  private final MaskedConv2d masked;
  private CodebookConv2d coded; // over the codes last executed
  private PackedWeights executed;
  private Overlay overlay; // null for none
  private int batch;

  /**
   * Builds the layer; its weights are zero until the net draws them.
   *
   * @param name opens the name of the parameter
   * @param in [N, C, H, W]
   * @param filters O
   * @param kernel KH and KW
   * @param pad zeros on each side
   */
  public Conv2d(String name, Activation in, int filters, int kernel, int stride, int pad) {
    Context context = in.context();
    shape =
        Conv2dShape.square(
            in.shape().n(),
            in.shape().c(),
            in.shape().h(),
            in.shape().w(),
            filters,
            kernel,
            stride,
            pad);
    batch = shape.n();
    this.in = in;
    out = in.allocateNext(filters, shape.oh(), shape.ow());
    weights = Parameter.maskable(context, name + ".weights", filters, shape.i(), kernel, kernel);
    masked =
        MaskedConv2d.bind(context, shape)
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

  private CodebookConv2d coded(PackedWeights packed) {
    if (packed != executed) {
      executed = packed;
      coded =
          CodebookConv2d.bind(in.context(), shape, packed.bits(), packed.sources())
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
  public Conv2dShape shape() {
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
