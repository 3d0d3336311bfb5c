// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.peers;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** The two nets of the step benchmarks, with the layers and sizes of the training module. */
final class TorchNet {
  /** One layer; {@code training} says whether dropout drops. */
  private interface Layer {
    Tensor apply(Tensor x, boolean training);
  }

  private static final long[] NO_DILATION = {1, 1};
  private final TorchParameters parameters;
  private final List<Layer> layers = new ArrayList<>();

  private TorchNet(TorchParameters parameters) {
    this.parameters = parameters;
  }

  static TorchNet of(String model, TorchParameters parameters, int classes) {
    TorchNet net = new TorchNet(parameters);
    switch (model) {
      case "alexnet" -> net.alexnet(classes);
      case "resnet18" -> net.resnet18(classes);
      default -> throw new IllegalArgumentException("model is '" + model + "'");
    }
    return net;
  }

  /** Logits. */
  Tensor forward(Tensor images, boolean training) {
    Tensor x = images;
    for (Layer layer : layers) {
      x = layer.apply(x, training);
    }
    return x;
  }

  private void alexnet(int classes) {
    stage(3, 64, 4, 0.2);
    stage(64, 128, 3, 0.2);
    stage(128, 256, 2, 0.5);
    layers.add((x, training) -> x.flatten(1, -1));
    hidden(1024, 2048);
    hidden(2048, 2048);
    head(2048, classes);
  }

  private void stage(int in, int out, int k, double drop) {
    Layer conv = convolution(in, out, k, 1, 0);
    layers.add(
        (x, training) -> {
          Tensor y = torch.relu(conv.apply(x, training));
          return torch.max_pool2d(
              torch.dropout(y, drop, training),
              new long[] {2, 2},
              new long[] {2, 2},
              new long[] {0, 0},
              NO_DILATION,
              false);
        });
  }

  private void hidden(int in, int out) {
    TorchParameters.Masked weights = parameters.masked(out, in);
    layers.add(
        (x, training) ->
            torch.dropout(torch.relu(torch.linear(x, weights.effective())), 0.5, training));
  }

  private void head(int in, int classes) {
    Tensor weights = parameters.drawn(classes, in);
    layers.add((x, training) -> torch.linear(x, weights));
  }

  private void resnet18(int classes) {
    Layer stem = convolution(3, 64, 3, 1, 1);
    Layer norm = norm(64);
    layers.add((x, training) -> torch.relu(norm.apply(stem.apply(x, training), training)));
    int channels = 64;
    for (int stage = 0; stage < 4; stage++) {
      int out = 64 << stage;
      layers.add(block(channels, out, stage == 0 ? 1 : 2));
      layers.add(block(out, out, 1));
      channels = out;
    }
    layers.add((x, training) -> torch.adaptive_avg_pool2d(x, 1, 1).flatten(1, -1));
    head(channels, classes);
  }

  private Layer block(int in, int out, int stride) {
    Layer conv1 = convolution(in, out, 3, stride, 1);
    Layer norm1 = norm(out);
    Layer conv2 = convolution(out, out, 3, 1, 1);
    Layer norm2 = norm(out);
    boolean project = stride != 1 || in != out;
    Layer conv3 = project ? convolution(in, out, 1, stride, 0) : null;
    Layer norm3 = project ? norm(out) : null;
    return (x, training) -> {
      Tensor y = torch.relu(norm1.apply(conv1.apply(x, training), training));
      y = norm2.apply(conv2.apply(y, training), training);
      Tensor shortcut = project ? norm3.apply(conv3.apply(x, training), training) : x;
      return torch.relu(y.add(shortcut));
    };
  }

  private Layer convolution(int in, int out, int k, int stride, int pad) {
    TorchParameters.Masked weights = parameters.masked(out, in, k, k);
    long[] strides = {stride, stride};
    long[] pads = {pad, pad};
    return (x, training) ->
        torch.conv2d(x, weights.effective(), new TensorOptional(), strides, pads, NO_DILATION, 1);
  }

  /** By the batch's own statistics, whatever the phase: that is what a step costs. */
  private Layer norm(int channels) {
    TensorOptional scale = new TensorOptional(parameters.plain(1, channels));
    TensorOptional shift = new TensorOptional(parameters.plain(0, channels));
    return (x, training) ->
        torch.batch_norm(
            x, scale, shift, new TensorOptional(), new TensorOptional(), true, 0.1, 1e-5, false);
  }
}
