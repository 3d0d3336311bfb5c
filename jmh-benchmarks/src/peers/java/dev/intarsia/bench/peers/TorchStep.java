// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.peers;

import dev.intarsia.bench.paired.Contender;
import dev.intarsia.bench.paired.StepWork;
import dev.intarsia.bench.paired.Structure;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * The published training step on LibTorch: forward through {@code weights * mask}, cross-entropy,
 * autograd, Adam. WSN finds its masks anew with {@code kthvalue} in every layer of every step.
 */
@SuppressWarnings("try") // scopes and guards act by being open
final class TorchStep implements Contender {
  private static final double LEARNING_RATE = 1e-3;

  private final StepWork work;
  private final boolean channelsLast;
  private final PointerScope scope;
  private final TorchParameters parameters;
  private final TorchNet net;
  private final Adam adam;
  private final Tensor images;
  private final Tensor labels;

  TorchStep(StepWork work, boolean channelsLast) {
    this.work = work;
    this.channelsLast = channelsLast;
    try (PointerScope opened = new PointerScope()) {
      scope = opened.extend();
      parameters = new TorchParameters(work.method(), work.keep(), channelsLast);
      net = TorchNet.of(work.model(), parameters, StepWork.CLASSES);
      adam =
          new Adam(
              new TensorVector(parameters.learned().toArray(new Tensor[0])),
              new AdamOptions(LEARNING_RATE));
      images = LibTorch.tensor(work.images(), channelsLast, work.batch(), 3, 32, 32);
      labels = Tensor.create(longs(work.labels()), work.batch());
    }
  }

  private static long[] longs(int[] values) {
    long[] longs = new long[values.length];
    for (int i = 0; i < longs.length; i++) {
      longs[i] = values[i];
    }
    return longs;
  }

  @Override
  public String name() {
    return LibTorch.NAME;
  }

  @Override
  public String variety() {
    return LibTorch.variety(channelsLast);
  }

  @Override
  public Structure structure() {
    return Structure.FULL;
  }

  @Override
  public void run() {
    try (PointerScope step = new PointerScope()) {
      adam.zero_grad();
      Tensor logits = net.forward(images, true);
      torch.cross_entropy_loss(logits, labels).backward();
      parameters.finishGradients();
      adam.step();
    }
  }

  @Override
  public float[] result() {
    float first = loss();
    for (int step = 0; step < StepWork.CHECKED_STEPS; step++) {
      run();
    }
    return new float[] {first, loss()};
  }

  private float loss() {
    try (PointerScope call = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      return torch.cross_entropy_loss(net.forward(images, false), labels).item_float();
    }
  }

  @Override
  public void close() {
    scope.close();
  }
}
