// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.util.Arrays;
import java.util.Objects;

/**
 * How uint8 pixels become what the net sees: {@code (pixel / 255 - mean) / std} per channel, and in
 * training, before that, a shift within a black border and a mirror image half the time.
 *
 * @param mean [C], in 0..1; copied
 * @param std [C], in 0..1, above 0; copied
 * @param cropPad training images shift by up to this many pixels each way; 0 = never
 * @param flip whether training images are mirrored left to right with probability one half
 */
public record Preprocessing(float[] mean, float[] std, int cropPad, boolean flip) {

  /** Checks and copies. */
  public Preprocessing {
    mean = mean.clone();
    std = std.clone();
    if (mean.length == 0 || mean.length != std.length) {
      throw new IllegalArgumentException(
          "mean has %d channels and std %d, they must agree and be at least 1"
              .formatted(mean.length, std.length));
    }
    for (int c = 0; c < std.length; c++) {
      if (!Float.isFinite(mean[c]) || !Float.isFinite(std[c]) || std[c] <= 0) {
        throw new IllegalArgumentException(
            "channel %d has mean %s and std %s, they must be finite and std above 0"
                .formatted(c, mean[c], std[c]));
      }
    }
    if (cropPad < 0) {
      throw new IllegalArgumentException("cropPad is " + cropPad + ", it must be at least 0");
    }
  }

  /** Normalisation alone. */
  public static Preprocessing normalising(float[] mean, float[] std) {
    return new Preprocessing(mean, std, 0, false);
  }

  /**
   * Normalisation by the mean and deviation of the dataset's own pixels, per channel.
   *
   * @throws IllegalArgumentException if the dataset is empty
   */
  public static Preprocessing measured(Dataset dataset) {
    if (dataset.size() == 0) {
      throw new IllegalArgumentException(dataset.name() + ": 0 images, at least 1 is needed");
    }
    int channels = dataset.channels();
    int area = dataset.height() * dataset.width();
    long[] sum = new long[channels];
    long[] squares = new long[channels];
    byte[] image = new byte[dataset.imageLength()]; // [C, H, W]
    for (int i = 0; i < dataset.size(); i++) {
      dataset.copyPixels(i, image, 0);
      for (int k = 0; k < image.length; k++) {
        int value = image[k] & 0xFF;
        sum[k / area] += value;
        squares[k / area] += value * value;
      }
    }
    float[] mean = new float[channels];
    float[] std = new float[channels];
    double count = (double) dataset.size() * area;
    for (int c = 0; c < channels; c++) {
      double average = sum[c] / count;
      mean[c] = (float) (average / 255);
      // A channel of one colour has no deviation; half a grey level keeps the quotient finite.
      double deviation = Math.sqrt(Math.max(0, squares[c] / count - average * average));
      std[c] = (float) (Math.max(0.5, deviation) / 255);
    }
    return normalising(mean, std);
  }

  /** The same normalisation with training augmentation. */
  public Preprocessing augmented(int newCropPad, boolean newFlip) {
    return new Preprocessing(mean, std, newCropPad, newFlip);
  }

  /** C. */
  public int channels() {
    return mean.length;
  }

  /** [C], a copy. */
  @Override
  public float[] mean() {
    return mean.clone();
  }

  /** [C], a copy. */
  @Override
  public float[] std() {
    return std.clone();
  }

  /**
   * Normalises images, as the loader does for evaluation.
   *
   * @param pixels [count, C, H, W], unsigned bytes
   * @param first index of the first image
   * @param count how many images
   * @param dst receives [count, C, H, W]
   * @param to index of the image in {@code dst} that the first one becomes
   * @param area H * W
   */
  public void normalise(byte[] pixels, int first, int count, float[] dst, int to, int area) {
    float[][] table = table();
    int from = first * mean.length * area;
    int at = to * mean.length * area;
    for (int i = 0; i < count * mean.length; i++) {
      float[] normalised = table[i % mean.length];
      for (int p = 0; p < area; p++) {
        dst[at++] = normalised[pixels[from++] & 0xFF];
      }
    }
  }

  /** The normalised value of every pixel value: [C][256]. */
  float[][] table() {
    float[][] table = new float[mean.length][256];
    for (int c = 0; c < mean.length; c++) {
      for (int v = 0; v < 256; v++) {
        table[c][v] = (float) ((v / 255.0 - mean[c]) / std[c]);
      }
    }
    return table;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Preprocessing that
        && Arrays.equals(mean, that.mean)
        && Arrays.equals(std, that.std)
        && cropPad == that.cropPad
        && flip == that.flip;
  }

  @Override
  public int hashCode() {
    return Objects.hash(Arrays.hashCode(mean), Arrays.hashCode(std), cropPad, flip);
  }

  @Override
  public String toString() {
    return "mean %s, std %s, cropPad %d, flip %s"
        .formatted(Arrays.toString(mean), Arrays.toString(std), cropPad, flip);
  }
}
