// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * A part of a file, mapped. Bytes leave it only as copies: checksums and kernels that read a map
 * could end the process when somebody shortens the file under it.
 *
 * <p>The length of the file is looked at before each copy, so that a file shortened since it was
 * mapped ends in a sentence. One that is shortened during the copy itself, a matter of
 * microseconds, makes the JVM raise an {@code InternalError}, in the copy or soon after it.
 */
final class MappedBytes {
  private final FileChannel channel; // open as long as this lives; the collector closes it
  private final long at; // of the first byte in the file
  private final ByteBuffer map;

  private MappedBytes(FileChannel channel, long at, ByteBuffer map) {
    this.channel = channel;
    this.at = at;
    this.map = map;
  }

  static MappedBytes of(FileChannel channel, long at, int length) throws IOException {
    return new MappedBytes(channel, at, channel.map(FileChannel.MapMode.READ_ONLY, at, length));
  }

  /** How many bytes there are. */
  int length() {
    return map.capacity();
  }

  /** The bytes from an index on. */
  MappedBytes from(int index) {
    return new MappedBytes(channel, at + index, map.slice(index, map.capacity() - index));
  }

  /** Returns a copy of some bytes, all of which exist by the length that was mapped. */
  byte[] copy(int from, int length, Place place) {
    byte[] copy = new byte[length];
    try {
      long size = channel.size();
      if (size < at + from + length) {
        throw shortened(place, null);
      }
      map.get(from, copy);
    } catch (IOException | InternalError e) {
      throw shortened(place, e);
    }
    return copy;
  }

  private static RuntimeException shortened(Place place, Throwable cause) {
    return place.altered("the file was shortened while it was in use", cause);
  }
}
