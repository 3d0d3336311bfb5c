// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * A binary file read front to back, plain or gzip (told by its first two bytes, not its name).
 *
 * <p>Every failure is a {@link DataException} that names the file.
 */
final class DataFile implements Closeable {
  private static final int BUFFER = 1 << 16;
  // One deflate symbol of at least one bit yields at most 258 bytes, two bits with its distance.
  private static final long DEFLATE_RATIO = 1032;
  private static final long USUAL_RATIO = 8; // images seldom compress better

  private final Path path;
  private final InputStream stream;
  private final long mostBytes;
  private final long likelyBytes;
  private long position;

  private DataFile(Path path, InputStream stream, long mostBytes, long likelyBytes) {
    this.path = path;
    this.stream = stream;
    this.mostBytes = mostBytes;
    this.likelyBytes = likelyBytes;
  }

  static DataFile open(Path path) {
    if (!Files.isRegularFile(path)) {
      throw new DataException(
          path,
          Files.isDirectory(path) ? "is a folder, expected a file" : "no such file",
          "check the path");
    }
    InputStream raw = null;
    try {
      long size = Files.size(path);
      raw = new BufferedInputStream(Files.newInputStream(path), BUFFER);
      raw.mark(2);
      boolean gzip = raw.read() == 0x1F && raw.read() == 0x8B;
      raw.reset();
      if (!gzip) {
        return new DataFile(path, raw, size, size);
      }
      long most = size * DEFLATE_RATIO;
      return new DataFile(
          path,
          new GZIPInputStream(raw, BUFFER),
          most,
          Math.min(size * USUAL_RATIO, gzipTrailerSize(path)));
    } catch (IOException e) {
      closeQuietly(raw);
      throw unreadable(path, e);
    }
  }

  private static void closeQuietly(InputStream stream) {
    if (stream != null) {
      try {
        stream.close();
      } catch (IOException e) {
        // The failure that led here is the one to report.
      }
    }
  }

  /** The uncompressed size by the last four bytes: modulo 2^32 and unproven, so only a hint. */
  private static long gzipTrailerSize(Path path) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
      file.seek(Math.max(0, file.length() - 4));
      return Integer.reverseBytes(file.readInt()) & 0xFFFFFFFFL;
    }
  }

  private static DataException unreadable(Path path, IOException e) {
    if (e instanceof ZipException) {
      return new DataException(
          path, "corrupt gzip data (" + e.getMessage() + ")", "fetch the file again", e);
    }
    if (e instanceof EOFException) {
      return new DataException(path, "truncated gzip data", "fetch the file again", e);
    }
    return new DataException(path, "cannot be read (" + e + ")", "check disk and permissions", e);
  }

  /** More bytes than this the file cannot hold, whatever its header says. */
  long mostBytes() {
    return mostBytes;
  }

  /** The uncompressed size as far as it can be known before reading; a hint, not a promise. */
  long likelyBytes() {
    return likelyBytes;
  }

  /** Reads until {@code length} bytes are there or the file ends; returns how many there are. */
  int read(byte[] dst, int offset, int length) {
    try {
      int count = stream.readNBytes(dst, offset, length);
      position += count;
      return count;
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  /** Reads exactly {@code length} bytes of what the message will call {@code part}. */
  void require(byte[] dst, int offset, int length, String part) {
    int count = read(dst, offset, length);
    if (count < length) {
      throw truncated(part, length - count);
    }
  }

  /**
   * Reads exactly {@code length} bytes into a new array, which grows with what really arrives: a
   * corrupt header cannot make it larger than twice the data.
   */
  byte[] require(int length, String part) {
    byte[] bytes = new byte[(int) Math.min(length, Math.max(likelyBytes, BUFFER))];
    for (int filled = 0; ; ) {
      int count = read(bytes, filled, bytes.length - filled);
      filled += count;
      if (filled == length) {
        return bytes;
      }
      if (filled < bytes.length) {
        throw truncated(part, length - filled);
      }
      bytes = Arrays.copyOf(bytes, (int) Math.min(length, 2L * filled));
    }
  }

  private DataException truncated(String part, int missing) {
    return new DataException(
        path,
        "truncated: it ends after %d bytes, the %s needs %d more"
            .formatted(position, part, missing),
        "fetch the file again");
  }

  /** Demands that nothing follows. */
  void requireEnd() {
    if (read(new byte[1], 0, 1) != 0) {
      throw new DataException(
          path,
          "holds more than the %d bytes its header declares".formatted(position - 1),
          "fetch the file again");
    }
  }

  @Override
  public void close() {
    closeQuietly(stream);
  }
}
