// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

/**
 * The residual nets for images of 32x32 of He et al. 2016, section 4.2: a 3x3 stem, three stages of
 * {@code n} basic blocks with 16, 32 and 64 channels, shortcuts without parameters (option A),
 * global average pooling. {@code n} = 3 makes ResNet-20, 5 makes ResNet-32.
 *
 * <p>Convolutions and norms have the names of the published checkpoints: {@code conv1}, {@code bn1}
 * and {@code layer1.0.conv1} to {@code layer3.2.bn2}.
 */
final class CifarResNet {
  static final int STAGES = 3;

  private static final int BASE_CHANNELS = 16;

  private CifarResNet() {}

  /** What normalises. */
  enum Norms {
    /** Batch normalisation, fused with the sum and the rectifier at the end of a block. */
    BATCH,
    /** Group normalisation in the largest number of groups up to 8 that divides the channels. */
    GROUP;

    private static final int MOST_GROUPS = 8;

    /** A norm and a rectifier. */
    Layer rectified(String name, Activation input) {
      return this == BATCH
          ? BatchNorm2d.rectified(name, input)
          : new Sequential(input).then(in -> grouped(name, in)).then(Relu::new);
    }

    private static GroupNorm grouped(String name, Activation in) {
      int groups = Math.min(MOST_GROUPS, in.shape().c());
      while (in.shape().c() % groups != 0) {
        groups--;
      }
      return new GroupNorm(name, in, groups);
    }
  }

  /** Channels of the stem and of the first stage. */
  static int channels(double width) {
    return (int) Math.max(1, Math.rint(BASE_CHANNELS * width));
  }

  /**
   * Makes the shared layers.
   *
   * @param blocks n, of each stage
   * @param width factor on the channels; 1 starts at 16
   * @param norms what normalises
   */
  static Layer body(Activation input, int blocks, double width, Norms norms) {
    int base = channels(width);
    Sequential body =
        new Sequential(input)
            .then(in -> new Conv2d("conv1", in, base, 3, 1, 1))
            .then(in -> norms.rectified("bn1", in));
    for (int stage = 0; stage < STAGES; stage++) {
      for (int block = 0; block < blocks; block++) {
        String name = "layer%d.%d".formatted(stage + 1, block);
        int channels = base << stage;
        int stride = stage > 0 && block == 0 ? 2 : 1;
        body.then(in -> block(name, in, channels, stride, norms));
      }
    }
    return body.then(AvgPool2d::global);
  }

  private static Layer block(String name, Activation input, int channels, int stride, Norms norms) {
    if (norms == Norms.BATCH) {
      return new NormedResidual(
          input,
          branch -> branch(name, branch, channels, stride, norms),
          name + ".bn2",
          shortcut -> shortcut(shortcut, channels, stride));
    }
    return new Sequential(input)
        .then(
            in ->
                new Residual(
                    in,
                    branch ->
                        branch(name, branch, channels, stride, norms)
                            .then(x -> Norms.grouped(name + ".bn2", x)),
                    shortcut -> shortcut(shortcut, channels, stride)))
        .then(Relu::new);
  }

  private static Sequential branch(
      String name, Activation input, int channels, int stride, Norms norms) {
    return new Sequential(input)
        .then(in -> new Conv2d(name + ".conv1", in, channels, 3, stride, 1))
        .then(in -> norms.rectified(name + ".bn1", in))
        .then(in -> new Conv2d(name + ".conv2", in, channels, 3, 1, 1));
  }

  private static Layer shortcut(Activation input, int channels, int stride) {
    Sequential identity = new Sequential(input);
    return stride == 1 && input.shape().c() == channels
        ? identity
        : identity.then(in -> new SubsampledShortcut(in, channels, stride));
  }
}
