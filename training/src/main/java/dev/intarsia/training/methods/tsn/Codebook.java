// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.tsn;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookAssign;
import dev.intarsia.ops.CodebookFit;
import java.util.Arrays;

/**
 * The centres of one task's own weights of one layer, and the code of each. Centres are rounded to
 * f32 once, when they are fitted, and these floats are what is stored, executed and written into
 * the weights.
 */
final class Codebook implements AutoCloseable {
  private final float[] centres;
  private final int bits;
  private final PlaneShape shape;
  private final Codes codes;

  private Codebook(PlaneShape shape, float[] centres, int bits, Codes codes) {
    this.shape = shape;
    this.centres = centres;
    this.bits = bits;
    this.codes = codes;
  }

  /**
   * Fits at most {@code size} centres to a layer's own weights, of which there is at least one, and
   * overwrites these by their centres.
   */
  static Codebook fit(SharedLayer layer, int size) {
    Context context = layer.own().context();
    PlaneShape shape = layer.shape();
    Tensor weights = layer.parameter().weights();
    float[] centres;
    try (Tensor fitted = Tensor.plain(context, size);
        Tensor used = Tensor.plain(context, DType.I64, 1)) {
      CodebookFit.bind(context, shape, size)
          .values(weights)
          .selected(layer.own())
          .centres(fitted)
          .used(used)
          .apply();
      centres = Arrays.copyOf(fitted.download(), (int) used.downloadLongs()[0]);
    }
    int bits = Codes.bitsFor(centres.length);
    Codes codes = Codes.zeros(context, shape.rows(), shape.cols(), bits);
    try (Tensor table = Tensor.plain(context, centres.length)) {
      table.upload(centres);
      CodebookAssign.bind(context, shape, centres.length)
          .values(weights)
          .selected(layer.own())
          .centres(table)
          .codes(codes)
          .apply();
    }
    return new Codebook(shape, centres, bits, codes);
  }

  /** The same codes with other centres, which may have changed places: codes follow them. */
  Codebook moved(float[] next) {
    Integer[] order = new Integer[next.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Float.compare(next[a], next[b]));
    float[] rising = new float[next.length];
    byte[] place = new byte[1 << bits];
    for (int i = 0; i < order.length; i++) {
      rising[i] = next[order[i]];
      place[order[i]] = (byte) i;
    }
    byte[] all = codes.unpack();
    for (int i = 0; i < all.length; i++) {
      all[i] = place[all[i] & 0xFF];
    }
    Codes renamed = Codes.of(codes.context(), shape.rows(), shape.cols(), bits, all);
    return new Codebook(shape, rising, bits, renamed);
  }

  /** Rising; at most 2^bits. */
  float[] centres() {
    return centres.clone();
  }

  /** Bits of a code. */
  int bits() {
    return bits;
  }

  /** One code per weight of the layer; only those of the own weights mean something. */
  Codes codes() {
    return codes;
  }

  /** One byte for each weight of a mask, in ascending order. */
  byte[] codesOf(int[] words) {
    byte[] all = codes.unpack();
    int[] indices = shape.indices(words);
    byte[] some = new byte[indices.length];
    for (int i = 0; i < some.length; i++) {
      some[i] = all[indices[i]];
    }
    return some;
  }

  @Override
  public void close() {
    codes.close();
  }
}
