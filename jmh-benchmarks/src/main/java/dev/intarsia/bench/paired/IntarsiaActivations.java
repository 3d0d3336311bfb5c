// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import static dev.intarsia.bench.paired.NativeOp.filled;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.ops.Add;
import dev.intarsia.ops.BatchNorm;
import dev.intarsia.ops.Dropout;
import dev.intarsia.ops.Relu;

/** Our passes over activations on one context. */
final class IntarsiaActivations {
  private final Context context;
  private final boolean oneThread;
  private final ActivationWork work;

  IntarsiaActivations(Context context, boolean oneThread, ActivationWork work) {
    this.context = context;
    this.oneThread = oneThread;
    this.work = work;
  }

  Contender contender() {
    Tensor src = filled(activations(), work.src());
    Tensor other = filled(activations(), work.other());
    Tensor dst = activations();
    ActivationShape shape = work.shape();
    return switch (work.pass()) {
      case NORM -> op(norm().src(src).dst(dst)::forward, dst);
      case NORM_BACKWARD -> {
        Tensor diffSrc = activations();
        BatchNorm op = norm().src(src).dst(dst).diffDst(other).diffSrc(diffSrc);
        op.forward(); // saves the statistics
        yield op(op::backward, diffSrc);
      }
      case RELU -> op(Relu.bind(context, shape).src(src).dst(dst)::forward, dst);
      case RELU_BACKWARD -> {
        Relu op = Relu.bind(context, shape).dst(src).diffDst(other).diffSrc(dst);
        yield op(op::backwardData, dst);
      }
      case DROPOUT -> {
        Dropout op = Dropout.bind(context, shape).rate(ActivationWork.RATE).seed(1).draw(1);
        yield op(op.src(src).dst(dst)::forward, dst);
      }
      case ADD -> op(Add.bind(context, shape).src(src).addend(other).dst(dst)::forward, dst);
    };
  }

  private BatchNorm norm() {
    int channels = work.shape().c();
    return BatchNorm.bind(context, work.shape())
        .batchStatistics(true)
        .epsilon(ActivationWork.EPSILON)
        .scale(filled(Tensor.plain(context, channels), work.scale()))
        .shift(Tensor.plain(context, channels))
        .savedMean(Tensor.plain(context, channels))
        .savedRstd(Tensor.plain(context, channels));
  }

  private Tensor activations() {
    ActivationShape s = work.shape();
    return Tensor.activations(context, s.n(), s.c(), s.h(), s.w());
  }

  private Contender op(Runnable call, Tensor written) {
    String name = oneThread ? Row.OURS + Row.ONE_THREAD : Row.OURS;
    return new NativeOp(
        name, "", Structure.FULL, oneThread, context, call, NativeOp.reading(written));
  }
}
