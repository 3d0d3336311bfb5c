// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.peers;

import dev.intarsia.CounterRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Weights, and what a method makes of them before and after the gradient is taken. A mask is a leaf
 * of its own: its gradient is that of the score (straight-through) but for the score's sign, which
 * is the published rule without the passes that a custom function would add.
 */
@SuppressWarnings("try") // scopes and guards act by being open
final class TorchParameters {
  private final String method;
  private final double keep;
  private final boolean channelsLast;
  private final List<Masked> masked = new ArrayList<>();
  private final List<Tensor> learned = new ArrayList<>();

  TorchParameters(String method, double keep, boolean channelsLast) {
    this.method = method;
    this.keep = keep;
    this.channelsLast = channelsLast;
  }

  /** A weight tensor that the method masks. */
  final class Masked {
    private final Tensor weights;
    private final Tensor score;
    private final Tensor fixed;
    private Tensor mask;

    private Masked(int index, long[] dims) {
      weights = draw("weights" + index, dims);
      learned.add(weights.requires_grad_(true));
      score = method.equals("wsn") ? draw("score" + index, dims).requires_grad_(true) : null;
      if (score != null) {
        learned.add(score);
      }
      fixed = score == null ? bits("mask" + index, dims) : null;
    }

    /** What the layer multiplies by. */
    Tensor effective() {
      if (method.equals("packnet")) {
        return weights; // while a task trains, it sees everything
      }
      if (score == null) {
        return weights.mul(fixed);
      }
      try (NoGradGuard guard = new NoGradGuard()) {
        Tensor magnitudes = score.abs();
        long rank = 1 + Math.round((1 - keep) * (score.numel() - 1));
        Tensor threshold = torch.kthvalue(magnitudes.flatten(), rank).get0();
        mask = magnitudes.ge(threshold).toType(torch.ScalarType.Float);
      }
      mask.requires_grad_(true);
      return weights.mul(mask);
    }

    private void finishGradient() {
      if (score != null) {
        score.mutable_grad().put(mask.grad().mul(score.sign()));
      } else if (method.equals("packnet")) {
        weights.mutable_grad().mul_(fixed);
      }
    }
  }

  /** A new masked tensor; [O, I, KH, KW] or [O, I]. */
  Masked masked(long... dims) {
    Masked parameter = new Masked(masked.size(), dims);
    masked.add(parameter);
    return parameter;
  }

  /** A new tensor that is not masked. */
  Tensor plain(float value, long... dims) {
    int count = 1;
    for (long dim : dims) {
      count *= (int) dim;
    }
    float[] values = new float[count];
    Arrays.fill(values, value);
    Tensor tensor = Tensor.create(values, dims).requires_grad_(true);
    learned.add(tensor);
    return tensor;
  }

  /** A new tensor that is not masked, drawn at random. */
  Tensor drawn(long... dims) {
    Tensor tensor = draw("plain" + learned.size(), dims).requires_grad_(true);
    learned.add(tensor);
    return tensor;
  }

  /** Everything the optimizer steps. */
  List<Tensor> learned() {
    return learned;
  }

  /** What the method does to gradients before the optimizer sees them. */
  void finishGradients() {
    try (NoGradGuard guard = new NoGradGuard()) {
      masked.forEach(Masked::finishGradient);
    }
  }

  private Tensor draw(String name, long[] dims) {
    int rows = (int) dims[0];
    int cols = 1;
    for (int i = 1; i < dims.length; i++) {
      cols *= (int) dims[i];
    }
    CounterRandom random = CounterRandom.of(1, "libtorch " + name);
    float bound = (float) (1 / Math.sqrt(cols));
    float[] values = new float[rows * cols];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.uniform(-bound, bound);
    }
    return LibTorch.tensor(values, channelsLast && dims.length == 4, dims);
  }

  /** Ones and zeros; whole kernels together unless the method is PackNet. */
  private Tensor bits(String name, long[] dims) {
    int taps = dims.length == 4 && !method.equals("packnet") ? (int) (dims[2] * dims[3]) : 1;
    int count = 1;
    for (long dim : dims) {
      count *= (int) dim;
    }
    CounterRandom random = CounterRandom.of(1, "libtorch " + name);
    float[] values = new float[count];
    for (int i = 0; i < count; i += taps) {
      Arrays.fill(values, i, i + taps, random.nextDouble() < keep ? 1 : 0);
    }
    return LibTorch.tensor(values, channelsLast && dims.length == 4, dims);
  }
}
