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
import java.util.Arrays;

/**
 * The classifier of each pixel of one task: a 1x1 convolution of its own over the shared features
 * [N, C, H, W], without bias, with one output per class, and the cross entropy of pixels it is
 * trained with. Pixels of label {@link PixelCrossEntropy#IGNORE} do not count.
 */
final class PixelHead implements Head {
  private final Activation features;
  private final Activation logits; // [N, classes, H, W]
  private final Parameter weights; // [classes, C]
  private final Conv2dShape shape;
  private final MaskedConv2d conv;
  private final PixelCrossEntropy crossEntropy;
  private final PixelConfusion confusion;
  private final Tensor labels; // [N, H*W]
  private final Tensor loss; // [1]
  private final Tensor counts; // [classes, classes]
  private final int area;
  private final int classes;

  PixelHead(String name, Activation features, int classes, CounterRandom random) {
    Context context = features.context();
    ActivationShape in = features.shape();
    this.features = features;
    this.classes = classes;
    area = in.h() * in.w();
    shape = Conv2dShape.square(in.n(), in.c(), in.h(), in.w(), classes, 1, 1, 0);
    logits = features.allocateNext(classes, in.h(), in.w());
    weights = Parameter.plain(context, name + ".weights", classes, in.c());
    weights.initialize(random);
    labels = Tensor.plain(context, DType.I32, in.n(), area);
    loss = Tensor.plain(context, DType.F32, 1);
    counts = Tensor.plain(context, DType.I64, classes, classes);
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
            .confusion(counts);
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
  public float readLoss() {
    return loss.download()[0];
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
    ConfusionMatrix found = new ConfusionMatrix(classes, counts.downloadLongs());
    counts.zero();
    return found;
  }

  /** [count, classes, H, W]. */
  @Override
  public float[] readLogits(int count) {
    return Arrays.copyOf(logits.value().download(), count * logits.features());
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

  @Override
  public Activation logits() {
    return logits;
  }

  @Override
  public Parameter weights() {
    return weights;
  }

  @Override
  public void close() {
    weights.close();
    logits.close();
    labels.close();
    loss.close();
    counts.close();
  }
}
