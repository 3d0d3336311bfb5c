// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

/**
 * Images and labels lent by a {@link Loader} until {@link #release}. The arrays are the loader's
 * and are filled again after release.
 */
public final class Batch {
  /** Where the slot is on its way round the ring. */
  enum State {
    /** Empty; belongs to the loader's thread. */
    FREE,
    /** Filled, waiting for {@link Loader#next}. */
    FILLED,
    /** In the hands of the caller. */
    LENT
  }

  private final Loader loader;
  private final float[] images;
  private final int[] labels;
  private final int[] indices;
  int size;
  State state = State.FREE; // guarded by the loader's lock

  Batch(Loader loader, int capacity, int imageLength, int labelsPerImage) {
    this.loader = loader;
    images = new float[capacity * imageLength];
    labels = new int[capacity * labelsPerImage];
    indices = new int[capacity];
  }

  /** [capacity, C, H, W], normalised; the first {@link #size} images are valid. */
  public float[] images() {
    return images;
  }

  /**
   * [capacity], task-local classes; the first {@link #size} are valid. With label maps [capacity,
   * H*W], the labels of each image's pixels, {@link Dataset#IGNORE} where one does not count.
   */
  public int[] labels() {
    return labels;
  }

  /** [capacity], where each image stands in the dataset; the first {@link #size} are valid. */
  public int[] indices() {
    return indices;
  }

  /** N of this batch; the last of an epoch may be smaller than the others. */
  public int size() {
    return size;
  }

  /**
   * Gives the slot back for refilling; the arrays must not be touched afterwards. No effect once
   * the loader is closed.
   *
   * @throws IllegalStateException if this batch is not lent
   */
  public void release() {
    loader.release(this);
  }
}
