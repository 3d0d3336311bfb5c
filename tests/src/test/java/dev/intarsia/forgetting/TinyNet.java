// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.forgetting;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.training.data.Dataset;
import dev.intarsia.training.data.Preprocessing;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.nn.AvgPool2d;
import dev.intarsia.training.nn.BatchNorm2d;
import dev.intarsia.training.nn.Conv2d;
import dev.intarsia.training.nn.Dropout;
import dev.intarsia.training.nn.GroupNorm;
import dev.intarsia.training.nn.Linear;
import dev.intarsia.training.nn.MaxPool2d;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Relu;
import dev.intarsia.training.nn.Sequential;
import java.util.List;

/** A net small enough for the reference, with one layer of every kind, and tasks it can learn. */
public final class TinyNet {
  /** Height and width of its images, in pixels. */
  public static final int SIDE = 8;

  /** Images of a batch: a block and one. */
  public static final int BATCH = 17;

  private static final int CLASSES = 3;

  private TinyNet() {}

  /** A net with every kind of layer. */
  public static Network build(Context context) {
    ActivationShape images = new ActivationShape(BATCH, 1, SIDE, SIDE);
    return new Network(
        context,
        "tiny",
        images,
        1,
        input ->
            new Sequential(input)
                .then(in -> new Conv2d("conv1", in, 4, 3, 1, 1))
                .then(in -> new BatchNorm2d("norm1", in))
                .then(Relu::new)
                .then(in -> new MaxPool2d(in, 2, 2, 0))
                .then(in -> new GroupNorm("norm2", in, 2))
                .then(in -> new AvgPool2d(in, 2, 2, 0))
                .then(in -> new Linear("fc1", in, 20))
                .then(Relu::new)
                .then(in -> new Dropout(in, 0.2, 1, 0)));
  }

  /** A net without normalisation or dropout: convolution, pooling, linear. */
  public static Network plain(Context context) {
    ActivationShape images = new ActivationShape(BATCH, 1, SIDE, SIDE);
    return new Network(
        context,
        "plain",
        images,
        1,
        input ->
            new Sequential(input)
                .then(in -> new Conv2d("conv1", in, 4, 3, 1, 1))
                .then(Relu::new)
                .then(in -> new AvgPool2d(in, 2, 2, 0))
                .then(in -> new Linear("fc1", in, 20))
                .then(Relu::new));
  }

  /** Tasks of three classes: a bright bar whose place depends on class and task, in noise. */
  public static Task task(int index) {
    Dataset train = bars("train", index, 4 * BATCH);
    Dataset test = bars("test", index, BATCH);
    Preprocessing grey = Preprocessing.normalising(new float[] {0.5f}, new float[] {0.25f});
    return Task.of(index, "bars " + index, train, test, grey);
  }

  private static Dataset bars(String part, int task, int count) {
    CounterRandom random = CounterRandom.of(7, "bars " + part, task);
    byte[] pixels = new byte[count * SIDE * SIDE];
    int[] labels = new int[count];
    for (int n = 0; n < count; n++) {
      labels[n] = n % CLASSES;
      int place = (labels[n] * 2 + task) % SIDE;
      for (int p = 0; p < SIDE * SIDE; p++) {
        int along = task % 2 == 0 ? p / SIDE : p % SIDE;
        pixels[n * SIDE * SIDE + p] = (byte) (random.nextInt(128) + (along == place ? 127 : 0));
      }
    }
    return Dataset.of(part + task, pixels, 1, SIDE, SIDE, labels, List.of("a", "b", "c"));
  }
}
