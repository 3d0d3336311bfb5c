// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.DType;
import dev.intarsia.LinearShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.Accuracy;
import dev.intarsia.ops.DenseLinear;
import dev.intarsia.ops.SoftmaxCrossEntropy;

/**
 * The classifier of one task: a linear layer of its own over the shared features, without bias,
 * with one output per class of that task, and the cross-entropy it is trained with.
 */
final class ClassHead extends TaskHead {
  private final LinearShape shape;
  private final DenseLinear linear;
  private final SoftmaxCrossEntropy crossEntropy;
  private final Accuracy accuracy;

  ClassHead(String name, Activation features, int classes, CounterRandom random) {
    super(
        name,
        features,
        features.features(),
        features.allocateNext(classes, 1, 1),
        random,
        Tensor.plain(features.context(), DType.I32, features.shape().n()),
        Tensor.plain(features.context(), DType.I64, 1));
    Context context = features.context();
    int n = features.shape().n();
    shape = new LinearShape(n, features.features(), classes);
    LinearShape outputs = new LinearShape(n, classes, classes);
    linear =
        DenseLinear.bind(context, shape)
            .weights(weights.weights())
            .src(features.value())
            .dst(logits.value())
            .diffDst(logits.diff())
            .diffSrc(features.diff())
            .diffWeights(weights.gradient());
    crossEntropy =
        SoftmaxCrossEntropy.bind(context, outputs)
            .classRange(0, classes)
            .src(logits.value())
            .labels(labels)
            .loss(loss)
            .diffSrc(logits.diff());
    accuracy =
        Accuracy.bind(context, outputs)
            .classRange(0, classes)
            .src(logits.value())
            .labels(labels)
            .correct(counts());
  }

  @Override
  public void forward() {
    linear.forward();
  }

  @Override
  public void backward() {
    crossEntropy.backwardData();
    linear.backwardData();
    linear.backwardWeights();
  }

  @Override
  public void batch(int n) {
    linear.batch(n);
    crossEntropy.batch(n);
    accuracy.batch(n);
  }

  @Override
  public void judge(int[] answers, int count) {
    labels.upload(answers, 0, count);
    crossEntropy.forward();
    accuracy.forward();
  }

  @Override
  public void examine(int[] answers, int count) {
    labels.upload(answers, 0, count);
    accuracy.forward();
  }

  @Override
  public long takeCorrect() {
    return takeCounts()[0];
  }

  @Override
  public float[] answer(Run run) {
    Tensor some = run.of(logits);
    DenseLinear.bind(features.context(), shape.withN(run.count()))
        .weights(weights.weights())
        .src(run.of(features))
        .dst(some)
        .forward();
    return some.download();
  }
}
