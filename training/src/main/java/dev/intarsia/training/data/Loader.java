// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import dev.intarsia.CounterRandom;
import java.util.Arrays;

/**
 * One epoch of a dataset in batches. A background thread normalises and augments the next batch
 * into one of two reused buffers while the caller computes on the other.
 *
 * <pre>{@code
 * try (Loader loader = Loader.training(train, preprocessing, 64, seed, task, epoch)) {
 *   for (Batch batch; (batch = loader.next()) != null; batch.release()) {
 *     step(batch);
 *   }
 * }
 * }</pre>
 *
 * <p>The order is a function of seed, task and epoch; the augmentation of an image is a function of
 * these and its index in the dataset. Neither depends on the batch size or on threads.
 *
 * <p>{@link #next}, {@link Batch#release} and {@link #close} belong to one consumer thread.
 * Everything is allocated by the constructor, nothing per batch.
 */
public final class Loader implements AutoCloseable {
  private static final int SLOTS = 2;
  private static final int MAX_FLOATS = Integer.MAX_VALUE - 8;

  private final Dataset dataset;
  private final int[] order; // [N] image of each position
  private final int batch;
  private final int cropPad;
  private final boolean flip;
  private final CounterRandom augmentation; // null: none
  private final float[][] table; // [C][256] normalised value of a pixel value
  private final byte[] image; // [C, H, W] of the image in work
  private final byte[] map; // [H, W], its labels; null without label maps
  private final Batch[] slots = new Batch[SLOTS]; // slot b % 2 carries batch b
  private final Thread thread;
  private int delivered;
  private boolean closed;
  private Throwable failure;

  /**
   * One shuffled, augmented pass.
   *
   * @param dataset images to learn from
   * @param preprocessing with as many channels as the dataset
   * @param batch images per batch; the last batch has what is left
   * @param seed of the run
   * @param task index of the task
   * @param epoch index of the epoch
   */
  public static Loader training(
      Dataset dataset, Preprocessing preprocessing, int batch, long seed, int task, int epoch) {
    int[] order = inOrder(dataset);
    CounterRandom.of(seed, "shuffle", task, epoch).shuffle(order);
    CounterRandom augmentation = CounterRandom.of(seed, "augment", task, epoch);
    return new Loader(dataset, preprocessing, batch, order, augmentation);
  }

  /** One pass in the dataset's order, without augmentation; parameters as for training. */
  public static Loader evaluation(Dataset dataset, Preprocessing preprocessing, int batch) {
    return new Loader(dataset, preprocessing, batch, inOrder(dataset), null);
  }

  private static int[] inOrder(Dataset dataset) {
    int[] order = new int[dataset.size()];
    Arrays.setAll(order, i -> i);
    return order;
  }

  Loader(
      Dataset dataset,
      Preprocessing preprocessing,
      int batch,
      int[] order,
      CounterRandom augmentation) {
    if (batch < 1 || (long) batch * dataset.imageLength() > MAX_FLOATS) {
      throw new IllegalArgumentException(
          "batch is %d, it must be in 1..%d for images of %d values"
              .formatted(batch, MAX_FLOATS / dataset.imageLength(), dataset.imageLength()));
    }
    if (preprocessing.channels() != dataset.channels()) {
      throw new IllegalArgumentException(
          "preprocessing has %d channels, %s has %d"
              .formatted(preprocessing.channels(), dataset.name(), dataset.channels()));
    }
    this.dataset = dataset;
    this.order = order;
    this.batch = batch;
    this.augmentation = augmentation;
    cropPad = preprocessing.cropPad();
    flip = preprocessing.flip();
    table = preprocessing.table();
    image = new byte[dataset.imageLength()];
    map = dataset.hasMaps() ? new byte[dataset.height() * dataset.width()] : null;
    int capacity = Math.max(1, Math.min(batch, order.length));
    for (int s = 0; s < SLOTS; s++) {
      slots[s] = new Batch(this, capacity, dataset.imageLength(), map == null ? 1 : map.length);
    }
    thread = new Thread(this::fillAll, "intarsia-loader");
    thread.setDaemon(true);
    thread.start();
  }

  /** The number of batches in the epoch. */
  public int batches() {
    return (int) (((long) order.length + batch - 1) / batch);
  }

  /**
   * Waits for the next batch; returns null after the last one.
   *
   * @throws IllegalStateException if the loader is closed, if both batches are lent, or if the
   *     background thread failed (the failure is the cause)
   */
  public synchronized Batch next() {
    requireOpen();
    if (delivered == batches()) {
      return null;
    }
    Batch slot = slots[delivered % SLOTS];
    if (slot.state == Batch.State.LENT) {
      throw new IllegalStateException(
          "batch " + (delivered - SLOTS) + " is still lent; release it before asking for another");
    }
    while (slot.state != Batch.State.FILLED) {
      if (failure != null) {
        throw new IllegalStateException(
            "%s: loading batch %d failed: %s".formatted(dataset.name(), delivered, failure),
            failure);
      }
      pause();
      requireOpen();
    }
    slot.state = Batch.State.LENT;
    delivered++;
    return slot;
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException(
          dataset.name() + ": the loader is closed; open one for each epoch");
    }
  }

  synchronized void release(Batch slot) {
    if (closed) {
      return;
    }
    if (slot.state != Batch.State.LENT) {
      throw new IllegalStateException("the batch is not lent; release it once");
    }
    slot.state = Batch.State.FREE;
    notifyAll();
  }

  /** Stops the background thread and waits for its end, at most the time of one image. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true; // the thread ends in a moment; the caller's interrupt is kept
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void pause() {
    try {
      wait();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(dataset.name() + ": interrupted while loading", e);
    }
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  /** Returns the slot when it is free, or null if the loader was closed. */
  private synchronized Batch free(int index) {
    Batch slot = slots[index % SLOTS];
    while (!closed && slot.state != Batch.State.FREE) {
      pause();
    }
    return closed ? null : slot;
  }

  private synchronized void filled(Batch slot) {
    slot.state = Batch.State.FILLED;
    notifyAll();
  }

  private synchronized void failed(Throwable cause) {
    failure = cause;
    notifyAll();
  }

  /** The background thread's whole life. */
  private void fillAll() {
    try {
      for (int index = 0; index < batches(); index++) {
        Batch slot = free(index);
        if (slot == null || !fill(slot, index * batch)) {
          return;
        }
        filled(slot);
      }
    } catch (Throwable cause) {
      failed(cause);
    }
  }

  private boolean fill(Batch slot, int first) {
    slot.size = Math.min(batch, order.length - first);
    for (int n = 0; n < slot.size; n++) {
      if (isClosed()) {
        return false;
      }
      int i = order[first + n];
      slot.indices()[n] = i;
      dataset.copyPixels(i, image, 0);
      if (map == null) {
        slot.labels()[n] = dataset.label(i);
      } else {
        dataset.copyMap(i, map, 0);
      }
      if (augmentation == null) {
        place(slot, n, 0, 0, false);
      } else {
        augmentation.seek(i * 4L); // four blocks an image: more than its three draws can use
        int down = augmentation.nextInt(2 * cropPad + 1) - cropPad;
        int right = augmentation.nextInt(2 * cropPad + 1) - cropPad;
        boolean mirrored = flip && augmentation.nextInt() < 0;
        place(slot, n, down, right, mirrored);
      }
    }
    return true;
  }

  private void place(Batch slot, int n, int down, int right, boolean mirrored) {
    place(slot.images(), n, down, right, mirrored);
    if (map != null) {
      placeMap(slot.labels(), n, down, right, mirrored);
    }
  }

  /** The same for the labels of its pixels, dst[n, :, :]: those from outside do not count. */
  private void placeMap(int[] dst, int n, int down, int right, boolean mirrored) {
    int height = dataset.height();
    int width = dataset.width();
    int to = n * map.length;
    for (int h = 0; h < height; h++) {
      int fromH = h + down;
      boolean inside = fromH >= 0 && fromH < height;
      for (int w = 0; w < width; w++) {
        int fromW = (mirrored ? width - 1 - w : w) + right;
        boolean hit = inside && fromW >= 0 && fromW < width;
        dst[to++] = hit ? map[fromH * width + fromW] & 0xFF : Dataset.IGNORE;
      }
    }
  }

  /**
   * Writes the image in work to dst[n, :, :, :]: pixel (h, w) comes from (h + down, w + right),
   * black outside, after which a row may run backwards.
   */
  private void place(float[] dst, int n, int down, int right, boolean mirrored) {
    int height = dataset.height();
    int width = dataset.width();
    int to = n * image.length;
    for (int c = 0; c < table.length; c++) {
      float[] normalised = table[c];
      for (int h = 0; h < height; h++) {
        int fromH = h + down;
        int row = (c * height + fromH) * width;
        boolean inside = fromH >= 0 && fromH < height;
        for (int w = 0; w < width; w++) {
          int fromW = (mirrored ? width - 1 - w : w) + right;
          boolean hit = inside && fromW >= 0 && fromW < width;
          dst[to++] = normalised[hit ? image[row + fromW] & 0xFF : 0];
        }
      }
    }
  }
}
