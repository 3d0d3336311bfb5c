// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.training.data.DataException;
import dev.intarsia.training.nn.Head;
import dev.intarsia.training.nn.Models;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.nn.Phase;
import java.nio.file.Path;
import java.util.Arrays;
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
 * rows of a call are put together by task and answered group by group, so that the codes are gone
 * over once a group, not once a row. A row's bits depend on the other rows of its own task alone.
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
   * @param batch the most images of one pass
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
    for (int task : Arrays.stream(tasks).distinct().sorted().toArray()) {
      int[] rows = IntStream.range(0, tasks.length).filter(i -> tasks[i] == task).toArray();
      activate(task);
      for (int from = 0; from < rows.length; from += net.capacity()) {
        int[] pass = Arrays.copyOfRange(rows, from, Math.min(rows.length, from + net.capacity()));
        for (int slot = 0; slot < pass.length; slot++) {
          fill.image(task, pass[slot], slot);
        }
        Head head = net.forward(buffer, pass.length, Phase.EVALUATE);
        float[] logits = head.readLogits(pass.length);
        int classes = logits.length / pass.length;
        for (int slot = 0; slot < pass.length; slot++) {
          answers[pass[slot]] =
              new Answer(task, Arrays.copyOfRange(logits, slot * classes, (slot + 1) * classes));
        }
      }
    }
    return answers;
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
