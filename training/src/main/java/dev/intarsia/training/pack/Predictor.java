// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.training.data.DataException;
import dev.intarsia.training.nn.Models;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.nn.Run;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Answers images from a pack, of one task or of several in one call.
 *
 * <pre>{@code
 * try (Context context = Context.cpu();
 *     Predictor predictor = Predictor.open(Path.of("model.itp"), context, 64)) {
 *   Answer[] answers = predictor.predict(pixels, new int[] {3, 0, 3}); // three images
 *   String name = predictor.task(answers[0].task()).classNames().get(answers[0].best());
 * }
 * }</pre>
 *
 * <p>The shared codes are laid out once, for all tasks; a task brings its mask, head and norms. The
 * rows of a call are put together by task, and the groups share passes: in each, a linear layer
 * reads and looks its codes up once for all tasks, and a convolution, whose codes stay in cache,
 * once a group. A group begins a block of sixteen images (in nets built for less than eight, where
 * images are row-major, there is nothing to fill up), so that a batch of {@code 16 * tasks} answers
 * the most mixed call in one pass. Tasks of different copies of the weights have passes of their
 * own, and so has every task on the reference backend. No row's bits depend on another row.
 *
 * <p>Tasks are read from the file when one is first asked for. Borrows the context. Not
 * thread-safe.
 */
public final class Predictor implements AutoCloseable {
  private final PackFile file;
  private final Network net;
  private final PackedNetwork packed;
  private final int imageLength;
  private final float[] buffer; // [N, C, H, W]

  private Predictor(PackFile file, Network net) {
    this.file = file;
    this.net = net;
    imageLength = file.net().channels() * file.net().height() * file.net().imageWidth();
    buffer = new float[net.capacity() * imageLength];
    packed = new PackedNetwork(net, file.model(0));
  }

  /**
   * Opens a pack and builds its net.
   *
   * @param batch the most images of one pass, with what fills up the groups of tasks
   * @throws DataException if the file is no intact pack, or not of a net that this program knows
   */
  public static Predictor open(Path pack, Context context, int batch) {
    return of(PackFile.open(pack), context, batch);
  }

  /** Builds the net of an open pack. */
  public static Predictor of(PackFile file, Context context, int batch) {
    PackedModel.Net wanted = file.net();
    if (file.tasks() == 0) {
      throw new DataException(file.path(), "has no task yet", "wait for the run to learn one");
    }
    Network net;
    try {
      ActivationShape input =
          new ActivationShape(batch, wanted.channels(), wanted.height(), wanted.imageWidth());
      file.requireWeights(Models.sharedWeights(wanted.model(), input, wanted.width()));
      net = Models.build(wanted.model(), context, input, 0, wanted.width());
    } catch (IllegalArgumentException e) {
      throw new DataException(
          file.path(), "its net cannot be built: " + e.getMessage(), "take an intact copy", e);
    }
    try {
      file.requireLayers(net.shared().stream().map(Predictor::describe).toList());
      return new Predictor(file, net);
    } catch (RuntimeException e) {
      net.close();
      throw e;
    }
  }

  private static String describe(Parameter parameter) {
    return "%s [%d, %d]".formatted(parameter.name(), parameter.rows(), parameter.cols());
  }

  /** The file. */
  public PackFile pack() {
    return file;
  }

  /** A task of the pack; read if it was not. */
  public PackedTask task(int index) {
    return file.task(index);
  }

  /**
   * Answers images as they come from files; each task's preprocessing makes them what it learned
   * from.
   *
   * @param pixels [n, C, H, W], unsigned bytes
   * @param tasks [n], the task of each image, in any order
   * @return one answer per image, in the same order
   */
  public Answer[] predict(byte[] pixels, int[] tasks) {
    requireLength("pixels", pixels.length, tasks.length);
    int area = file.net().height() * file.net().imageWidth();
    return predict(
        tasks,
        (task, image, slot) ->
            file.task(task).preprocessing().normalise(pixels, image, 1, buffer, slot, area));
  }

  /**
   * Answers images that are what the net reads already.
   *
   * @param images [n, C, H, W], normalised
   * @param tasks [n], the task of each image, in any order
   * @return one answer per image, in the same order
   */
  public Answer[] predict(float[] images, int[] tasks) {
    requireLength("images", images.length, tasks.length);
    return predict(
        tasks,
        (task, image, slot) ->
            System.arraycopy(images, image * imageLength, buffer, slot * imageLength, imageLength));
  }

  private void requireLength(String what, int length, int count) {
    if (length != (long) count * imageLength) {
      throw new IllegalArgumentException(
          "%s has %d values, %d images of %d x %d x %d have %d"
              .formatted(
                  what,
                  length,
                  count,
                  file.net().channels(),
                  file.net().height(),
                  file.net().imageWidth(),
                  (long) count * imageLength));
    }
  }

  /** Puts an image into a slot of the buffer. */
  private interface Fill {
    void image(int task, int image, int slot);
  }

  private Answer[] predict(int[] tasks, Fill fill) {
    int last = Arrays.stream(tasks).max().orElse(-1);
    int first = Arrays.stream(tasks).min().orElse(0);
    if (first < 0 || last >= file.tasks()) {
      throw new IllegalArgumentException(
          "task is %d, must be from 0 to %d".formatted(first < 0 ? first : last, file.tasks() - 1));
    }
    file.model(last + 1); // before the first pass: the codes are laid out once
    Answer[] answers = new Answer[tasks.length];
    Pass pass = new Pass(answers);
    int[] order =
        Arrays.stream(tasks)
            .distinct()
            .boxed()
            .sorted(
                Comparator.comparing((Integer task) -> file.task(task).copy())
                    .thenComparing(task -> task))
            .mapToInt(Integer::intValue)
            .toArray();
    for (int task : order) {
      int[] rows = IntStream.range(0, tasks.length).filter(i -> tasks[i] == task).toArray();
      for (int from = 0; from < rows.length; ) {
        int count = pass.room(task, rows.length - from);
        int begin = pass.add(task, Arrays.copyOfRange(rows, from, from + count));
        for (int i = 0; i < count; i++) {
          fill.image(task, rows[from + i], begin + i);
        }
        from += count;
      }
    }
    pass.answer();
    return answers;
  }

  /** The groups that the next pass of the net answers. */
  private final class Pass {
    private final Answer[] answers;
    private final List<Run> runs = new ArrayList<>();
    private final List<int[]> rows = new ArrayList<>(); // of each run, where its answers go
    private int next; // the image a group would begin at

    Pass(Answer[] answers) {
      this.answers = answers;
    }

    /** How many of some rows of a task fit, at least one: a full pass is answered first. */
    int room(int task, int wanted) {
      boolean fits =
          runs.isEmpty()
              || next < net.capacity()
                  && net.mixesTasks()
                  && copy(task) == copy(runs.get(0).task());
      if (!fits) {
        answer();
      }
      return Math.min(wanted, net.capacity() - next);
    }

    private int copy(int task) {
      return file.task(task).copy();
    }

    /** Adds rows of a task that fit; returns the image they begin at. */
    int add(int task, int[] some) {
      Run run = new Run(task, next, some.length);
      activate(task);
      runs.add(run);
      rows.add(some);
      next = (next + some.length + net.block() - 1) / net.block() * net.block();
      return run.first();
    }

    /** Answers all groups and is empty. */
    void answer() {
      if (runs.isEmpty()) {
        return;
      }
      List<float[]> logits = packed.forward(buffer, runs);
      for (int r = 0; r < runs.size(); r++) {
        int[] some = rows.get(r);
        int classes = logits.get(r).length / some.length;
        for (int i = 0; i < some.length; i++) {
          answers[some[i]] =
              new Answer(
                  runs.get(r).task(),
                  Arrays.copyOfRange(logits.get(r), i * classes, (i + 1) * classes));
        }
      }
      runs.clear();
      rows.clear();
      next = 0;
    }
  }

  /**
   * Makes ready to answer as a task: the first time, reads it and lays out the codes; afterwards
   * next to nothing.
   */
  public void activate(int task) {
    file.model(task + 1);
    try {
      packed.activate(task);
    } catch (IllegalArgumentException e) {
      throw new DataException(
          file.path(), "task " + task + ": " + e.getMessage(), "take an intact copy", e);
    }
  }

  @Override
  public void close() {
    packed.close();
    net.close();
  }
}
