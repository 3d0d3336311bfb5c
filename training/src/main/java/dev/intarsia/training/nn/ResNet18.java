// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

/**
 * ResNet-18 for small images (He et al. 2016, section 4.2 and its usual CIFAR form): a 3x3 stem
 * without pooling, four stages of two basic blocks, global average pooling.
 */
final class ResNet18 {
  private static final int STAGES = 4;
  private static final int BASE_CHANNELS = 64;

  private ResNet18() {}

  /** Channels of the stem and of the first stage. */
  static int channels(double width) {
    return (int) Math.max(1, Math.rint(BASE_CHANNELS * width));
  }

  /**
   * Makes the shared layers.
   *
   * @param width factor on the channels; 1 starts at 64
   */
  static Layer body(Activation input, double width) {
    int base = channels(width);
    Sequential body =
        new Sequential(input)
            .then(in -> new Conv2d("stem", in, base, 3, 1, 1))
            .then(in -> BatchNorm2d.rectified("stem.norm", in));
    for (int stage = 0; stage < STAGES; stage++) {
      int channels = base << stage;
      String name = "stage" + (stage + 1);
      int stride = stage == 0 ? 1 : 2;
      body.then(in -> block(name + ".0", in, channels, stride))
          .then(in -> block(name + ".1", in, channels, 1));
    }
    return body.then(AvgPool2d::global);
  }

  /** Two convolutions beside a shortcut, which is projected where the shape changes. */
  private static Layer block(String name, Activation input, int channels, int stride) {
    return new NormedResidual(
        input,
        branch ->
            new Sequential(branch)
                .then(in -> new Conv2d(name + ".conv1", in, channels, 3, stride, 1))
                .then(in -> BatchNorm2d.rectified(name + ".norm1", in))
                .then(in -> new Conv2d(name + ".conv2", in, channels, 3, 1, 1)),
        name + ".norm2",
        shortcut ->
            stride == 1 && input.shape().c() == channels
                ? new Sequential(shortcut)
                : new Sequential(shortcut)
                    .then(in -> new Conv2d(name + ".project", in, channels, 1, stride, 0))
                    .then(in -> new BatchNorm2d(name + ".norm3", in)));
  }
}
