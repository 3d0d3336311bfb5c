// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.peers;

import dev.intarsia.Conv2dShape;
import dev.intarsia.LinearShape;
import dev.intarsia.bench.paired.Contender;
import dev.intarsia.bench.paired.ConvWork;
import dev.intarsia.bench.paired.Direction;
import dev.intarsia.bench.paired.LinearWork;
import dev.intarsia.bench.paired.SelectWork;
import dev.intarsia.bench.paired.Structure;
import java.util.function.Supplier;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongArrayRefOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** A few calls of LibTorch on tensors made before; no gradient is recorded. */
@SuppressWarnings("try") // scopes and guards act by being open
final class TorchCall implements Contender {
  private static final long[] NONE = {0, 0};

  private final String variety;
  private final Structure structure;
  private final PointerScope scope;
  private final Supplier<Tensor> compute;
  private Tensor last;

  /**
   * @param prepare makes the tensors, which live until {@link #close}, and returns what is timed
   */
  TorchCall(String variety, Structure structure, Supplier<Supplier<Tensor>> prepare) {
    this.variety = variety;
    this.structure = structure;
    try (PointerScope opened = new PointerScope()) {
      scope = opened.extend();
      compute = prepare.get();
    }
  }

  static TorchCall convolution(ConvWork work, boolean channelsLast) {
    Conv2dShape s = work.shape();
    long[] stride = {s.strideH(), s.strideW()};
    long[] pad = {s.padH(), s.padW()};
    long[] dilation = {s.dilationH(), s.dilationW()};
    return new TorchCall(
        LibTorch.variety(channelsLast),
        Structure.FULL,
        () -> {
          Tensor src = LibTorch.tensor(work.src(), channelsLast, s.n(), s.c(), s.h(), s.w());
          Tensor diffDst =
              LibTorch.tensor(work.diffDst(), channelsLast, s.n(), s.o(), s.oh(), s.ow());
          long[] dims = {s.o(), s.i(), s.kh(), s.kw()};
          Tensor weights = LibTorch.tensor(work.weights(), channelsLast, dims);
          Tensor mask = LibTorch.mask(work.mask(Structure.FULL), channelsLast, dims);
          Tensor masked = weights.mul(mask);
          TensorOptional noBias = new TensorOptional();
          LongArrayRefOptional noBiasSizes = new LongArrayRefOptional();
          BoolPointer wanted = new BoolPointer(3);
          wanted.put(0, work.direction() == Direction.BACKWARD_DATA);
          boolean scored = work.direction() == Direction.BACKWARD_WEIGHTS_SCORES;
          Tensor scores = scored ? LibTorch.tensor(work.scores(), channelsLast, dims) : null;
          wanted.put(1, scored || work.direction() == Direction.BACKWARD_WEIGHTS);
          wanted.put(2, false);
          Supplier<T_TensorTensorTensor_T> gradients =
              () ->
                  torch.convolution_backward(
                      diffDst,
                      src,
                      masked,
                      noBiasSizes,
                      stride,
                      pad,
                      dilation,
                      false,
                      NONE,
                      1,
                      wanted);
          return switch (work.direction()) {
            case FORWARD ->
                () -> torch.conv2d(src, weights.mul(mask), noBias, stride, pad, dilation, 1);
            // A copy of the handle: the tuple and what it holds go with the call.
            case BACKWARD_DATA -> () -> new Tensor(gradients.get().get0());
            case BACKWARD_WEIGHTS -> () -> gradients.get().get1().mul(mask);
            default ->
                () -> {
                  Tensor gradient = gradients.get().get1();
                  gradient.mul(weights).mul(scores.sign()); // the scores' gradient
                  return gradient.mul(mask);
                };
          };
        });
  }

  static TorchCall linear(LinearWork work) {
    LinearShape s = work.shape();
    return new TorchCall(
        "",
        Structure.FULL,
        () -> {
          Tensor src = Tensor.create(work.src(), s.n(), s.i());
          Tensor diffDst = Tensor.create(work.diffDst(), s.n(), s.o());
          Tensor weights = Tensor.create(work.weights(), s.o(), s.i());
          Tensor mask = LibTorch.filled(1, s.o(), s.i());
          Tensor masked = weights.mul(mask);
          return switch (work.direction()) {
            case FORWARD -> () -> torch.linear(src, weights.mul(mask));
            case BACKWARD_DATA -> () -> torch.mm(diffDst, masked);
            default -> () -> torch.mm(diffDst.t(), src).mul(mask);
          };
        });
  }

  static TorchCall select(SelectWork work) {
    return new TorchCall(
        "kthvalue",
        Structure.FULL,
        () -> {
          Tensor scores = Tensor.create(work.scores(), work.scores().length);
          return () -> new Tensor(torch.kthvalue(scores.abs(), work.rank()).get0());
        });
  }

  @Override
  public String name() {
    return LibTorch.NAME;
  }

  @Override
  public String variety() {
    return variety;
  }

  @Override
  public Structure structure() {
    return structure;
  }

  @Override
  public void run() {
    try (PointerScope call = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      if (last != null) {
        last.close();
      }
      last = compute.get().retainReference();
    }
  }

  @Override
  public float[] result() {
    try (PointerScope call = new PointerScope()) {
      Tensor plain = last.contiguous();
      float[] values = new float[Math.toIntExact(plain.numel())];
      plain.data_ptr_float().get(values);
      return values;
    }
  }

  @Override
  public void close() {
    if (last != null) {
      last.close();
    }
    scope.close();
  }
}
