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
import java.util.Arrays;

/**
 * The classifier of one task: a linear layer of its own over the shared features, without bias,
 * with one output per class of that task, and the cross-entropy it is trained with.
 */
final class ClassHead implements Head {
  private final Activation features;
  private final Activation logits;
  private final Parameter weights;
  private final LinearShape shape;
  private final DenseLinear linear;
  private final SoftmaxCrossEntropy crossEntropy;
  private final Accuracy accuracy;
  private final Tensor labels; // [N]
  private final Tensor loss; // [1]
  private final Tensor correct; // [1]

  ClassHead(String name, Activation features, int classes, CounterRandom random) {
    Context context = features.context();
    int n = features.shape().n();
    shape = new LinearShape(n, features.features(), classes);
    LinearShape outputs = new LinearShape(n, classes, classes);
    this.features = features;
    logits = features.allocateNext(classes, 1, 1);
    weights = Parameter.plain(context, name + ".weights", classes, features.features());
    weights.initialize(random);
    labels = Tensor.plain(context, DType.I32, n);
    loss = Tensor.plain(context, DType.F32, 1);
    correct = Tensor.plain(context, DType.I64, 1);
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
            .correct(correct);
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
  public float readLoss() {
    return loss.download()[0];
  }

  @Override
  public long takeCorrect() {
    long count = correct.downloadLongs()[0];
    correct.zero();
    return count;
  }

  @Override
  public float[] readLogits(int count) {
    return Arrays.copyOf(logits.value().download(), count * logits.features());
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
    correct.close();
  }
}
