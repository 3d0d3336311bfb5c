// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import dev.intarsia.CounterRandom;
import java.util.Arrays;
import java.util.List;

/**
 * The embedded stream: shapes and textures drawn from the seed, 28 x 28 grey, no files.
 *
 * <p>Every class is a signed distance function, turned, moved and scaled at random and drawn with
 * soft edges over a background that slopes, among small strokes and noise. Neighbouring classes
 * form a task, and each task has its own look (polarity, contrast, noise), so that a net that
 * simply goes on learning bends its features to the newest look and forgets the older ones.
 */
final class Shapes {
  static final int SIDE = 28;
  private static final int TRAIN_PER_CLASS = 600;
  private static final int TEST_PER_CLASS = 200;
  private static final int CLUTTER_STROKES = 3;

  /**
   * What the images of one task have in common, in grey levels 0..1: the range of their ground, how
   * much brighter the figure is (negative: darker), the deviation of the noise.
   */
  private record Look(float groundLow, float groundHigh, float contrast, float noise) {}

  private static final List<Look> LOOKS =
      List.of(
          new Look(0.05f, 0.25f, 0.60f, 0.05f),
          new Look(0.75f, 0.95f, -0.60f, 0.05f),
          new Look(0.05f, 0.25f, 0.55f, 0.05f),
          new Look(0.75f, 0.95f, -0.50f, 0.06f),
          new Look(0.35f, 0.65f, 0.40f, 0.06f));

  // Close to what the pixels of all tasks measure, and the same however many tasks are asked for.
  private static final Preprocessing PREPROCESSING =
      Preprocessing.normalising(new float[] {0.5f}, new float[] {0.31f});

  private Shapes() {}

  static TaskStream open(String name, String description, StreamOptions options) {
    Figure[] figures = Figure.values();
    ClassSplit split = ClassSplit.of(name, figures.length, 2, options);
    Dataset train = draw(name + " train", options.seed(), 0, split, TRAIN_PER_CLASS);
    Dataset test = draw(name + " test", options.seed(), 1, split, TEST_PER_CLASS);
    List<Task> tasks = split.cut(train, test, PREPROCESSING, options);
    return TaskStream.of(name, description, tasks, "lenet");
  }

  /** Draws [N, 1, 28, 28], classes in turn; image i of a class is its own random stream. */
  private static Dataset draw(String name, long seed, int part, ClassSplit split, int perClass) {
    int classes = split.tasks() * split.classesPerTask();
    Figure[] figures = Arrays.copyOf(Figure.values(), classes);
    byte[] pixels = new byte[classes * perClass * SIDE * SIDE]; // [N, 1, H, W]
    int[] labels = new int[classes * perClass];
    float[] image = new float[SIDE * SIDE]; // [H, W], 0..1
    for (int n = 0; n < labels.length; n++) {
      int label = n % classes;
      labels[n] = label;
      CounterRandom random = CounterRandom.of(seed, "shapes", part, label, n / classes);
      paint(figures[label], LOOKS.get(label / split.classesPerTask()), random, image);
      for (int p = 0; p < image.length; p++) {
        float level = Math.max(0, Math.min(1, image[p]));
        pixels[n * image.length + p] = (byte) Math.round(255 * level);
      }
    }
    List<String> names = Arrays.stream(figures).map(Figure::title).toList();
    return Dataset.of(name, pixels, 1, SIDE, SIDE, labels, names);
  }

  private static void paint(Figure figure, Look look, CounterRandom random, float[] image) {
    float ground = random.uniform(look.groundLow, look.groundHigh);
    float slopeX = random.uniform(-0.006f, 0.006f);
    float slopeY = random.uniform(-0.006f, 0.006f);
    for (int p = 0; p < image.length; p++) {
      image[p] = ground + slopeX * (p % SIDE - SIDE / 2) + slopeY * (p / SIDE - SIDE / 2);
    }
    for (int s = 0; s < CLUTTER_STROKES; s++) {
      stroke(random, look, image);
    }
    blend(figure, random, look.contrast * random.uniform(0.8f, 1.2f), image);
    for (int p = 0; p < image.length; p++) {
      image[p] += look.noise * (float) random.nextGaussian();
    }
  }

  /** A short soft line of either polarity, anywhere. */
  private static void stroke(CounterRandom random, Look look, float[] image) {
    float x = random.uniform(0, SIDE);
    float y = random.uniform(0, SIDE);
    double turn = random.uniform(0, (float) Math.PI);
    float half = random.uniform(1.5f, 4);
    float level = look.contrast * random.uniform(-0.6f, 0.6f);
    float cos = (float) StrictMath.cos(turn);
    float sin = (float) StrictMath.sin(turn);
    for (int p = 0; p < image.length; p++) {
      float dx = p % SIDE + 0.5f - x;
      float dy = p / SIDE + 0.5f - y;
      float along = Math.max(-half, Math.min(half, cos * dx + sin * dy));
      float distance = Figure.length(dx - along * cos, dy - along * sin) - 0.7f;
      image[p] += level * coverage(distance);
    }
  }

  private static void blend(Figure figure, CounterRandom random, float contrast, float[] image) {
    float x = SIDE / 2f + random.uniform(-4, 4);
    float y = SIDE / 2f + random.uniform(-4, 4);
    float radius = random.uniform(6.5f, 10);
    float turn = random.uniform(-figure.turn(), figure.turn());
    float cos = (float) StrictMath.cos(turn);
    float sin = (float) StrictMath.sin(turn);
    for (int p = 0; p < image.length; p++) {
      float dx = (p % SIDE + 0.5f - x) / radius;
      float dy = (p / SIDE + 0.5f - y) / radius;
      float distance = figure.distance(cos * dx + sin * dy, cos * dy - sin * dx);
      image[p] += contrast * coverage(distance * radius);
    }
  }

  /** How much of a pixel lies inside an edge that passes {@code distance} pixels away. */
  private static float coverage(float distance) {
    return Math.max(0, Math.min(1, 0.5f - distance));
  }
}
