// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.training.Nearest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The nets that have a name. Each ends in features; heads are added per task. */
public final class Models {
  /** Name of the setting that scales the channels of the residual nets. */
  public static final String WIDTH = "width";

  /** Width of these unless set: 20 channels, as continual-learning papers use it. */
  public static final double DEFAULT_WIDTH = 20.0 / 64;

  /** Width of {@code resnet20} and {@code resnet32} unless set: 16 channels, as published. */
  public static final double PUBLISHED_WIDTH = 1;

  private static final String PIXEL_MODEL = "segnet-small";
  private static final double MAX_WIDTH = 16;
  private static final Map<String, Entry> ENTRIES = entries();

  private Models() {}

  /** Makes the shared layers of a net. */
  private interface Body {
    Layer build(Activation in, long seed, double width);
  }

  private record Entry(String description, int smallestImage, List<String> settings, Body body) {}

  private static Map<String, Entry> entries() {
    Map<String, Entry> entries = new LinkedHashMap<>();
    entries.put(
        "mlp", new Entry("two hidden layers of 100", 1, List.of(), (in, seed, width) -> mlp(in)));
    entries.put(
        "lenet",
        new Entry(
            "convolutions of 20 and 50, hidden layers of 800 and 500",
            8,
            List.of(),
            (in, seed, width) -> lenet(in)));
    entries.put(
        "alexnet",
        new Entry(
            "AlexNet for CIFAR: convolutions of 64, 128, 256, two hidden layers of 2048",
            19,
            List.of(),
            (in, seed, width) -> alexnet(in, seed)));
    entries.put(
        "alexnet-norm",
        new Entry(
            "the same with batch normalisation in front of every rectifier",
            19,
            List.of(),
            (in, seed, width) -> normedAlexnet(in, seed)));
    entries.put(
        "resnet18",
        new Entry(
            "ResNet-18 for CIFAR, 20 channels; settings.width=1 for 64",
            8,
            List.of(WIDTH),
            (in, seed, width) -> ResNet18.body(in, width)));
    entries.put("resnet20", residual(20, 3));
    entries.put("resnet32", residual(32, 5));
    entries.put(
        PIXEL_MODEL,
        new Entry(
            "small encoder-decoder for labels of pixels, 20 channels; settings.width=1 for 64",
            8,
            List.of(WIDTH),
            (in, seed, width) -> SegNet.body(in, width)));
    return entries;
  }

  private static Entry residual(int layers, int blocks) {
    return new Entry(
        "ResNet-%d for CIFAR, 16 channels, shortcuts without parameters; takes --backbone"
            .formatted(layers),
        8,
        List.of(WIDTH),
        (in, seed, width) -> CifarResNet.body(in, blocks, width, CifarResNet.Norms.BATCH));
  }

  /** All names. */
  public static List<String> names() {
    return List.copyOf(ENTRIES.keySet());
  }

  /**
   * Returns one line for people.
   *
   * @throws IllegalArgumentException if there is no such model; names the nearest
   */
  public static String describe(String name) {
    return entry(name).description;
  }

  /** Names of the settings a model has. */
  public static List<String> settings(String name) {
    return entry(name).settings;
  }

  /** The width that a model has unless it is set; any number where it has no such setting. */
  public static double defaultWidth(String name) {
    return name.equals("resnet18") ? DEFAULT_WIDTH : PUBLISHED_WIDTH;
  }

  /**
   * Builds a net and draws its weights.
   *
   * @param name one of {@link #names}
   * @param input [N, C, H, W] of the images; N is the most one pass may have
   * @param seed all initial weights and all dropout are derived from it
   * @param width factor on the channels of a net that has the setting {@link #WIDTH}
   * @throws IllegalArgumentException if there is no such model (names the nearest), the images are
   *     too small for it, or the width is out of range
   */
  public static Network build(
      String name, Context context, ActivationShape input, long seed, double width) {
    Entry entry = check(name, input, width);
    Head.Factory heads = labelsPixels(name) ? PixelHead::new : ClassHead::new;
    return new Network(context, name, input, seed, in -> entry.body.build(in, seed, width), heads);
  }

  /** Whether a net answers with a class for each pixel, not with one for the image. */
  public static boolean labelsPixels(String name) {
    return name.equals(PIXEL_MODEL);
  }

  /**
   * Returns how many shared weights a net would have; allocates nothing.
   *
   * @throws IllegalArgumentException as {@link #build} would
   */
  public static long sharedWeights(String name, ActivationShape input, double width) {
    check(name, input, width);
    return ModelSizes.of(name, input, width);
  }

  private static Entry check(String name, ActivationShape input, double width) {
    Entry entry = entry(name);
    if (Math.min(input.h(), input.w()) < entry.smallestImage) {
      throw new IllegalArgumentException(
          "model %s needs images of at least %d x %d pixels, these have %d x %d; use mlp"
              .formatted(name, entry.smallestImage, entry.smallestImage, input.h(), input.w()));
    }
    if (name.equals(PIXEL_MODEL)) {
      SegNet.requireSize(input);
    }
    if (!(width > 0 && width <= MAX_WIDTH)) {
      throw new IllegalArgumentException(
          "width is "
              + width
              + ", must be above 0 and at most "
              + MAX_WIDTH
              + "; 1 is the channels of the paper");
    }
    return entry;
  }

  private static Entry entry(String name) {
    Entry entry = ENTRIES.get(name);
    if (entry == null) {
      throw new IllegalArgumentException(Nearest.unknown("model", name, ENTRIES.keySet()));
    }
    return entry;
  }

  private static Layer mlp(Activation input) {
    return new Sequential(input)
        .then(in -> new Linear("fc1", in, 100))
        .then(Relu::new)
        .then(in -> new Linear("fc2", in, 100))
        .then(Relu::new);
  }

  private static Layer lenet(Activation input) {
    return new Sequential(input)
        .then(in -> new Conv2d("conv1", in, 20, 5, 1, 2))
        .then(Relu::new)
        .then(in -> new MaxPool2d(in, 3, 2, 1))
        .then(in -> new Conv2d("conv2", in, 50, 5, 1, 2))
        .then(Relu::new)
        .then(in -> new MaxPool2d(in, 3, 2, 1))
        .then(in -> new Linear("fc1", in, 800))
        .then(Relu::new)
        .then(in -> new Linear("fc2", in, 500))
        .then(Relu::new);
  }

  private static Layer alexnet(Activation input, long seed) {
    return new Sequential(input)
        .then(in -> new Conv2d("conv1", in, 64, 4, 1, 0))
        .then(Relu::new)
        .then(in -> new Dropout(in, 0.2, seed, 0))
        .then(in -> new MaxPool2d(in, 2, 2, 0))
        .then(in -> new Conv2d("conv2", in, 128, 3, 1, 0))
        .then(Relu::new)
        .then(in -> new Dropout(in, 0.2, seed, 1))
        .then(in -> new MaxPool2d(in, 2, 2, 0))
        .then(in -> new Conv2d("conv3", in, 256, 2, 1, 0))
        .then(Relu::new)
        .then(in -> new Dropout(in, 0.5, seed, 2))
        .then(in -> new MaxPool2d(in, 2, 2, 0))
        .then(in -> new Linear("fc1", in, 2048))
        .then(Relu::new)
        .then(in -> new Dropout(in, 0.5, seed, 3))
        .then(in -> new Linear("fc2", in, 2048))
        .then(Relu::new)
        .then(in -> new Dropout(in, 0.5, seed, 4));
  }

  private static Layer normedAlexnet(Activation input, long seed) {
    return new Sequential(input)
        .then(in -> new Conv2d("conv1", in, 64, 4, 1, 0))
        .then(in -> BatchNorm2d.rectified("norm1", in))
        .then(in -> new Dropout(in, 0.2, seed, 0))
        .then(in -> new MaxPool2d(in, 2, 2, 0))
        .then(in -> new Conv2d("conv2", in, 128, 3, 1, 0))
        .then(in -> BatchNorm2d.rectified("norm2", in))
        .then(in -> new Dropout(in, 0.2, seed, 1))
        .then(in -> new MaxPool2d(in, 2, 2, 0))
        .then(in -> new Conv2d("conv3", in, 256, 2, 1, 0))
        .then(in -> BatchNorm2d.rectified("norm3", in))
        .then(in -> new Dropout(in, 0.5, seed, 2))
        .then(in -> new MaxPool2d(in, 2, 2, 0))
        .then(in -> new Linear("fc1", in, 2048))
        .then(in -> BatchNorm2d.rectified("norm4", in))
        .then(in -> new Dropout(in, 0.5, seed, 3))
        .then(in -> new Linear("fc2", in, 2048))
        .then(in -> BatchNorm2d.rectified("norm5", in))
        .then(in -> new Dropout(in, 0.5, seed, 4));
  }
}
