// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.DType;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An op with its tensors on one context: what is timed, and what is compared with the reference
 * before that. Inputs depend on their names alone. The context owns everything made here.
 */
final class Rig {
  private static final double EPS = 0x1p-23;

  private final Context context;
  private final Map<String, Call> calls = new LinkedHashMap<>();

  Rig(Context context) {
    this.context = context;
  }

  /**
   * One verb.
   *
   * @param flops that count, of one call
   * @param bytes that have to move, of one call
   * @param terms summands of one result, K of the tolerance formula
   * @param written tensors and masks that it writes
   */
  private record Call(Runnable run, double flops, double bytes, long terms, List<Object> written) {}

  Context context() {
    return context;
  }

  /** Activations in [-1, 1). */
  Tensor images(String name, int n, int c, int h, int w) {
    Tensor tensor = Tensor.activations(context, n, c, h, w);
    tensor.upload(values(name, n * c * h * w));
    return tensor;
  }

  /** A row-major tensor in [-1, 1). */
  Tensor plain(String name, int... dims) {
    long[] longs = new long[dims.length];
    int count = 1;
    for (int i = 0; i < dims.length; i++) {
      longs[i] = dims[i];
      count *= dims[i];
    }
    Tensor tensor = Tensor.plain(context, longs);
    tensor.upload(values(name, count));
    return tensor;
  }

  /** Codes in every order. */
  Codes codes(int rows, int cols, int bits) {
    byte[] codes = new byte[rows * cols];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (byte) (i * 7 % (1 << bits));
    }
    return Codes.of(context, rows, cols, bits, codes);
  }

  /** Rising values, evenly spread over (-1, 1): centres. */
  Tensor centres(int size) {
    float[] values = new float[size];
    for (int j = 0; j < size; j++) {
      values[j] = (2 * j + 1f) / size - 1;
    }
    Tensor tensor = Tensor.plain(context, size);
    tensor.upload(values);
    return tensor;
  }

  /** A row-major tensor in [1/2, 1): second moments and variances. */
  Tensor positive(String name, int... dims) {
    Tensor tensor = plain(name, dims);
    float[] values = tensor.download();
    for (int i = 0; i < values.length; i++) {
      values[i] = 0.75f + values[i] / 4;
    }
    tensor.upload(values);
    return tensor;
  }

  /** Labels 0 .. classes - 1. */
  Tensor labels(int n, int classes) {
    CounterRandom random = CounterRandom.of(1, "bench labels");
    int[] labels = new int[n];
    for (int i = 0; i < n; i++) {
      labels[i] = random.nextInt(classes);
    }
    Tensor tensor = Tensor.plain(context, DType.I32, n);
    tensor.upload(labels);
    return tensor;
  }

  /** Labels 0 .. classes - 1 of the pixels of n images, [n, area]. */
  Tensor pixelLabels(int n, int area, int classes) {
    CounterRandom random = CounterRandom.of(1, "bench pixel labels");
    int[] labels = new int[n * area];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = random.nextInt(classes);
    }
    Tensor tensor = Tensor.plain(context, DType.I32, n, area);
    tensor.upload(labels);
    return tensor;
  }

  Tensor counts(long... dims) {
    return Tensor.plain(context, DType.I64, dims);
  }

  /** A mask with a fraction of its bits set, or null for a density above one: no mask at all. */
  Mask mask(String name, int rows, int cols, double density) {
    if (density > 1) {
      return null;
    }
    CounterRandom random = CounterRandom.of(1, "bench " + name);
    boolean[] bits = new boolean[rows * cols];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = random.nextDouble() < density;
    }
    return Mask.of(context, rows, cols, bits);
  }

  private static float[] values(String name, int count) {
    CounterRandom random = CounterRandom.of(1, "bench " + name);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.uniform(-1, 1);
    }
    return values;
  }

  /** Adds a verb; see {@link Call}. */
  Rig call(String name, Runnable run, double flops, double bytes, long terms, Object... written) {
    calls.put(name, new Call(run, flops, bytes, terms, List.of(written)));
    return this;
  }

  /** Runs a verb to its end. */
  void run(String name, Rate rate) {
    Call call = calls.get(name);
    call.run().run();
    context.synchronize();
    rate.count(call.flops(), call.bytes());
  }

  /** Runs every verb here and on the reference; a wrong kernel has no speed. */
  void requireSameAs(Rig reference) {
    calls.forEach(
        (name, call) -> {
          Call expected = reference.calls.get(name);
          expected.run().run();
          call.run().run();
          for (int i = 0; i < call.written().size(); i++) {
            requireClose(
                name,
                numbers(expected.written().get(i)),
                numbers(call.written().get(i)),
                call.terms());
          }
        });
  }

  private static double[] numbers(Object written) {
    if (written instanceof Mask mask) {
      return Arrays.stream(mask.words()).asDoubleStream().toArray();
    }
    Tensor tensor = (Tensor) written;
    if (tensor.dtype() == DType.I64) {
      return Arrays.stream(tensor.downloadLongs()).asDoubleStream().toArray();
    }
    float[] floats = tensor.download();
    double[] numbers = new double[floats.length];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = floats[i];
    }
    return numbers;
  }

  /** The tolerance formula of the tests: terms are within [-1, 1] or below the largest result. */
  private static void requireClose(String name, double[] expected, double[] actual, long terms) {
    double largest = 1;
    for (double value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    double allowed = terms == 0 ? 0 : EPS * (1 + terms / 4.0) * largest;
    for (int i = 0; i < expected.length; i++) {
      if (!(Math.abs(expected[i] - actual[i]) <= allowed)) {
        throw new IllegalStateException(
            "%s is wrong and is not timed: element %d is %s, expected %s within %.3g"
                .formatted(name, i, actual[i], expected[i], allowed));
      }
    }
  }
}
