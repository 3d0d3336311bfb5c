// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.DType;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;

/**
 * One tensor or mask of an op under test, what it held before the call and what is expected of it.
 *
 * @param tensor the tensor, null for a mask
 * @param mask the mask, null for a tensor
 * @param role what the op may do to it
 * @param tolerance how far it may be from the reference; null where it is only read
 * @param perImage elements of one image where the tensor is activations, else 0
 * @param before bits at the start
 */
record Field(
    String name,
    Tensor tensor,
    Mask mask,
    Role role,
    Tolerance tolerance,
    int perImage,
    Bits before) {

  /** What an op may do to a field. */
  enum Role {
    READ,
    WRITTEN,
    /** Written, and pad lanes have to be zero. */
    WRITTEN_DIFF;

    boolean written() {
      return this != READ;
    }
  }

  /** Elements as bits, so that NaN, signed zeros and words compare too. */
  record Bits(boolean isFloat, long[] words) {
    double value(int i) {
      return isFloat ? Float.intBitsToFloat((int) words[i]) : words[i];
    }

    int length() {
      return words.length;
    }

    static Bits of(Tensor tensor) {
      if (tensor.dtype() == DType.F32) {
        float[] values = tensor.download();
        long[] words = new long[values.length];
        for (int i = 0; i < words.length; i++) {
          words[i] = Float.floatToRawIntBits(values[i]);
        }
        return new Bits(true, words);
      }
      return new Bits(
          false,
          tensor.dtype() == DType.I64 ? tensor.downloadLongs() : widened(tensor.downloadInts()));
    }

    static Bits of(Mask mask) {
      return new Bits(false, widened(mask.words()));
    }

    private static long[] widened(int[] ints) {
      long[] words = new long[ints.length];
      for (int i = 0; i < words.length; i++) {
        words[i] = ints[i];
      }
      return words;
    }
  }

  /** Returns what it holds now. */
  Bits now() {
    return tensor != null ? Bits.of(tensor) : Bits.of(mask);
  }

  void close() {
    if (tensor != null) {
      tensor.close();
    } else {
      mask.close();
    }
  }
}
