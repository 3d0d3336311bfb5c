// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookDecode;
import dev.intarsia.ops.MaskCompress;

/**
 * The weights of one layer in training, of which frozen ones are codes and free ones a compact
 * array of floats, in the order of the free plane's bits row by row, with a compact gradient. A
 * call of the layer finds them as floats in the net's {@link Workshop}; nothing dense outlives it.
 *
 * <p>The bits of training are those of dense weights: the same kernels run on the same floats, and
 * an optimizer treats each weight alone.
 */
public final class MixedWeights implements AutoCloseable {
  private final Workshop workshop;
  private final Tensor values; // [free]; null where none is, and so is the gradient
  private final Tensor gradient;
  private final Tensor expanded; // both in the workshop
  private final Tensor received;
  private final CodebookDecode decode;
  private final MaskCompress compress;

  /**
   * Packs dense weights.
   *
   * @param dense of the layer's dims
   * @param free words of the plane of weights that stay floats; must not change from now on
   * @param frozen the others, borrowed
   */
  MixedWeights(Tensor dense, Mask free, PackedWeights frozen, Workshop workshop) {
    this.workshop = workshop;
    Context context = dense.context();
    PlaneShape shape = frozen.shape();
    long count = free.cardinality();
    values = count == 0 ? null : Tensor.plain(context, count);
    gradient = count == 0 ? null : Tensor.plain(context, count);
    expanded = workshop.weights(dense.dims());
    received = workshop.gradient(dense.dims());
    decode =
        CodebookDecode.bind(context, shape, frozen.bits(), frozen.sources())
            .codes(frozen.codes())
            .codebooks(frozen.codebooks())
            .owners(frozen.owners())
            .free(count == 0 ? null : free)
            .values(values)
            .weights(expanded);
    compress = MaskCompress.bind(context, shape).selected(free).dense(received).compact(gradient);
    if (count > 0) {
      MaskCompress.bind(context, shape).selected(free).dense(dense).compact(values).pack();
    }
  }

  /** The free weights, [free]; null where all are frozen. */
  public Tensor values() {
    return values;
  }

  /** Of the same shape: their gradient in the latest backward pass. */
  public Tensor gradient() {
    return gradient;
  }

  /** The weights as floats, written anew; they last until another layer is expanded. */
  Tensor expand() {
    decode.forward();
    workshop.hold(this);
    return expanded;
  }

  /**
   * The same, not written again where nobody was in between: the last layer's forward pass and its
   * backward pass follow each other, with the same values.
   */
  Tensor expandUnlessHeld() {
    return workshop.holds(this) ? expanded : expand();
  }

  /** Where a backward pass leaves the dense gradient, until {@link #receive}. */
  Tensor receiver() {
    return received;
  }

  /** Takes the free weights' part of the dense gradient. */
  void receive() {
    if (gradient != null) {
      compress.pack();
    }
  }

  /** Frees what is compact; codes and workshop are others'. */
  @Override
  public void close() {
    if (workshop.holds(this)) {
      workshop.hold(null);
    }
    if (values != null) {
      values.close();
      gradient.close();
    }
  }
}
