// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.training.data.StreamOptions;
import dev.intarsia.training.data.Streams;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.data.TaskStream;
import dev.intarsia.training.nn.Activation;
import dev.intarsia.training.nn.BatchNorm2d;
import dev.intarsia.training.nn.Conv2d;
import dev.intarsia.training.nn.Dropout;
import dev.intarsia.training.nn.GroupNorm;
import dev.intarsia.training.nn.Layer;
import dev.intarsia.training.nn.Linear;
import dev.intarsia.training.nn.MaxPool2d;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Relu;
import dev.intarsia.training.nn.Residual;
import dev.intarsia.training.nn.Sequential;
import java.util.List;

/** A net with one of every kind of layer, and tasks small enough for the reference backend. */
public final class TinyNet {
  /** Images of the largest pass. */
  public static final int BATCH = 20;

  private static final StreamOptions OPTIONS = new StreamOptions(null, 3, 3, 0, 0, 36, 24);

  private TinyNet() {}

  /** Three tasks of drawn shapes, 36 images to learn from and 24 to be examined on. */
  public static List<Task> tasks() {
    return stream().tasks();
  }

  /** The stream of {@link #tasks}. */
  public static TaskStream stream() {
    return Streams.open("shapes", OPTIONS);
  }

  /** Closed by the caller. */
  public static Network build(Context context, long seed) {
    return new Network(
        context, "tiny", new ActivationShape(BATCH, 1, 28, 28), seed, in -> body(in, seed));
  }

  private static Layer body(Activation input, long seed) {
    return new Sequential(input)
        .then(in -> new Conv2d("conv1", in, 4, 5, 3, 1))
        .then(in -> new BatchNorm2d("norm1", in))
        .then(Relu::new)
        .then(in -> new MaxPool2d(in, 3, 2, 1))
        .then(
            in ->
                new Residual(
                    in,
                    branch ->
                        new Sequential(branch)
                            .then(x -> new Conv2d("conv2", x, 4, 3, 1, 1))
                            .then(x -> new GroupNorm("norm2", x, 2)),
                    Sequential::new))
        .then(Relu::new)
        .then(in -> new Dropout(in, 0.1, seed, 0))
        .then(in -> new Linear("fc1", in, 10))
        .then(Relu::new);
  }
}
