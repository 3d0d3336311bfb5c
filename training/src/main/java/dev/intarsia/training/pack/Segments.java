// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import dev.intarsia.training.data.DataException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A file of segments, each a {@link Frame} and a whole safetensors file, which only ever grows at
 * its end. What follows a segment is written and forced to disk before its frame is: whenever a
 * process is stopped, the file is its whole segments and perhaps a tail without a frame, which the
 * next append cuts off.
 *
 * <p>Segments are mapped read-only, not read. Not thread-safe; other processes are kept from
 * appending at the same time by a lock on the file.
 */
final class Segments {
  /** More than this many maps a process may not have on common systems. */
  static final int MAX = 1 << 14;

  private final Path path;
  private final FileChannel channel; // to read; the collector closes it
  private final List<Safetensors> contents = new ArrayList<>();
  private final List<Long> starts = new ArrayList<>();
  private byte[] lastFrame = {};
  private long end; // of the last whole segment
  private long size; // of the file
  private String tail; // null for none

  private Segments(Path path) throws IOException {
    this.path = path;
    channel = FileChannel.open(path, StandardOpenOption.READ);
  }

  /** Starts a file that must not exist yet; without a segment it cannot be opened. */
  static Segments create(Path path) {
    try {
      Files.createFile(path);
      return new Segments(path);
    } catch (FileAlreadyExistsException e) {
      throw new DataException(path, "exists already", "choose another name or remove it", e);
    } catch (IOException e) {
      throw failed(path, "cannot be made", e);
    }
  }

  /** Reads all frames and headers; data stays on disk until it is asked for. */
  static Segments open(Path path) {
    try {
      Segments segments = new Segments(path);
      segments.size = segments.channel.size();
      while (segments.tail == null && segments.end < segments.size) {
        segments.readNext();
      }
      if (segments.contents.isEmpty()) {
        throw new DataException(
            path,
            segments.size == 0 ? "is empty" : segments.tail,
            "it holds no task; take an intact copy");
      }
      return segments;
    } catch (NoSuchFileException e) {
      throw new DataException(path, "no such file", "check the path", e);
    } catch (IOException e) {
      throw failed(path, "cannot be read", e);
    }
  }

  private void readNext() throws IOException {
    int index = contents.size();
    byte[] frame = new byte[(int) Math.min(Frame.BYTES, size - end)];
    readFully(frame, end);
    if (index == 0 && !Frame.opens(Arrays.copyOf(frame, Frame.BYTES))) {
      throw new DataException(
          path, "does not begin like a pack", "give a file that 'intarsia pack' wrote");
    }
    if (frame.length < Frame.BYTES || isZero(frame)) {
      tail = "ends in %d bytes of a segment that was never finished".formatted(size - end);
      return;
    }
    Frame parsed = Frame.parse(frame, index, place(index));
    long padded = padded(parsed.length());
    if (padded > size - end - Frame.BYTES) {
      tail =
          "ends %d bytes into %s, which has %d"
              .formatted(size - end, name(index), Frame.BYTES + padded);
      return;
    }
    if (index == MAX) {
      throw new DataException(
          path, "has more than " + MAX + " segments", "split the tasks into several packs");
    }
    take(parsed, frame);
  }

  /** Maps the segment behind a frame and checks its header. */
  private void take(Frame frame, byte[] bytes) throws IOException {
    Place place = place(frame.index());
    long at = end + Frame.BYTES;
    int length = (int) frame.length();
    MappedBytes map = MappedBytes.of(channel, at, length);
    byte[] prefix = map.copy(0, Long.BYTES, place);
    long header = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (header < 2 || header > Math.min(Json.MAX_BYTES, length - Long.BYTES)) {
      throw place.altered(
          "its header has %d bytes, must have from 2 to %d"
              .formatted(header, Math.min(Json.MAX_BYTES, length - Long.BYTES)));
    }
    byte[] text = map.copy(Long.BYTES, (int) header, place);
    if (!Arrays.equals(frame.digest(), Checksum.sha(lastFrame, prefix, text))) {
      throw place.altered("its header is not the one that was written behind the frames before it");
    }
    byte[] pad = new byte[(int) (padded(length) - length)];
    readFully(pad, at + length);
    if (!isZero(pad)) {
      throw place.altered("the bytes behind it are not zero");
    }
    contents.add(Safetensors.parse(text, map.from(Long.BYTES + text.length), place));
    starts.add(end);
    end = at + padded(length);
    lastFrame = bytes;
  }

  /**
   * Writes a safetensors file behind the last whole segment; nothing before it is touched.
   *
   * @param flush whether to wait for the disk, which makes it safe at any power cut
   */
  void append(byte[] content, boolean flush) {
    if (contents.size() == MAX) {
      throw new DataException(
          path, "has " + MAX + " segments, the most there may be", "start another pack");
    }
    try (FileChannel writer = FileChannel.open(path, StandardOpenOption.WRITE);
        FileLock lock = lock(writer)) {
      if (lock == null || writer.size() != size) {
        throw new DataException(
            path,
            lock == null
                ? "is being written by another process"
                : "has changed since it was opened",
            "open it again when the other has ended");
      }
      writer.truncate(end);
      try {
        write(writer, content, flush);
      } finally {
        writer.truncate(end); // all that was written, or nothing
        size = end;
        tail = null;
      }
    } catch (IOException e) {
      throw failed(path, "cannot be appended to", e);
    }
  }

  private void write(FileChannel writer, byte[] content, boolean flush) throws IOException {
    int header = (int) ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getLong();
    byte[] digest = Checksum.sha(lastFrame, Arrays.copyOf(content, Long.BYTES + header));
    Frame frame = new Frame(contents.size(), content.length, digest);
    byte[] pad = new byte[(int) (padded(content.length) - content.length)];
    writeFully(writer, content, end + Frame.BYTES);
    writeFully(writer, pad, end + Frame.BYTES + content.length);
    if (flush) {
      writer.force(true);
    }
    byte[] bytes = frame.toBytes();
    writeFully(writer, bytes, end); // from here on the segment is there
    if (flush) {
      writer.force(true);
    }
    take(frame, bytes);
  }

  /** Waits for the disk to have all that was appended. */
  void flush() {
    try (FileChannel writer = FileChannel.open(path, StandardOpenOption.WRITE)) {
      writer.force(true);
    } catch (IOException e) {
      throw failed(path, "cannot be written", e);
    }
  }

  private static FileLock lock(FileChannel writer) throws IOException {
    try {
      return writer.tryLock();
    } catch (OverlappingFileLockException e) {
      return null; // another thread of this process
    }
  }

  private void readFully(byte[] bytes, long at) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, at + buffer.position()) < 0) {
        throw new IOException("it was shortened while it was read");
      }
    }
  }

  private static void writeFully(FileChannel writer, byte[] bytes, long at) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      writer.write(buffer, at + buffer.position());
    }
  }

  private static boolean isZero(byte[] bytes) {
    for (byte value : bytes) {
      if (value != 0) {
        return false;
      }
    }
    return true;
  }

  /** Segments begin at multiples of a frame's size, so that no frame lies across disk sectors. */
  private static long padded(long length) {
    return (length + Frame.BYTES - 1) / Frame.BYTES * Frame.BYTES;
  }

  private static DataException failed(Path path, String what, IOException e) {
    String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return new DataException(
        path, what + " (" + reason + ")", "check permissions and free space", e);
  }

  /** What people call a segment: the first says how the net is built, each other is a task. */
  private static String name(int index) {
    return index == 0 ? "the manifest" : "task " + (index - 1);
  }

  Place place(int index) {
    return new Place(path, name(index));
  }

  /** The file. */
  Path path() {
    return path;
  }

  /** How many whole segments there are. */
  int count() {
    return contents.size();
  }

  /** One segment. */
  Safetensors content(int index) {
    return contents.get(index);
  }

  /** Bytes of a segment in the file, frame and padding included. */
  long bytes(int index) {
    return (index + 1 < starts.size() ? starts.get(index + 1) : end) - starts.get(index);
  }

  /** Bytes of all whole segments. */
  long end() {
    return end;
  }

  /** What is wrong with the end of the file, or null. */
  String tail() {
    return tail;
  }
}
