// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.peers;

import dev.intarsia.bench.paired.ActivationWork;
import dev.intarsia.bench.paired.PlaneWork;
import dev.intarsia.bench.paired.Structure;
import java.util.function.Supplier;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Passes over weights and activations as a user of LibTorch writes them. */
final class TorchPass {
  private static final double NO_MOMENTUM = 0.1;

  private TorchPass() {}

  static TorchCall plane(PlaneWork work) {
    long[] dims = {work.rows(), work.cols()};
    return switch (work.pass()) {
      case SGD ->
          new TorchCall(
              "optim",
              Structure.FULL,
              () -> {
                Tensor weights = parameter(work);
                SGDOptions options = new SGDOptions(PlaneWork.RATE);
                options.momentum().put(PlaneWork.MOMENTUM);
                SGD sgd = new SGD(new TensorVector(weights), options);
                return () -> {
                  sgd.step();
                  return new Tensor(weights);
                };
              });
      case ADAM ->
          new TorchCall(
              "optim",
              Structure.FULL,
              () -> {
                Tensor weights = parameter(work);
                Adam adam = new Adam(new TensorVector(weights), new AdamOptions(PlaneWork.RATE));
                return () -> {
                  adam.step();
                  return new Tensor(weights);
                };
              });
      case SCORES ->
          new TorchCall(
              "",
              PlaneWork.HALF,
              () -> {
                Tensor weights = Tensor.create(work.weights(), dims);
                Tensor gradient = Tensor.create(work.gradient(), dims);
                Tensor scores = Tensor.create(work.scores(), dims);
                Tensor mask = LibTorch.mask(work.mask(PlaneWork.HALF), false, dims);
                return () -> {
                  gradient.mul(weights).mul(scores.sign()); // the scores' gradient
                  return gradient.mul(mask);
                };
              });
      case CUT ->
          new TorchCall(
              "",
              Structure.FULL,
              () -> {
                Tensor values = Tensor.create(work.weights(), dims);
                Scalar threshold = new Scalar(PlaneWork.THRESHOLD);
                return () -> values.abs().ge(threshold).toType(torch.ScalarType.Float);
              });
    };
  }

  /** With its gradient in place. */
  private static Tensor parameter(PlaneWork work) {
    Tensor weights = Tensor.create(work.weights(), work.rows(), work.cols()).requires_grad_(true);
    weights.mutable_grad().put(Tensor.create(work.gradient(), work.rows(), work.cols()));
    return weights;
  }

  static TorchCall activations(ActivationWork work, boolean channelsLast) {
    var s = work.shape();
    long[] dims = {s.n(), s.c(), s.h(), s.w()};
    return new TorchCall(
        LibTorch.variety(channelsLast),
        Structure.FULL,
        () -> {
          Tensor src = LibTorch.tensor(work.src(), channelsLast, dims);
          Tensor other = LibTorch.tensor(work.other(), channelsLast, dims);
          return switch (work.pass()) {
            case NORM -> norm(work, src);
            case NORM_BACKWARD -> normBackward(work, src, other);
            case RELU -> () -> torch.relu(src);
            case RELU_BACKWARD -> {
              Scalar zero = new Scalar(0f);
              yield () -> torch.threshold_backward(other, src, zero);
            }
            case DROPOUT -> () -> torch.dropout(src, ActivationWork.RATE, true);
            case ADD -> () -> src.add(other);
          };
        });
  }

  private static Supplier<Tensor> norm(ActivationWork work, Tensor src) {
    TensorOptional scale = new TensorOptional(Tensor.create(work.scale(), work.shape().c()));
    TensorOptional shift = new TensorOptional(LibTorch.filled(0, work.shape().c()));
    TensorOptional none = new TensorOptional();
    double eps = ActivationWork.EPSILON;
    return () -> torch.batch_norm(src, scale, shift, none, none, true, NO_MOMENTUM, eps, false);
  }

  private static Supplier<Tensor> normBackward(ActivationWork work, Tensor src, Tensor diffDst) {
    TensorOptional scale = new TensorOptional(Tensor.create(work.scale(), work.shape().c()));
    TensorOptional shift = new TensorOptional(LibTorch.filled(0, work.shape().c()));
    TensorOptional none = new TensorOptional();
    double eps = ActivationWork.EPSILON;
    T_TensorTensorTensor_T saved =
        torch.native_batch_norm(src, scale, shift, none, none, true, NO_MOMENTUM, eps);
    TensorOptional mean = new TensorOptional(new Tensor(saved.get1()));
    TensorOptional rstd = new TensorOptional(new Tensor(saved.get2()));
    BoolPointer wanted = new BoolPointer(3);
    for (int i = 0; i < 3; i++) {
      wanted.put(i, true);
    }
    return () ->
        new Tensor(
            torch
                .native_batch_norm_backward(
                    diffDst, src, scale, none, none, mean, rstd, true, eps, wanted)
                .get0());
  }
}
