// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PanelOrder;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * The weights of one layer as kernels execute them: the codes of all tasks side by side, a codebook
 * and a plane per owner, and the masks of all tasks one after the other, so that a switch is an
 * index and the images of one pass may obey several. Every weight without an owner is outside all
 * masks. Not thread-safe.
 */
public final class PackedWeights implements AutoCloseable {
  private final Context context;
  private final PlaneShape shape;
  private final int sources;
  private final Codes codes;
  private final Tensor codebooks; // [sources, 2^bits]
  private final Mask owners; // [sources - 1] planes in panel order; null for one source
  private final Map<Integer, Integer> planes = new HashMap<>(); // of each task in masks
  private Mask masks; // in panel order, one plane after the other; null before any was put
  private int[] selected; // planes: one for all images, or one for each block of a pass

  private PackedWeights(
      Context context, PlaneShape shape, int sources, Codes codes, Tensor codebooks, Mask owners) {
    this.context = context;
    this.shape = shape;
    this.sources = sources;
    this.codes = codes;
    this.codebooks = codebooks;
    this.owners = owners;
  }

  /**
   * What one task owns.
   *
   * @param codebook the centres, up to 256
   * @param owned mask words of the weights, [rows, wordsPerRow]; disjoint from those of others
   * @param codes one unsigned byte per owned weight, in ascending order
   */
  public record Source(float[] codebook, int[] owned, byte[] codes) {}

  /**
   * Lays out the weights of at least one source; the bits are those that the largest codebook
   * needs.
   */
  public static PackedWeights of(Context context, PlaneShape shape, List<Source> sources) {
    int largest = sources.stream().mapToInt(source -> source.codebook().length).max().orElse(1);
    int bits = Codes.bitsFor(largest);
    Codes codes = Codes.zeros(context, shape.rows(), shape.cols(), bits);
    codes.pack(codes(shape, sources));
    Tensor codebooks = Tensor.plain(context, sources.size(), 1L << bits);
    codebooks.upload(codebooks(sources, 1 << bits));
    Mask owners = sources.size() == 1 ? null : owners(context, shape, sources);
    return new PackedWeights(context, shape, sources.size(), codes, codebooks, owners);
  }

  private static byte[] codes(PlaneShape shape, List<Source> sources) {
    byte[] codes = new byte[shape.elements()];
    for (Source source : sources) {
      int[] owned = shape.indices(source.owned());
      for (int i = 0; i < owned.length; i++) {
        codes[owned[i]] = source.codes()[i];
      }
    }
    return codes;
  }

  private static float[] codebooks(List<Source> sources, int size) {
    float[] tables = new float[sources.size() * size];
    int at = 0;
    for (Source source : sources) {
      System.arraycopy(source.codebook(), 0, tables, at, source.codebook().length);
      at += size;
    }
    return tables;
  }

  private static Mask owners(Context context, PlaneShape shape, List<Source> sources) {
    PlaneShape panels = PanelOrder.shape(shape);
    int length = panels.rows() * panels.wordsPerRow();
    int[] words = new int[(sources.size() - 1) * length];
    for (int s = 1; s < sources.size(); s++) {
      int[] plane = PanelOrder.words(shape, sources.get(s).owned());
      System.arraycopy(plane, 0, words, (s - 1) * length, length);
    }
    return Mask.of(context, (sources.size() - 1) * panels.rows(), panels.cols(), words);
  }

  /**
   * Keeps the masks of tasks for {@link #select}, in place of all that were put before.
   *
   * @param words of each task's mask, [rows, wordsPerRow]
   */
  public void putMasks(SortedMap<Integer, int[]> words) {
    PlaneShape panels = PanelOrder.shape(shape);
    int length = panels.rows() * panels.wordsPerRow();
    int[] all = new int[Math.multiplyExact(words.size(), length)];
    planes.clear();
    for (Map.Entry<Integer, int[]> mask : words.entrySet()) {
      System.arraycopy(
          PanelOrder.words(shape, mask.getValue()), 0, all, planes.size() * length, length);
      planes.put(mask.getKey(), planes.size());
    }
    if (masks != null) {
      masks.close();
    }
    masks = Mask.of(context, words.size() * panels.rows(), panels.cols(), all);
    selected = null;
  }

  /** Lets the weights be those of a task from now on; takes no time. */
  public void select(int task) {
    selected = new int[] {plane(task)};
  }

  /**
   * Lets the weights be those of each run's task from now on.
   *
   * @param runs in ascending order, no two in one block
   * @param block images of a block
   */
  public void select(List<Run> runs, int block) {
    int[] blocks = new int[(runs.get(runs.size() - 1).end() + block - 1) / block];
    for (Run run : runs) {
      Arrays.fill(blocks, run.first() / block, (run.end() + block - 1) / block, plane(run.task()));
    }
    selected = blocks;
  }

  private int plane(int task) {
    Integer plane = planes.get(task);
    if (plane == null) {
      throw new IllegalArgumentException(
          "task " + task + " has no mask, those of " + planes.keySet() + " were put");
    }
    return plane;
  }

  /** Rows (filters or outputs) and columns. */
  public PlaneShape shape() {
    return shape;
  }

  /** Bits of a code. */
  public int bits() {
    return codes.bits();
  }

  /** How many tasks own weights here. */
  public int sources() {
    return sources;
  }

  /** [rows, cols]. */
  public Codes codes() {
    return codes;
  }

  /** [sources, 2^bits]. */
  public Tensor codebooks() {
    return codebooks;
  }

  /** [sources - 1] planes in panel order; null for one source. */
  public Mask owners() {
    return owners;
  }

  /** How many tasks have a mask. */
  public int tasks() {
    return planes.size();
  }

  /** The masks of {@link #tasks} tasks, one after the other in panel order. */
  public Mask masks() {
    return masks;
  }

  /** The planes that were selected: one for all images, or one for each block of a pass. */
  public int[] selected() {
    if (selected == null) {
      throw new IllegalStateException("no task is selected; call select first");
    }
    return selected;
  }

  @Override
  public void close() {
    codes.close();
    codebooks.close();
    if (owners != null) {
      owners.close();
    }
    if (masks != null) {
      masks.close();
    }
  }
}
