// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.Layout;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import dev.intarsia.parity.Field.Bits;
import dev.intarsia.parity.Field.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One op on one context with all its tensors: filled from names alone, so that two sides of one
 * problem hold the same; written tensors start as NaN, stand between guards, and have room for more
 * images than the call is for.
 */
public final class Side implements AutoCloseable {
  private static final float GUARD = -1.25e30f;
  private static final int GUARD_ELEMENTS = 32;
  private static final float PAD_LANE = 1e6f; // what pad lanes of inputs hold: finite, and no input

  private final Context context;
  private final String problem;
  private final boolean guarded;
  private final Layout layout;
  private final Map<String, Field> fields = new LinkedHashMap<>();
  private final Map<String, Integer> images = new LinkedHashMap<>(); // of activations
  private final List<Tensor> guards = new ArrayList<>();
  private Map<String, Bits> after = Map.of();

  /**
   * @param problem names the inputs
   * @param guarded whether activations have images after those of the call
   * @param layout of its activations, whatever their N
   */
  Side(Context context, String problem, boolean guarded, Layout layout) {
    this.context = context;
    this.problem = problem;
    this.guarded = guarded;
    this.layout = layout;
  }

  Context context() {
    return context;
  }

  /** Images to bind an op for that is to work on {@code n}: a block more where it is guarded. */
  int capacity(int n) {
    return guarded ? (n + Layout.BLOCK - 1) / Layout.BLOCK * Layout.BLOCK + 1 : n;
  }

  /** Activations that are read: [n, c, h, w]. Pad lanes are finite, later images are NaN. */
  Tensor value(String name, int n, int c, int h, int w) {
    return activations(name, Role.READ, null, values(name, n * c * h * w), n, c, h, w);
  }

  /** Activations that are read, with values of the test's own. */
  Tensor value(String name, float[] values, int n, int c, int h, int w) {
    return activations(name, Role.READ, null, values, n, c, h, w);
  }

  /** A gradient of activations that is read: pad lanes are zero, later images are NaN. */
  Tensor diff(String name, int n, int c, int h, int w) {
    return activations(name, Role.READ, null, values(name, n * c * h * w), n, c, h, w);
  }

  /** Activations that the op writes. */
  Tensor written(String name, Tolerance tolerance, int n, int c, int h, int w) {
    return activations(name, Role.WRITTEN, tolerance, null, n, c, h, w);
  }

  /** A gradient of activations that the op writes: its pad lanes have to be zero. */
  Tensor writtenDiff(String name, Tolerance tolerance, int n, int c, int h, int w) {
    return activations(name, Role.WRITTEN_DIFF, tolerance, null, n, c, h, w);
  }

  /** Activations that the op reads and writes in place. */
  Tensor updated(String name, Role role, Tolerance tolerance, int n, int c, int h, int w) {
    return activations(name, role, tolerance, values(name, n * c * h * w), n, c, h, w);
  }

  /** A row-major tensor that is read. */
  Tensor plain(String name, long... dims) {
    return plain(name, values(name, (int) product(dims)), dims);
  }

  /** A row-major tensor that is read, with values of the test's own. */
  Tensor plain(String name, float[] values, long... dims) {
    return plain(name, Role.READ, null, values, dims);
  }

  /** A row-major tensor that the op writes as a whole. */
  Tensor writtenPlain(String name, Tolerance tolerance, long... dims) {
    float[] values = new float[(int) product(dims)];
    Arrays.fill(values, Float.NaN);
    return plain(name, Role.WRITTEN, tolerance, values, dims);
  }

  /** A row-major tensor that the op adds to, or writes in part. */
  Tensor updatedPlain(String name, Tolerance tolerance, long... dims) {
    return updatedPlain(name, tolerance, values(name, (int) product(dims)), dims);
  }

  /** The same, with values of the test's own. */
  Tensor updatedPlain(String name, Tolerance tolerance, float[] values, long... dims) {
    return plain(name, Role.WRITTEN, tolerance, values, dims);
  }

  /** Integers that are read: [rows], the rows of guarded images repeat the first class. */
  Tensor labels(String name, int rows, int first, int count) {
    return integers(
        name, Role.READ, Values.labels(problem + "/" + name, rows, first, count), first);
  }

  /** Integers of the test's own that are read, one per row; those of guarded images are 1. */
  Tensor flags(String name, int[] flags) {
    return integers(name, Role.READ, flags, 1);
  }

  /** Integers that the op writes, one per row; those of guarded images stay what they are. */
  Tensor writtenFlags(String name, int rows) {
    return integers(name, Role.WRITTEN, new int[rows], 7);
  }

  private Tensor integers(String name, Role role, int[] values, int beyond) {
    int[] all = Arrays.copyOf(values, capacity(values.length));
    Arrays.fill(all, values.length, all.length, beyond);
    Tensor tensor = Tensor.plain(context, DType.I32, all.length);
    tensor.upload(all);
    images.put(name, values.length);
    Tolerance tolerance = role == Role.READ ? null : Tolerance.EXACT;
    return put(new Field(name, tensor, null, role, tolerance, 1, Bits.of(tensor))).tensor();
  }

  /** Labels of pixels that are read: [n, area]; those of guarded images repeat the last image. */
  Tensor pixelLabels(String name, int[] labels, int n, int area) {
    int[] all = Arrays.copyOf(labels, capacity(n) * area);
    for (int k = n * area; k < all.length; k++) {
      all[k] = labels[(n - 1) * area + k % area];
    }
    Tensor tensor = Tensor.plain(context, DType.I32, capacity(n), area);
    tensor.upload(all);
    return put(new Field(name, tensor, null, Role.READ, null, 0, Bits.of(tensor))).tensor();
  }

  /** Counts that the op writes or adds to: 64-bit integers, zero at first. */
  Tensor counts(String name, long... dims) {
    Tensor tensor = Tensor.plain(context, DType.I64, dims);
    return put(new Field(name, tensor, null, Role.WRITTEN, Tolerance.EXACT, 0, Bits.of(tensor)))
        .tensor();
  }

  /** A mask that is read, or null where the density is NaN. */
  Mask mask(String name, int rows, int cols, double density) {
    if (Double.isNaN(density)) {
      return null;
    }
    return mask(name, rows, cols, Values.bits(problem + "/" + name, rows * cols, density));
  }

  /** A mask that is read, with bits of the test's own. */
  Mask mask(String name, int rows, int cols, boolean[] bits) {
    Mask mask = Mask.of(context, rows, cols, bits);
    return put(new Field(name, null, mask, Role.READ, null, 0, Bits.of(mask))).mask();
  }

  /** Codes, one byte per weight [rows, cols]; written in part where {@code written}. */
  Codes codes(String name, int rows, int cols, int bits, byte[] codes, boolean written) {
    Codes made = Codes.of(context, rows, cols, bits, codes);
    Role role = written ? Role.WRITTEN : Role.READ;
    Tensor words = made.tensor();
    put(new Field(name, words, null, role, Tolerance.EXACT, 0, Bits.of(words)));
    return made;
  }

  /** A mask that the op writes: its words start as all bits that exist. */
  Mask writtenMask(String name, int rows, int cols) {
    Mask mask = Mask.full(context, rows, cols);
    return put(new Field(name, null, mask, Role.WRITTEN, Tolerance.EXACT, 0, Bits.of(mask))).mask();
  }

  /** Largest magnitude that a field held before or holds after the call; 0 where it is absent. */
  double max(String name) {
    Field field = fields.get(name);
    if (field == null) {
      return 0;
    }
    double max = 0;
    for (Bits bits : List.of(field.before(), after(name))) {
      for (int i = 0; i < compared(field, bits); i++) {
        max = Math.max(max, finite(bits.value(i)));
      }
    }
    return max;
  }

  /** Smallest magnitude that a field holds after the call. */
  double min(String name) {
    Bits bits = after(name);
    double min = Double.POSITIVE_INFINITY;
    for (int i = 0; i < bits.length(); i++) {
      min = Math.min(min, Math.abs(bits.value(i)));
    }
    return min;
  }

  private static double finite(double value) {
    return Double.isFinite(value) ? Math.abs(value) : 0;
  }

  /** Reads back what every field holds now. */
  void read() {
    Map<String, Bits> read = new LinkedHashMap<>();
    fields.forEach((name, field) -> read.put(name, field.now()));
    context.synchronize();
    after = read;
  }

  Bits after(String name) {
    Bits bits = after.get(name);
    return bits == null ? fields.get(name).before() : bits;
  }

  Iterable<Field> fields() {
    return fields.values();
  }

  /** Elements of a field that are results: those of the images of the call. */
  int compared(Field field, Bits bits) {
    return field.perImage() == 0 ? bits.length() : images.get(field.name()) * field.perImage();
  }

  /** Elements up to the end of the pad lanes; what follows belongs to no call. */
  int padded(Field field, Bits bits) {
    if (field.perImage() == 0) {
      return bits.length();
    }
    long end = layout.paddedImages(images.get(field.name())) * field.perImage();
    return (int) Math.min(end, bits.length());
  }

  /** Returns the index of a guard that was overwritten, or -1. */
  int brokenGuard() {
    for (int g = 0; g < guards.size(); g++) {
      for (float value : guards.get(g).download()) {
        if (value != GUARD) {
          return g;
        }
      }
    }
    return -1;
  }

  @Override
  public void close() {
    fields.values().forEach(Field::close);
    guards.forEach(Tensor::close);
    fields.clear();
    guards.clear();
  }

  private Tensor activations(
      String name, Role role, Tolerance tolerance, float[] values, int n, int c, int h, int w) {
    int perImage = c * h * w;
    float[] all = new float[capacity(n) * perImage];
    Arrays.fill(all, Float.NaN);
    if (values != null) {
      System.arraycopy(values, 0, all, 0, n * perImage);
      int padEnd = (int) Math.min(all.length, layout.paddedImages(n) * perImage);
      float padLane = name.startsWith("diff") ? 0 : PAD_LANE;
      Arrays.fill(all, n * perImage, Math.max(padEnd, n * perImage), padLane);
    }
    guard(role);
    Tensor tensor = Tensor.activations(context, layout, capacity(n), c, h, w);
    tensor.upload(all);
    guard(role);
    images.put(name, n);
    Field field = new Field(name, tensor, null, role, tolerance, perImage, Bits.of(tensor));
    return put(field).tensor();
  }

  private Tensor plain(String name, Role role, Tolerance tolerance, float[] values, long... dims) {
    guard(role);
    Tensor tensor = Tensor.plain(context, dims);
    tensor.upload(values);
    guard(role);
    return put(new Field(name, tensor, null, role, tolerance, 0, Bits.of(tensor))).tensor();
  }

  private void guard(Role role) {
    if (role.written()) {
      float[] values = new float[GUARD_ELEMENTS];
      Arrays.fill(values, GUARD);
      Tensor guard = Tensor.plain(context, GUARD_ELEMENTS);
      guard.upload(values);
      guards.add(guard);
    }
  }

  private Field put(Field field) {
    if (fields.put(field.name(), field) != null) {
      throw new IllegalStateException("two fields are named " + field.name());
    }
    return field;
  }

  private float[] values(String name, int count) {
    return Values.signed(problem + "/" + name, count);
  }

  private static long product(long... dims) {
    return Arrays.stream(dims).reduce(1, (a, b) -> a * b);
  }
}
