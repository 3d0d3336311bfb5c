// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Pool2dShape;
import dev.intarsia.Tensor;
import dev.intarsia.Ties;
import dev.intarsia.ops.Accuracy;
import dev.intarsia.ops.Add;
import dev.intarsia.ops.AvgPool2d;
import dev.intarsia.ops.BatchNorm;
import dev.intarsia.ops.Dropout;
import dev.intarsia.ops.MagnitudeThreshold;
import dev.intarsia.ops.MaskCut;
import dev.intarsia.ops.MaskedAdam;
import dev.intarsia.ops.MaskedSgd;
import dev.intarsia.ops.MaxPool2d;
import dev.intarsia.ops.Relu;
import dev.intarsia.ops.Reorder;
import dev.intarsia.ops.ScoreEpilogue;
import dev.intarsia.ops.SoftmaxCrossEntropy;
import java.util.ArrayList;
import java.util.List;

/**
 * Asks a backend, before any training, for each kernel that training may need beside the masked
 * layers, by running it on one element. What is missing is named in one sentence instead of being
 * met one by one in the middle of a run.
 */
final class BackendProbe implements AutoCloseable {
  private static final ActivationShape IMAGE = new ActivationShape(1, 1, 1, 1);
  private static final Pool2dShape WINDOW = Pool2dShape.global(1, 1, 1, 1);
  private static final LinearShape LOGITS = new LinearShape(1, 1, 1);
  private static final PlaneShape PLANE = new PlaneShape(1, 1);

  private final Context context;
  private final List<String> missing = new ArrayList<>();
  private final Tensor a;
  private final Tensor b;
  private final Tensor c;
  private final Tensor value;
  private final Tensor state;
  private final Tensor gradient;
  private final Tensor labels;
  private final Tensor count;
  private final Tensor counts;
  private final Mask mask;

  private BackendProbe(Context context) {
    this.context = context;
    a = Tensor.activations(context, 1, 1, 1, 1);
    b = Tensor.activations(context, 1, 1, 1, 1);
    c = Tensor.activations(context, 1, 1, 1, 1);
    value = Tensor.plain(context, 1);
    state = Tensor.plain(context, 1);
    gradient = Tensor.plain(context, 1);
    labels = Tensor.plain(context, DType.I32, 1);
    count = Tensor.plain(context, DType.I64, 1);
    counts = Tensor.plain(context, DType.I64, 2);
    mask = Mask.full(context, 1, 1);
  }

  /**
   * Refuses a backend that lacks kernels.
   *
   * @throws UnsupportedOperationException naming all that are missing
   */
  static void requireComplete(Context context) {
    try (BackendProbe probe = new BackendProbe(context)) {
      probe.layers();
      probe.planes();
      if (!probe.missing.isEmpty()) {
        throw new UnsupportedOperationException(
            "backend %s cannot train nets yet, it lacks %s; use --backend cpu"
                .formatted(context.backend(), String.join(", ", probe.missing)));
      }
    }
  }

  private void layers() {
    Tensor border = Tensor.plain(context, 1, 1, 1, 1);
    ask("reorder", () -> Reorder.bind(context, IMAGE).src(border).dst(a).pack());
    border.close();
    ask("relu", () -> Relu.bind(context, IMAGE).src(a).dst(b).forward());
    ask("max_pool2d", () -> MaxPool2d.bind(context, WINDOW).src(a).dst(b).forward());
    ask("avg_pool2d", () -> AvgPool2d.bind(context, WINDOW).src(a).dst(b).forward());
    ask(
        "batch_norm",
        () ->
            BatchNorm.bind(context, IMAGE)
                .batchStatistics(false)
                .epsilon(1)
                .runningMean(value)
                .runningVar(state)
                .src(a)
                .dst(b)
                .forward());
    ask("dropout", () -> Dropout.bind(context, IMAGE).rate(0).src(a).dst(b).forward());
    ask("add", () -> Add.bind(context, IMAGE).src(a).addend(b).dst(c).forward());
    ask(
        "softmax_cross_entropy",
        () ->
            SoftmaxCrossEntropy.bind(context, LOGITS)
                .classRange(0, 1)
                .src(a)
                .labels(labels)
                .loss(value)
                .forward());
    ask(
        "accuracy",
        () ->
            Accuracy.bind(context, LOGITS)
                .classRange(0, 1)
                .src(a)
                .labels(labels)
                .correct(count)
                .forward());
  }

  private void planes() {
    ask(
        "score_epilogue",
        () ->
            ScoreEpilogue.bind(context, PLANE)
                .weights(value)
                .scores(value)
                .mask(mask)
                .diffWeights(gradient)
                .diffScores(state)
                .apply());
    ask(
        "magnitude_threshold",
        () ->
            MagnitudeThreshold.bind(context, PLANE)
                .values(value)
                .rank(1)
                .threshold(state)
                .counts(counts)
                .select());
    ask(
        "mask_cut",
        () ->
            MaskCut.bind(context, PLANE)
                .values(value)
                .threshold(state)
                .ties(Ties.KEPT)
                .mask(mask)
                .kept(count)
                .apply());
    ask(
        "masked_sgd",
        () ->
            MaskedSgd.bind(context, PLANE)
                .gradient(gradient)
                .weights(value)
                .learningRate(1)
                .step());
    Tensor second = Tensor.plain(context, 1);
    ask(
        "masked_adam",
        () ->
            MaskedAdam.bind(context, PLANE)
                .gradient(gradient)
                .weights(value)
                .firstMoment(state)
                .secondMoment(second)
                .learningRate(1)
                .epsilon(1)
                .stepCount(1)
                .step());
    second.close();
  }

  private void ask(String stem, Runnable call) {
    try {
      call.run();
    } catch (UnsupportedOperationException e) {
      missing.add(stem);
    }
  }

  @Override
  public void close() {
    List.of(a, b, c, value, state, gradient, labels, count, counts).forEach(Tensor::close);
    mask.close();
  }
}
