// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.ActivationShape;

/**
 * How many shared weights the nets of {@link Models} have, without building them: what a file says
 * of a net is compared with this before memory is taken by its word. {@code ModelsTest} holds it to
 * the nets.
 */
final class ModelSizes {
  private ModelSizes() {}

  static long of(String name, ActivationShape in, double width) {
    long c = in.c();
    long h = in.h();
    long w = in.w();
    return switch (name) {
      case "mlp" -> c * h * w * 100 + 100 * 100;
      case "lenet" ->
          20 * c * 25 + 50 * 20 * 25 + 800 * 50 * halved(halved(h)) * halved(halved(w)) + 500 * 800;
      case "alexnet", "alexnet-norm" ->
          64 * c * 16 + 128 * 64 * 9 + 256 * 128 * 4 + 2048 * 256 * alex(h) * alex(w) + 2048 * 2048;
      case "segnet-small" -> SegNet.weights(c, width);
      case "resnet18" -> resnet(c, ResNet18.channels(width));
      case "resnet20" -> plain(c, CifarResNet.channels(width), 3);
      case "resnet32" -> plain(c, CifarResNet.channels(width), 5);
      default -> throw new IllegalStateException("model " + name + " has no size here");
    };
  }

  /** Behind a pooling of 3 with stride 2 and a border of 1. */
  private static long halved(long side) {
    return (side - 1) / 2 + 1;
  }

  /** Behind convolutions of 4, 3 and 2, each followed by a pooling of 2. */
  private static long alex(long side) {
    return (((side - 3) / 2 - 2) / 2 - 1) / 2;
  }

  private static long resnet(long c, long base) {
    long sum = 9 * c * base + 4 * 9 * base * base;
    for (long channels = 2 * base; channels <= 8 * base; channels *= 2) {
      sum += channels * channels / 2 * 9 + 3 * 9 * channels * channels + channels * channels / 2;
    }
    return sum;
  }

  /** Without projections: of each stage but the first, one convolution has half the inputs. */
  private static long plain(long c, long base, long blocks) {
    long sum = 9 * c * base + 2 * blocks * 9 * base * base;
    for (long channels = 2 * base; channels <= 4 * base; channels *= 2) {
      sum += 9 * channels * channels * (2 * blocks - 1) + 9 * channels * channels / 2;
    }
    return sum;
  }
}
