// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import dev.intarsia.Context;
import dev.intarsia.Tensor;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * A bound op of this library. The context owns all tensors; a second close of it does nothing.
 *
 * @param name of the implementation
 * @param variety its plan
 * @param structure of its mask
 * @param oneThread in a run of several
 * @param bound of its relative error
 * @param context that it belongs to
 * @param call what is timed
 * @param read copies the result
 */
record NativeOp(
    String name,
    String variety,
    Structure structure,
    boolean oneThread,
    double bound,
    Context context,
    Runnable call,
    Supplier<float[]> read)
    implements Contender {

  /** With the usual bound. */
  NativeOp(
      String name,
      String variety,
      Structure structure,
      boolean oneThread,
      Context context,
      Runnable call,
      Supplier<float[]> read) {
    this(name, variety, structure, oneThread, Sample.BOUND, context, call, read);
  }

  /** Reads tensors, one after the other. */
  static Supplier<float[]> reading(Tensor... written) {
    return () -> Values.concatenated(Stream.of(written).map(Tensor::download).toList());
  }

  /** The tensor, with these values in it. */
  static Tensor filled(Tensor tensor, float[] values) {
    tensor.upload(values);
    return tensor;
  }

  @Override
  public void run() {
    call.run();
  }

  @Override
  public float[] result() {
    return read.get();
  }

  @Override
  public void close() {
    context.close();
  }
}
