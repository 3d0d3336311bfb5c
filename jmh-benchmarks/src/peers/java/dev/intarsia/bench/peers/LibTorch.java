// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.peers;

import dev.intarsia.bench.paired.ActivationWork;
import dev.intarsia.bench.paired.CodebookWork;
import dev.intarsia.bench.paired.Contender;
import dev.intarsia.bench.paired.ConvWork;
import dev.intarsia.bench.paired.Library;
import dev.intarsia.bench.paired.LinearWork;
import dev.intarsia.bench.paired.PlaneWork;
import dev.intarsia.bench.paired.SelectWork;
import dev.intarsia.bench.paired.StepWork;
import dev.intarsia.bench.paired.Work;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * LibTorch, used as its users do: masks are multiplied into the weights in every forward call, and
 * gradients of weights by the mask; plain and channels-last tensors.
 */
public final class LibTorch implements Library {
  static final String NAME = "libtorch";

  private static final Map<String, String> CAPABILITIES =
      Map.of("avx512", "avx512", "avx2", "avx2", "scalar", "default");
  private static final String CAPABILITY = "ATEN_CPU_CAPABILITY";

  @Override
  public String version() {
    return Versions.of("LibTorch", "pytorch");
  }

  @Override
  public void open(Settings settings) {
    String wanted = CAPABILITIES.get(settings.isa());
    if (!settings.isa().equals("avx512") && !wanted.equals(System.getenv(CAPABILITY))) {
      throw new IllegalStateException(
          "%s is %s, but %s is asked for; LibTorch has no other switch, so set it to %s"
              .formatted(CAPABILITY, System.getenv(CAPABILITY), settings.isa(), wanted));
    }
    torch.set_num_threads(settings.threads());
    torch.manual_seed(1);
  }

  @Override
  public List<Contender> contenders(Work work) {
    if (work instanceof ConvWork conv && conv.shape().groups() == 1) {
      return List.of(TorchCall.convolution(conv, false), TorchCall.convolution(conv, true));
    }
    if (work instanceof LinearWork linear) {
      return List.of(TorchCall.linear(linear));
    }
    if (work instanceof CodebookWork codebook && codebook.int8()) {
      return List.of(
          new TorchInt8(codebook, torch.QEngine.FBGEMM),
          new TorchInt8(codebook, torch.QEngine.ONEDNN));
    }
    if (work instanceof SelectWork select) {
      return List.of(TorchCall.select(select));
    }
    if (work instanceof PlaneWork plane) {
      return List.of(TorchPass.plane(plane));
    }
    if (work instanceof ActivationWork activations) {
      return List.of(
          TorchPass.activations(activations, false), TorchPass.activations(activations, true));
    }
    if (work instanceof StepWork step) {
      return List.of(new TorchStep(step, false), new TorchStep(step, true));
    }
    return List.of();
  }

  static Tensor tensor(float[] values, boolean channelsLast, long... dims) {
    Tensor tensor = Tensor.create(values, dims);
    return channelsLast ? tensor.contiguous(torch.MemoryFormat.ChannelsLast) : tensor;
  }

  /** Ones and zeros, as a user keeps a mask. */
  static Tensor mask(boolean[] bits, boolean channelsLast, long... dims) {
    float[] values = new float[bits.length];
    for (int i = 0; i < bits.length; i++) {
      values[i] = bits[i] ? 1 : 0;
    }
    return tensor(values, channelsLast, dims);
  }

  /** All elements the same. */
  static Tensor filled(float value, long... dims) {
    int count = 1;
    for (long dim : dims) {
      count = Math.toIntExact(count * dim);
    }
    float[] values = new float[count];
    Arrays.fill(values, value);
    return Tensor.create(values, dims);
  }

  static String variety(boolean channelsLast) {
    return channelsLast ? "nhwc" : "nchw";
  }
}
