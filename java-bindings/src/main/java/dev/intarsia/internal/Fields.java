// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * The fields of one bound op under their Java names: tensors, masks, numbers and the shape. They
 * keep what is bound reachable, and are all that the reference backend sees of an op.
 */
public final class Fields {
  private final Map<String, Field> fields = new HashMap<>();
  private Record shape;

  /** One field of an op; empty until it is set, and again when it is set to null. */
  public static final class Field {
    private final String name;
    private Object value; // Tensor, Mask, Number, Boolean, int[] or an enum constant

    private Field(String name) {
      this.name = name;
    }

    public String name() {
      return name;
    }

    public void set(Object value) {
      this.value = value;
    }

    public Object value() {
      return value;
    }

    /** Returns whether the memory that is bound here was freed. */
    public boolean isClosed() {
      return value instanceof Tensor tensor && tensor.isClosed()
          || value instanceof Mask mask && mask.isClosed();
    }
  }

  /** Returns the field of a name, made when it is first asked for. */
  public Field field(String name) {
    return fields.computeIfAbsent(name, Field::new);
  }

  /** Returns a field that holds activations of another layout than these, or null. */
  public Field otherLayout(String name, Tensor activations) {
    for (Field field : fields.values()) {
      if (!field.name.equals(name)
          && field.value instanceof Tensor tensor
          && tensor.isActivations()
          && tensor.layout() != activations.layout()) {
        return field;
      }
    }
    return null;
  }

  /** Sets the shape, with N the number of images of later calls. */
  public void shape(Record shape) {
    this.shape = shape;
  }

  /** Returns the shape. */
  public <S extends Record> S shape(Class<S> type) {
    return type.cast(shape);
  }

  /** Returns the elements of an F32 tensor, null when the field is empty. */
  public float[] floats(String name) {
    JavaStorage storage = storage(name);
    return storage == null ? null : storage.floats();
  }

  /** Returns the elements of an I32 tensor, null when the field is empty. */
  public int[] ints(String name) {
    JavaStorage storage = storage(name);
    return storage == null ? null : storage.ints();
  }

  /** Returns the elements of an I64 tensor. */
  public long[] longs(String name) {
    return storage(name).longs();
  }

  /** Returns one boolean per weight of a mask, null when the field is empty. */
  public boolean[] bits(String name) {
    Object value = field(name).value();
    if (value == null) {
      return null;
    }
    Mask mask = (Mask) value;
    return BitPlane.bits(new PlaneShape(mask.rows(), mask.cols()), mask.words());
  }

  /** Writes one boolean per weight into a mask. */
  public void writeBits(String name, boolean[] bits) {
    Mask mask = (Mask) field(name).value();
    mask.setWords(BitPlane.words(new PlaneShape(mask.rows(), mask.cols()), bits));
  }

  /** Returns a number. */
  public float number(String name) {
    return ((Number) field(name).value()).floatValue();
  }

  /** Returns an integer. */
  public long integer(String name) {
    return ((Number) field(name).value()).longValue();
  }

  /** Returns small numbers of the host, null when the field is empty. */
  public int[] indexes(String name) {
    return (int[]) field(name).value();
  }

  /** Returns a choice. */
  public boolean flag(String name) {
    return (Boolean) field(name).value();
  }

  /** Returns an enum constant. */
  public <E extends Enum<E>> E choice(String name, Class<E> type) {
    return type.cast(field(name).value());
  }

  private JavaStorage storage(String name) {
    Object value = field(name).value();
    return value == null ? null : (JavaStorage) ((Tensor) value).storage();
  }
}
