// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.util.List;

/** Where the images of a {@link Dataset} come from: bytes, or a view of some. Thread-safe. */
interface Pixels {
  /** Writes image {@code row}, [C, H, W], to {@code dst[offset ..]}; the same bytes every time. */
  void copy(int row, byte[] dst, int offset);

  /**
   * Images as they lie in memory.
   *
   * @param bytes [rows, C, H, W]
   * @param length C * H * W
   */
  record Stored(byte[] bytes, int length) implements Pixels {
    @Override
    public void copy(int row, byte[] dst, int offset) {
      System.arraycopy(bytes, row * length, dst, offset, length);
    }
  }

  /**
   * Stored images through a permutation.
   *
   * @param bytes [rows, C, H, W]
   * @param channels C
   * @param permutation [H * W], pixel p is read from permutation[p]
   */
  record Permuted(byte[] bytes, int channels, int[] permutation) implements Pixels {
    @Override
    public void copy(int row, byte[] dst, int offset) {
      int area = permutation.length;
      int from = row * channels * area;
      for (int c = 0; c < channels; c++) {
        for (int p = 0; p < area; p++) {
          dst[offset + c * area + p] = bytes[from + c * area + permutation[p]];
        }
      }
    }
  }

  /**
   * Stored grey images in a frame.
   *
   * @param bytes [rows, 1, H, W]
   */
  record Framed(byte[] bytes, Frame frame) implements Pixels {
    @Override
    public void copy(int row, byte[] dst, int offset) {
      frame.copy(bytes, row * frame.storedLength(), dst, offset);
    }
  }

  /** Datasets one after the other; their images have one size. */
  record Joined(List<Dataset> parts) implements Pixels {
    @Override
    public void copy(int row, byte[] dst, int offset) {
      int left = row;
      for (Dataset part : parts) {
        if (left < part.size()) {
          part.copyPixels(left, dst, offset);
          return;
        }
        left -= part.size();
      }
      throw new IndexOutOfBoundsException("image " + row + " of " + (row - left));
    }
  }
}
