// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.peers;

import dev.intarsia.LinearShape;
import dev.intarsia.bench.paired.CodebookWork;
import dev.intarsia.bench.paired.Contender;
import dev.intarsia.bench.paired.Structure;
import java.util.Locale;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * LibTorch's dynamically quantised linear layer, as {@code quantize_dynamic} makes it: weights as
 * signed bytes, packed before, inputs as bytes in every call.
 */
@SuppressWarnings("try") // scopes and guards act by being open
final class TorchInt8 implements Contender {
  /** What rounding to bytes may cost; LibTorch keeps seven bits of inputs. */
  private static final double BOUND = 0.03;

  /** Weights reach 127.5 steps, as its symmetric observer has it. */
  private static final float STEPS = 127.5f;

  private final torch.QEngine engine;
  private final PointerScope scope;
  private final OperatorHandle linear;
  private final IValue src;
  private final IValue packed;
  private final IValue reduceRange;
  private Tensor last;

  TorchInt8(CodebookWork work, torch.QEngine engine) {
    this.engine = engine;
    LinearShape shape = work.shape();
    float largest = 0;
    for (float centre : work.centres()) {
      largest = Math.max(largest, Math.abs(centre));
    }
    try (PointerScope opened = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      scope = opened.extend();
      torch.globalContext().setQEngine(engine);
      Tensor weights = Tensor.create(work.dense().weights(), shape.o(), shape.i());
      Tensor bytes = torch.quantize_per_tensor(weights, largest / STEPS, 0, torch.ScalarType.QInt8);
      IValueVector stack = new IValueVector(new IValue(bytes), new IValue());
      operator("quantized::linear_prepack").callBoxed(stack);
      packed = new IValue(stack.get(0));
      linear = operator("quantized::linear_dynamic");
      src = new IValue(Tensor.create(work.dense().src(), shape.n(), shape.i()));
      reduceRange = new IValue(true);
    }
  }

  private static OperatorHandle operator(String name) {
    return Dispatcher.singleton().findSchemaOrThrow(name, "");
  }

  @Override
  public String name() {
    return LibTorch.NAME + " int8";
  }

  @Override
  public String variety() {
    return engine.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public Structure structure() {
    return Structure.FULL;
  }

  @Override
  public double bound() {
    return BOUND;
  }

  @Override
  public void run() {
    try (PointerScope call = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      if (last != null) {
        last.close();
      }
      IValueVector stack = new IValueVector(src, packed, reduceRange);
      linear.callBoxed(stack);
      // A copy of the handle: the stack and what it holds go with the call.
      last = new Tensor(stack.get(0).toTensor()).retainReference();
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
