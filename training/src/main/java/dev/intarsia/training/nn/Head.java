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
public final class Head implements AutoCloseable {
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

  Head(String name, Activation features, int classes, CounterRandom random) {
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

  void forward() {
    linear.forward();
  }

  void backward() {
    crossEntropy.backwardData();
    linear.backwardData();
    linear.backwardWeights();
  }

  void batch(int n) {
    linear.batch(n);
    crossEntropy.batch(n);
    accuracy.batch(n);
  }

  /**
   * Computes the loss of the latest forward pass, on the device, and counts its right answers.
   *
   * @param answers task-local classes, one for each image of the pass; longer arrays may be given
   * @param count images of the pass
   */
  public void judge(int[] answers, int count) {
    labels.upload(answers, 0, count);
    crossEntropy.forward();
    accuracy.forward();
  }

  /** The same, without the loss. */
  public void examine(int[] answers, int count) {
    labels.upload(answers, 0, count);
    accuracy.forward();
  }

  /** Reads the loss of the latest {@link #judge} from the device, in nats. */
  public float readLoss() {
    return loss.download()[0];
  }

  /** Reads how many answers were right since the last reading, and starts counting anew. */
  public long takeCorrect() {
    long count = correct.downloadLongs()[0];
    correct.zero();
    return count;
  }

  /**
   * Reads the logits of the latest forward pass from the device.
   *
   * @param count images of the pass
   * @return [count, classes], row-major
   */
  public float[] readLogits(int count) {
    return Arrays.copyOf(logits.value().download(), count * logits.features());
  }

  /**
   * Answers some images of the features, whatever head the others have.
   *
   * @return logits [count, classes], row-major
   */
  float[] answer(Run run) {
    Tensor some = run.of(logits);
    DenseLinear.bind(features.context(), shape.withN(run.count()))
        .weights(weights.weights())
        .src(run.of(features))
        .dst(some)
        .forward();
    return some.download();
  }

  /** [N, classes]; owned by this head. */
  public Activation logits() {
    return logits;
  }

  /** [classes, features]; owned by this head. */
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
