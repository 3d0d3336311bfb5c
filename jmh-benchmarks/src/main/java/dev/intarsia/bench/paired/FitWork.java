// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookFit;

/** A codebook for weights, by k-means in one dimension. The result is the centres, rising. */
public final class FitWork implements Work {
  private final String problem;
  private final int size;
  private final float[] values;

  /**
   * Draws the weights.
   *
   * @param size centres wanted
   */
  public FitWork(String problem, int count, int size) {
    this.problem = problem;
    this.size = size;
    values = Values.bell("weights", count);
  }

  /** About normal. */
  public float[] values() {
    return values;
  }

  /** Of the codebook. */
  public int size() {
    return size;
  }

  /** The op on a context, its centres in {@code centres}, [size]. */
  CodebookFit bind(Context context, Tensor centres) {
    Tensor plane = NativeOp.filled(Tensor.plain(context, 1, values.length), values);
    return CodebookFit.bind(context, new PlaneShape(1, values.length), size)
        .values(plane)
        .centres(centres)
        .used(Tensor.plain(context, DType.I64, 1));
  }

  @Override
  public String benchmark() {
    return "codebook_fit";
  }

  @Override
  public String problem() {
    return problem;
  }

  @Override
  public Direction direction() {
    return Direction.APPLY;
  }

  @Override
  public int batch() {
    return 0;
  }

  @Override
  public double flops(Structure structure) {
    return 0;
  }

  @Override
  public double bytes(Structure structure) {
    return 4.0 * values.length;
  }

  @Override
  public double check(Contender contender) {
    String what = contender.name() + " on " + id();
    float[] expected = expected();
    return Sample.check(what, contender.result(), size, at -> true, at -> expected[at]);
  }

  /** The Java reference's. */
  private float[] expected() {
    try (Context context = Context.reference()) {
      Tensor centres = Tensor.plain(context, size);
      bind(context, centres).apply();
      return centres.download();
    }
  }
}
