// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.CounterRandom;
import dev.intarsia.DType;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedConv2d;
import dev.intarsia.ops.PixelConfusion;
import dev.intarsia.ops.PixelCrossEntropy;
import dev.intarsia.training.metrics.ConfusionMatrix;

/**
 * The classifier of each pixel of one task: a 1x1 convolution of its own over the shared features
 * [N, C, H, W], without bias, with one output per class, and the cross entropy of pixels it is
 * trained with. Pixels of label {@link PixelCrossEntropy#IGNORE} do not count.
 */
final class PixelHead extends TaskHead {
  private final Conv2dShape shape;
  private final MaskedConv2d conv;
  private final PixelCrossEntropy crossEntropy;
  private final PixelConfusion confusion;
  private final int area;
  private final int classes;

  PixelHead(String name, Activation features, int classes, CounterRandom random) {
    super(
        name,
        features,
        features.shape().c(),
        features.allocateNext(classes, features.shape().h(), features.shape().w()),
        random,
        Tensor.plain(
            features.context(),
            DType.I32,
            features.shape().n(),
            (long) features.shape().h() * features.shape().w()),
        Tensor.plain(features.context(), DType.I64, classes, classes));
    Context context = features.context();
    ActivationShape in = features.shape();
    this.classes = classes;
    area = in.h() * in.w();
    shape = Conv2dShape.square(in.n(), in.c(), in.h(), in.w(), classes, 1, 1, 0);
    conv =
        MaskedConv2d.bind(context, shape)
            .weights(weights.weights())
            .src(features.value())
            .dst(logits.value())
            .diffDst(logits.diff())
            .diffSrc(features.diff())
            .diffWeights(weights.gradient());
    crossEntropy =
        PixelCrossEntropy.bind(context, logits.shape())
            .src(logits.value())
            .labels(labels)
            .loss(loss)
            .diffSrc(logits.diff());
    confusion =
        PixelConfusion.bind(context, logits.shape())
            .src(logits.value())
            .labels(labels)
            .confusion(counts());
  }

  @Override
  public void forward() {
    conv.forward();
  }

  @Override
  public void backward() {
    crossEntropy.backwardData();
    conv.backwardData();
    conv.backwardWeights();
  }

  @Override
  public void batch(int n) {
    conv.batch(n);
    crossEntropy.batch(n);
    confusion.batch(n);
  }

  @Override
  public void judge(int[] answers, int count) {
    labels.upload(answers, 0, count * area);
    crossEntropy.forward();
    confusion.forward();
  }

  @Override
  public void examine(int[] answers, int count) {
    labels.upload(answers, 0, count * area);
    confusion.forward();
  }

  @Override
  public long takeCorrect() {
    return takeConfusion().right();
  }

  @Override
  public Tally takeTally(long images) {
    ConfusionMatrix found = takeConfusion();
    return new Tally(found.right(), found.total(), found.meanIntersectionOverUnion());
  }

  private ConfusionMatrix takeConfusion() {
    return new ConfusionMatrix(classes, takeCounts());
  }

  @Override
  public float[] answer(Run run) {
    Tensor some = run.of(logits);
    MaskedConv2d.bind(features.context(), shape.withN(run.count()))
        .weights(weights.weights())
        .src(run.of(features))
        .dst(some)
        .forward();
    return some.download();
  }
}
