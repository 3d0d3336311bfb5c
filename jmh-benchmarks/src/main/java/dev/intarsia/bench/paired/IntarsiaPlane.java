// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import static dev.intarsia.bench.paired.NativeOp.filled;

import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.Ties;
import dev.intarsia.ops.MaskCut;
import dev.intarsia.ops.MaskedAdam;
import dev.intarsia.ops.MaskedSgd;
import dev.intarsia.ops.ScoreEpilogue;
import java.util.List;
import java.util.function.Supplier;

/** Our passes over weights on one context. */
final class IntarsiaPlane {
  private final Context context;
  private final boolean oneThread;
  private final PlaneWork work;
  private final PlaneShape shape;

  IntarsiaPlane(Context context, boolean oneThread, PlaneWork work) {
    this.context = context;
    this.oneThread = oneThread;
    this.work = work;
    shape = new PlaneShape(work.rows(), work.cols());
  }

  /** An optimiser with every weight trainable and with a quarter, as PackNet leaves it. */
  List<Contender> all() {
    Structure quarter = new Structure("weight", 0.25);
    return switch (work.pass()) {
      case SGD -> List.of(sgd(Structure.FULL), sgd(quarter));
      case ADAM -> List.of(adam(Structure.FULL), adam(quarter));
      case SCORES -> List.of(scores());
      case CUT -> List.of(cut());
    };
  }

  private Contender sgd(Structure structure) {
    Tensor weights = filled(plain(), work.weights());
    Tensor velocity = plain();
    MaskedSgd op =
        MaskedSgd.bind(context, shape)
            .gradient(filled(plain(), work.gradient()))
            .trainable(mask(structure))
            .weights(weights)
            .velocity(velocity)
            .learningRate(PlaneWork.RATE)
            .momentum(PlaneWork.MOMENTUM);
    return op(structure, op::step, NativeOp.reading(weights, velocity));
  }

  private Contender adam(Structure structure) {
    Tensor weights = filled(plain(), work.weights());
    Tensor first = plain();
    Tensor second = plain();
    MaskedAdam op =
        MaskedAdam.bind(context, shape)
            .gradient(filled(plain(), work.gradient()))
            .trainable(mask(structure))
            .weights(weights)
            .firstMoment(first)
            .secondMoment(second)
            .learningRate(PlaneWork.RATE)
            .beta1(PlaneWork.BETA1)
            .beta2(PlaneWork.BETA2)
            .epsilon(PlaneWork.EPSILON)
            .stepCount(1);
    return op(structure, op::step, NativeOp.reading(weights, first, second));
  }

  private Contender scores() {
    Tensor diffWeights = filled(plain(), work.gradient());
    Tensor diffScores = plain();
    ScoreEpilogue op =
        ScoreEpilogue.bind(context, shape)
            .weights(filled(plain(), work.weights()))
            .scores(filled(plain(), work.scores()))
            .mask(mask(PlaneWork.HALF))
            .diffWeights(diffWeights)
            .diffScores(diffScores);
    return op(PlaneWork.HALF, op::apply, NativeOp.reading(diffWeights, diffScores));
  }

  private Contender cut() {
    Mask mask = Mask.of(context, work.rows(), work.cols(), new boolean[work.weights().length]);
    MaskCut op =
        MaskCut.bind(context, shape)
            .values(filled(plain(), work.weights()))
            .threshold(filled(Tensor.plain(context, 1), new float[] {PlaneWork.THRESHOLD}))
            .ties(Ties.KEPT)
            .mask(mask)
            .kept(Tensor.plain(context, DType.I64, 1));
    return op(Structure.FULL, op::apply, () -> floats(mask));
  }

  private float[] floats(Mask mask) {
    int[] words = mask.words();
    float[] values = new float[work.weights().length];
    for (int i = 0; i < values.length; i++) {
      int col = i % work.cols();
      int word = words[i / work.cols() * mask.wordsPerRow() + col / Integer.SIZE];
      values[i] = word >>> col % Integer.SIZE & 1;
    }
    return values;
  }

  private Tensor plain() {
    return Tensor.plain(context, work.rows(), work.cols());
  }

  /** No mask for {@code full}: every weight is trainable. */
  private Mask mask(Structure structure) {
    return structure.equals(Structure.FULL)
        ? null
        : Mask.of(context, work.rows(), work.cols(), work.mask(structure));
  }

  private Contender op(Structure structure, Runnable call, Supplier<float[]> read) {
    String name = oneThread ? Row.OURS + Row.ONE_THREAD : Row.OURS;
    return new NativeOp(name, "", structure, oneThread, context, call, read);
  }
}
