// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.ActivationShape;
import dev.intarsia.UpsampleMode;

/**
 * A small encoder-decoder for labels of pixels (after Badrinarayanan et al. 2017, <em>SegNet</em>):
 * three times a 3x3 convolution to more channels and a pooling to half the size, and the way back
 * by convolutions and bilinear upsampling. What comes back up is added to what went down at that
 * size (Chaurasia and Culurciello 2017, <em>LinkNet</em>), which keeps edges sharp without the
 * pooling indices of SegNet.
 */
final class SegNet {
  /** Images are halved this often. */
  private static final int LEVELS = 3;

  private SegNet() {}

  /**
   * The shared layers; they end in as many channels as they begin with, at the size of the images.
   *
   * @param width factor on the channels; 1 starts at 64
   * @throws IllegalArgumentException unless 8 divides height and width
   */
  static Layer body(Activation input, double width) {
    requireSize(input.shape());
    int base = ResNet18.channels(width);
    return new Sequential(input)
        .then(in -> new Conv2d("down0", in, base, 3, 1, 1))
        .then(in -> BatchNorm2d.rectified("down0.norm", in))
        .then(in -> level(1, in, base));
  }

  static void requireSize(ActivationShape images) {
    int unit = 1 << LEVELS;
    if (images.h() % unit != 0 || images.w() % unit != 0) {
      throw new IllegalArgumentException(
          "model segnet-small needs images whose sides %d divides, these have %d x %d; scale them"
              .formatted(unit, images.h(), images.w()));
    }
  }

  /** Down by a half, everything below, and up again, beside the input itself. */
  private static Layer level(int depth, Activation input, int base) {
    int channels = channels(depth, base);
    return new Residual(
        input,
        branch -> {
          Sequential layers =
              new Sequential(branch)
                  .then(in -> new MaxPool2d(in, 2, 2, 0))
                  .then(in -> new Conv2d("down" + depth, in, channels, 3, 1, 1))
                  .then(in -> BatchNorm2d.rectified("down" + depth + ".norm", in));
          if (depth < LEVELS) {
            layers.then(in -> level(depth + 1, in, base));
          }
          return layers
              .then(in -> new Conv2d("up" + depth, in, channels(depth - 1, base), 3, 1, 1))
              .then(in -> BatchNorm2d.rectified("up" + depth + ".norm", in))
              .then(in -> new Upsample2d(in, 2, UpsampleMode.BILINEAR));
        },
        Sequential::new);
  }

  /** Twice as many at each level, four times at most. */
  private static int channels(int depth, int base) {
    return base << Math.min(depth, 2);
  }

  /** Weights of all convolutions over images of {@code c} channels. */
  static long weights(long c, double width) {
    int base = ResNet18.channels(width);
    long sum = c * base;
    for (int depth = 1; depth <= LEVELS; depth++) {
      sum += 2L * channels(depth - 1, base) * channels(depth, base);
    }
    return 9 * sum;
  }
}
