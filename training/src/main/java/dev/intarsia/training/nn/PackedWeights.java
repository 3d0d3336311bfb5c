// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PanelOrder;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The weights of one layer as kernels execute them: the codes of all tasks side by side, a codebook
 * and a plane per owner, and the mask of each task, ready to be switched to. Every weight without
 * an owner is outside all masks. Not thread-safe.
 */
public final class PackedWeights implements AutoCloseable {
  private final Context context;
  private final PlaneShape shape;
  private final int sources;
  private final Codes codes;
  private final Tensor codebooks; // [sources, 2^bits]
  private final Mask owners; // [sources - 1] planes in panel order; null for one source
  private final Map<Integer, Mask> masks = new HashMap<>(); // per task, in panel order
  private Mask selected;

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
    int bits = Math.max(1, Integer.SIZE - Integer.numberOfLeadingZeros(largest - 1));
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
      int at = 0;
      for (int word = 0; word < source.owned().length; word++) {
        int first = word / shape.wordsPerRow() * shape.cols() + word % shape.wordsPerRow() * 32;
        for (int bits = source.owned()[word]; bits != 0; bits &= bits - 1) {
          codes[first + Integer.numberOfTrailingZeros(bits)] = source.codes()[at++];
        }
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

  /** Keeps the mask of a task, words [rows, wordsPerRow], for {@link #select}. */
  public void putMask(int task, int[] words) {
    PlaneShape panels = PanelOrder.shape(shape);
    Mask mask = Mask.of(context, panels.rows(), panels.cols(), PanelOrder.words(shape, words));
    Mask earlier = masks.put(task, mask);
    if (earlier != null) {
      earlier.close();
    }
  }

  /** Lets the weights be those of a task from now on; takes no time. */
  public void select(int task) {
    selected = masks.get(task);
    if (selected == null) {
      throw new IllegalArgumentException(
          "task " + task + " has no mask, those of " + masks.keySet() + " were put");
    }
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

  /** The selected task's, in panel order; null before any was selected. */
  public Mask mask() {
    return selected;
  }

  @Override
  public void close() {
    codes.close();
    codebooks.close();
    if (owners != null) {
      owners.close();
    }
    masks.values().forEach(Mask::close);
  }
}
