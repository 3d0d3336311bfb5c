// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The 64 bytes before each segment: how long it is, and what its header must be. The digest runs
 * over the frame before, too, so that segments of other packs, or in another order, do not fit.
 *
 * @param index of the segment, from 0
 * @param length bytes of the safetensors file that follows
 * @param digest SHA-256 of the frame before (nothing for the first) and of the file's header with
 *     its length
 */
record Frame(int index, long length, byte[] digest) {
  static final int BYTES = 64;

  private static final byte[] MAGIC = {'I', 'T', 'P', 'A', 'C', 'K', '\r', '\n'};
  private static final int VERSION = 1;
  private static final int DIGEST_AT = 24;
  private static final int CRC_AT = BYTES - Integer.BYTES;

  /** Whether bytes begin like a frame. */
  static boolean opens(byte[] bytes) {
    return Arrays.equals(MAGIC, Arrays.copyOf(bytes, MAGIC.length));
  }

  byte[] toBytes() {
    ByteBuffer frame = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    frame.put(MAGIC).putInt(VERSION).putInt(index).putLong(length).put(digest);
    frame.putInt(CRC_AT, Checksum.crc(frame.array(), 0, CRC_AT));
    return frame.array();
  }

  /** Reads a frame, of which every bit is checked. */
  static Frame parse(byte[] bytes, int index, Place place) {
    ByteBuffer frame = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int crc = Checksum.crc(bytes, 0, CRC_AT);
    if (!opens(bytes) || frame.getInt(CRC_AT) != crc) {
      throw place.altered(
          "the frame's CRC-32C is %08x, expected %08x".formatted(crc, frame.getInt(CRC_AT)));
    }
    int version = frame.getInt(MAGIC.length);
    if (version != VERSION) {
      throw place.altered(
          "is of version %d, this program reads version %d".formatted(version, VERSION));
    }
    int found = frame.getInt(MAGIC.length + Integer.BYTES);
    if (found != index) {
      throw place.altered("is segment %d, expected segment %d".formatted(found, index));
    }
    long length = frame.getLong(MAGIC.length + 2 * Integer.BYTES);
    if (length < Long.BYTES + 2 || length > Integer.MAX_VALUE) {
      throw place.altered(
          "has %d bytes, must have from %d to %d"
              .formatted(length, Long.BYTES + 2, Integer.MAX_VALUE));
    }
    return new Frame(
        index, length, Arrays.copyOfRange(bytes, DIGEST_AT, DIGEST_AT + Checksum.SHA_BYTES));
  }
}
