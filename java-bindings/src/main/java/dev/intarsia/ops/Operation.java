// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.Layout;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.Ties;
import dev.intarsia.internal.Fields;
import dev.intarsia.internal.NativeDevice;
import dev.intarsia.internal.NativeStorage;
import dev.intarsia.internal.ReferenceTable;
import dev.intarsia.internal.ffi.ita_context;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * An op on a context: bound once to its tensors, run often. All checks are made here, when a field
 * is set or a verb is called, before anything is changed.
 *
 * <p>An op borrows what is bound to it and keeps it reachable; it owns nothing that needs closing.
 * A field that the op's documentation allows to be absent may be given null. An op belongs to one
 * thread at a time.
 *
 * <p>Setters throw IllegalArgumentException when a shape, a type or a context does not fit. Verbs
 * throw IllegalStateException when a field they need was not set or is closed.
 */
public abstract class Operation {
  private final Context context;
  private final int capacity;
  private final Fields fields = new Fields();
  private Layout layout; // of the activations that are bound
  private int images; // of later calls

  /**
   * An op on a context.
   *
   * @param capacity N of the shape it is bound with; 0 for an op on a plane
   */
  Operation(Context context, int capacity) {
    this.context = context;
    this.capacity = capacity;
    images = capacity;
    layout = context.layout().forImages(capacity);
    context.device(); // throws when the context is closed
  }

  /** One verb: an entry point of the registry, its native call and the fields it touches. */
  static final class Entry {
    private final String name;
    private final IntSupplier call;
    private final Fields.Field[] needed;
    private final Fields.Field[] optional;

    private Entry(String name, IntSupplier call, Fields.Field[] needed, Fields.Field[] optional) {
      this.name = name;
      this.call = call;
      this.needed = needed;
      this.optional = optional;
    }
  }

  /** Returns the context that the op runs on. */
  public final Context context() {
    return context;
  }

  /**
   * Lets later calls run on the first {@code n} images of what is bound.
   *
   * @param n 1 .. N of the shape that the op was bound with
   */
  public final void batch(int n) {
    if (capacity == 0) {
      throw new UnsupportedOperationException(name() + " works on a plane and has no batch");
    }
    if (n < 1 || n > capacity) {
      throw new IllegalArgumentException(
          name()
              + ": the batch is "
              + n
              + ", expected 1 .. "
              + capacity
              + ", the N it was bound for");
    }
    images = n;
    resize(n);
  }

  /** Writes the shape with another N, and with {@link #block}. */
  void resize(int n) {
    throw new UnsupportedOperationException(name() + " has no batch");
  }

  /** The layout of the activations that are bound; the context's for N while there are none. */
  final Layout layout() {
    return layout;
  }

  /** How many images a call has. */
  final int images() {
    return images;
  }

  /** Images per block of the activations that are bound, for the native shape. */
  final int block() {
    return layout.block();
  }

  /** Returns a new op struct on a native context, null on the reference. */
  final <S extends Pointer> S onNative(Supplier<S> struct) {
    return isNative() ? struct.get() : null;
  }

  final boolean isNative() {
    return context.device() instanceof NativeDevice;
  }

  /** Declares a verb. A field that may be absent is marked by a question mark. */
  final Entry entry(String name, IntSupplier call, String... touched) {
    return new Entry(
        name,
        call,
        fields(touched, field -> !field.endsWith("?")),
        fields(touched, field -> field.endsWith("?")));
  }

  private Fields.Field[] fields(String[] touched, Predicate<String> wanted) {
    return Arrays.stream(touched)
        .filter(wanted)
        .map(field -> fields.field(field.replace("?", "")))
        .toArray(Fields.Field[]::new);
  }

  /** Runs a verb on the context's backend. */
  final void run(Entry entry) {
    requireReady(entry);
    if (context.device() instanceof NativeDevice device) {
      device.check(entry.call.getAsInt(), entry.name);
    } else {
      ReferenceTable.run(entry.name, fields);
    }
  }

  /** Throws unless everything that a verb touches is set and open. */
  final void requireReady(Entry entry) {
    for (Fields.Field field : entry.needed) {
      if (field.value() == null) {
        throw new IllegalStateException(
            entry.name + ": " + field.name() + " is not set; call " + field.name() + "(...) first");
      }
      requireOpen(entry, field);
    }
    for (Fields.Field field : entry.optional) {
      requireOpen(entry, field);
    }
  }

  private void requireOpen(Entry entry, Fields.Field field) {
    if (field.isClosed()) {
      throw new IllegalStateException(
          entry.name
              + ": "
              + field.name()
              + " is closed"
              + (context.isClosed() ? " with its context" : "; bind an open one"));
    }
  }

  /** The native context, for a call. */
  final ita_context pointer() {
    return ((NativeDevice) context.device()).pointer();
  }

  /** Sets the shape; {@code write} copies it into the struct on a native context. */
  final void shape(Record shape, Runnable write) {
    fields.shape(shape);
    if (isNative()) {
      write.run();
    }
  }

  /** Sets a number or a choice; {@code write} copies it into the struct on a native context. */
  final void set(String field, Object value, Runnable write) {
    fields.field(field).set(value);
    if (isNative()) {
      write.run();
    }
  }

  /** Returns what a field is set to, null when it is not. */
  final Object value(String field) {
    return fields.field(field).value();
  }

  /** Binds activations [N, C, H, W]. */
  final void activations(String field, Tensor tensor, Consumer<FloatPointer> setter, long... dims) {
    require(field, tensor, DType.F32, true, dims, tensor == null || exact(tensor, dims));
    bindFloats(field, tensor, setter);
  }

  /** Binds activations [N, F], which [N, C, H, W] with C * H * W = F are without a move. */
  final void rows(String field, Tensor tensor, Consumer<FloatPointer> setter, long n, long f) {
    long[] dims = {n, f};
    require(field, tensor, DType.F32, true, dims, tensor == null || flattened(tensor, dims));
    bindFloats(field, tensor, setter);
  }

  /** Binds row-major values; dimensions after the first may be merged. */
  final void values(String field, Tensor tensor, Consumer<FloatPointer> setter, long... dims) {
    require(field, tensor, DType.F32, false, dims, tensor == null || flattened(tensor, dims));
    bindFloats(field, tensor, setter);
  }

  /** Binds a parameter seen as a plane; one row may be any shape. */
  final void plane(String field, Tensor tensor, Consumer<FloatPointer> setter, PlaneShape shape) {
    long[] dims = {shape.rows(), shape.cols()};
    boolean fits =
        tensor == null
            || flattened(tensor, dims)
            || tensor.elements() == shape.elements()
                && (shape.rows() == 1 || tensor.dims().length == 1);
    require(field, tensor, DType.F32, false, dims, fits);
    bindFloats(field, tensor, setter);
  }

  /** Binds row-major integers. */
  final void ints(String field, Tensor tensor, Consumer<IntPointer> setter, long... dims) {
    require(field, tensor, DType.I32, false, dims, tensor == null || exact(tensor, dims));
    fields.field(field).set(tensor);
    if (isNative()) {
      setter.accept(tensor == null ? null : ((NativeStorage) tensor.storage()).ints());
    }
  }

  /** Binds row-major 64-bit integers. */
  final void longs(String field, Tensor tensor, Consumer<LongPointer> setter, long... dims) {
    require(field, tensor, DType.I64, false, dims, tensor == null || exact(tensor, dims));
    fields.field(field).set(tensor);
    if (isNative()) {
      setter.accept(tensor == null ? null : ((NativeStorage) tensor.storage()).longs());
    }
  }

  /** Binds a mask of rows of cols weights. */
  final void mask(String field, Mask mask, Consumer<IntPointer> setter, PlaneShape shape) {
    if (mask != null) {
      if (mask.rows() != shape.rows() || mask.cols() != shape.cols()) {
        throw new IllegalArgumentException(
            name()
                + ": "
                + field
                + " is ["
                + mask.rows()
                + ", "
                + mask.cols()
                + "], expected ["
                + shape.rows()
                + ", "
                + shape.cols()
                + "]");
      }
      requireUsable(field, mask.context(), mask.isClosed());
    }
    fields.field(field).set(mask);
    if (isNative()) {
      setter.accept(mask == null ? null : ((NativeStorage) mask.storage()).ints());
    }
  }

  /** Binds codes of a plane of weights. */
  final void codes(String field, Codes codes, Consumer<IntPointer> setter, PlaneShape shape) {
    if (codes != null && (codes.rows() != shape.rows() || codes.cols() != shape.cols())) {
      throw new IllegalArgumentException(
          name()
              + ": "
              + field
              + " is "
              + codes
              + ", expected ["
              + shape.rows()
              + ", "
              + shape.cols()
              + "]");
    }
    Tensor words = codes == null ? null : codes.tensor();
    if (words != null) {
      requireUsable(field, words.context(), words.isClosed());
    }
    fields.field(field).set(words);
    if (isNative()) {
      setter.accept(words == null ? null : ((NativeStorage) words.storage()).ints());
    }
  }

  final void bindFloats(String field, Tensor tensor, Consumer<FloatPointer> setter) {
    if (tensor != null && tensor.isActivations()) {
      takeLayout(field, tensor);
    }
    fields.field(field).set(tensor);
    if (isNative()) {
      setter.accept(tensor == null ? null : ((NativeStorage) tensor.storage()).floats());
    }
  }

  /** Makes the layout of activations that of the op; all that are bound have the same. */
  private void takeLayout(String field, Tensor tensor) {
    Fields.Field other = fields.otherLayout(field, tensor);
    if (other != null) {
      throw new IllegalArgumentException(
          name()
              + ": "
              + field
              + " is "
              + tensor
              + " in "
              + tensor.layout()
              + " and "
              + other.name()
              + " is "
              + other.value()
              + " in "
              + ((Tensor) other.value()).layout()
              + ", expected one layout; make both with the same N or name the layout");
    }
    if (layout != tensor.layout()) {
      layout = tensor.layout();
      resize(images);
    }
  }

  /** Refuses a tensor whose kind, type, shape or context does not fit. */
  final void require(
      String field, Tensor tensor, DType type, boolean activations, long[] dims, boolean fits) {
    if (tensor == null) {
      return;
    }
    if (!fits || tensor.dtype() != type || tensor.isActivations() != activations) {
      throw new IllegalArgumentException(
          name()
              + ": "
              + field
              + " is "
              + tensor
              + ", expected "
              + type
              + " "
              + Arrays.toString(dims)
              + (activations ? " activations" : ""));
    }
    requireUsable(field, tensor.context(), tensor.isClosed());
  }

  private void requireUsable(String field, Context owner, boolean closed) {
    if (owner != context) {
      throw new IllegalArgumentException(
          name()
              + ": "
              + field
              + " is of another context ("
              + owner
              + "), expected one of "
              + context);
    }
    if (closed) {
      throw new IllegalStateException(name() + ": " + field + " is closed; bind an open one");
    }
  }

  /** Refuses a hyper-parameter that is negative, infinite or NaN. */
  final void requireAtLeastZero(String field, float value) {
    if (!(value >= 0) || Float.isInfinite(value)) {
      throw new IllegalArgumentException(
          name() + ": " + field + " is " + value + ", expected a finite number of at least 0");
    }
  }

  /** Refuses a hyper-parameter outside [0, 1). */
  final void requireFraction(String field, float value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(
          name() + ": " + field + " is " + value + ", expected at least 0 and below 1");
    }
  }

  /** Refuses ties that need a count, which takes a second pass. */
  final void requireCountless(Ties ties) {
    if (ties == Ties.EXACT) {
      throw new IllegalArgumentException(
          name() + ": ties is EXACT, expected KEPT or DROPPED; MaskCut counts ties");
    }
  }

  /** Refuses to cut a mask by a threshold that is not set. */
  final void requireThreshold() {
    if (value("mask") != null && value("threshold") == null) {
      throw new IllegalStateException(
          name() + ": mask is set and threshold is not; set both or neither");
    }
  }

  /** Refuses a class range that leaves the classes of the logits. */
  final void requireClasses(int first, int count, int classes) {
    if (first < 0 || count < 1 || first > classes - count) {
      throw new IllegalArgumentException(
          name()
              + ": the class range is "
              + first
              + " .. "
              + ((long) first + count - 1)
              + ", expected at least one class within 0 .. "
              + (classes - 1));
    }
  }

  static boolean exact(Tensor tensor, long[] dims) {
    return Arrays.equals(tensor.dims(), dims);
  }

  private static boolean flattened(Tensor tensor, long[] dims) {
    long elements = 1;
    for (long dim : dims) {
      elements *= dim;
    }
    return tensor.dims()[0] == dims[0] && tensor.elements() == elements;
  }

  final String name() {
    return getClass().getSimpleName();
  }
}
