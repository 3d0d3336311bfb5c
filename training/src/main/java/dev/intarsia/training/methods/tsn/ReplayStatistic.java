// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.tsn;

import dev.intarsia.CounterRandom;
import dev.intarsia.training.data.Dataset;
import java.util.Arrays;

/**
 * What is kept of a task's images to tell how far another task is: one distribution over places of
 * an image. An image is averaged down to at most 8 x 8 places a channel, brought to mean 0 and
 * deviation 1 over all of them, and put through a softmax; the statistic is the mean over 100
 * images. Standardising makes it free of scale, so that a threshold in nats means the same for
 * every data set; the mean makes it free of the order and the number of the images, and small: at
 * most 64 floats a channel, where the published memory keeps 100 images.
 */
public final class ReplayStatistic {
  private static final int IMAGES = 100;
  private static final int SIDE = 8;
  private static final double LEAST_DEVIATION = 1e-6;

  private ReplayStatistic() {}

  /** Returns the statistic of a task's training images, [C * h * w]; it sums to 1. */
  public static float[] of(Dataset images, int task, long seed) {
    int[] order = new int[images.size()];
    Arrays.setAll(order, i -> i);
    CounterRandom.of(seed, "replay", task).shuffle(order);
    int count = Math.min(IMAGES, order.length);
    byte[] pixels = new byte[images.imageLength()];
    double[] mean = null;
    for (int i = 0; i < count; i++) {
      images.copyPixels(order[i], pixels, 0);
      double[] places = places(images, pixels);
      softmax(places);
      if (mean == null) {
        mean = new double[places.length];
      }
      for (int p = 0; p < places.length; p++) {
        mean[p] += places[p] / count;
      }
    }
    float[] statistic = new float[mean.length];
    for (int p = 0; p < mean.length; p++) {
      statistic[p] = (float) mean[p];
    }
    return statistic;
  }

  /** Returns the divergence of Kullback and Leibler, sum of p log(p / q), in nats. */
  public static double divergence(float[] p, float[] q) {
    if (p.length != q.length) {
      throw new IllegalArgumentException(
          "the statistics have %d and %d places, they are of images of different sizes"
              .formatted(p.length, q.length));
    }
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      sum += p[i] * StrictMath.log((double) p[i] / q[i]);
    }
    return Math.max(0, sum); // rounding may fall below
  }

  /** Averages of [C, h, w] nearly equal rectangles, pixels 0 to 255. */
  private static double[] places(Dataset images, byte[] pixels) {
    int h = Math.min(SIDE, images.height());
    int w = Math.min(SIDE, images.width());
    double[] places = new double[images.channels() * h * w];
    for (int p = 0; p < places.length; p++) {
      int channel = p / (h * w);
      int row = p / w % h;
      int col = p % w;
      long sum = 0;
      int count = 0;
      for (int y = row * images.height() / h; y < (row + 1) * images.height() / h; y++) {
        for (int x = col * images.width() / w; x < (col + 1) * images.width() / w; x++) {
          sum += pixels[(channel * images.height() + y) * images.width() + x] & 0xFF;
          count++;
        }
      }
      places[p] = (double) sum / count;
    }
    return places;
  }

  private static void softmax(double[] values) {
    double mean = Arrays.stream(values).sum() / values.length;
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    double deviation = Math.max(LEAST_DEVIATION, Math.sqrt(squares / values.length));
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      values[i] = StrictMath.exp((values[i] - mean) / deviation);
      sum += values[i];
    }
    for (int i = 0; i < values.length; i++) {
      values[i] /= sum;
    }
  }
}
