// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The IDX format of MNIST (LeCun, Cortes, Burges): big-endian, a magic of two zero bytes, element
 * type and number of dimensions, then the sizes, then the elements. Plain or gzip.
 *
 * <p>Images are idx3 of unsigned bytes (type 0x08), labels idx1 of unsigned bytes or of shorts
 * (type 0x0B).
 */
public final class IdxFiles {
  private static final int UNSIGNED_BYTE = 0x08;
  private static final int SHORT = 0x0B;
  private static final int MAX_SIDE = 1 << 14;

  private IdxFiles() {}

  /**
   * Reads grey images and their labels.
   *
   * @param name of the dataset, for messages
   * @param images idx3 file, [N, H, W]
   * @param labels idx1 file, [N]
   * @param classNames one per class; empty: classes are 0..the largest label, named by number
   * @return [N, 1, H, W]
   * @throws DataException if a file is missing, truncated, corrupt or not IDX, if the counts differ
   *     or a label has no class
   */
  public static Dataset read(String name, Path images, Path labels, List<String> classNames) {
    int[] labelValues = readLabels(labels);
    try (DataFile file = DataFile.open(images)) {
      ByteBuffer header = header(file, images, 3, "images");
      requireType(images, header.get(2), UNSIGNED_BYTE, UNSIGNED_BYTE);
      long count = header.getInt(4) & 0xFFFFFFFFL;
      long height = header.getInt(8) & 0xFFFFFFFFL;
      long width = header.getInt(12) & 0xFFFFFFFFL;
      if (height < 1 || width < 1 || height > MAX_SIDE || width > MAX_SIDE) {
        throw new DataException(
            images,
            "declares images of %d x %d, a side must be in 1..%d"
                .formatted(height, width, MAX_SIDE),
            "the header is corrupt, fetch the file again");
      }
      requireRoom(file, images, count, height * width, 16);
      if (count != labelValues.length) {
        throw new DataException(
            images,
            "holds %d images but %s holds %d labels"
                .formatted(count, labels.getFileName(), labelValues.length),
            "give the two files of one split");
      }
      byte[] pixels = file.require((int) (count * height * width), "pixel data"); // [N, 1, H, W]
      file.requireEnd();
      List<String> names = classNames.isEmpty() ? numbered(labelValues) : classNames;
      requireLabels(labels, labelValues, names.size());
      return Dataset.of(name, pixels, 1, (int) height, (int) width, labelValues, names);
    }
  }

  private static int[] readLabels(Path labels) {
    try (DataFile file = DataFile.open(labels)) {
      ByteBuffer header = header(file, labels, 1, "labels");
      int type = header.get(2);
      requireType(labels, type, UNSIGNED_BYTE, SHORT);
      int width = type == SHORT ? Short.BYTES : 1;
      long count = header.getInt(4) & 0xFFFFFFFFL;
      requireRoom(file, labels, count, width, 8);
      byte[] raw = file.require((int) count * width, "label data");
      file.requireEnd();
      ByteBuffer elements = ByteBuffer.wrap(raw);
      int[] values = new int[(int) count];
      Arrays.setAll(values, i -> type == SHORT ? elements.getShort(2 * i) : elements.get(i) & 0xFF);
      return values;
    }
  }

  /** Reads magic and sizes: 4 + 4 * dimensions bytes. */
  private static ByteBuffer header(DataFile file, Path path, int dimensions, String content) {
    byte[] bytes = new byte[4 + 4 * dimensions];
    file.require(bytes, 0, 4, "magic");
    ByteBuffer header = ByteBuffer.wrap(bytes);
    if (header.getShort(0) != 0 || header.get(3) != dimensions) {
      throw new DataException(
          path,
          "magic is 0x%08X, expected 0x00000%X%02X for %s"
              .formatted(header.getInt(0), UNSIGNED_BYTE, dimensions, content),
          "give an IDX file with the " + content);
    }
    file.require(bytes, 4, 4 * dimensions, "header");
    return header;
  }

  private static void requireType(Path path, int type, int allowed, int alsoAllowed) {
    if (type != allowed && type != alsoAllowed) {
      throw new DataException(
          path,
          "element type is 0x%02X, readable is 0x%02X%s"
              .formatted(
                  type & 0xFF,
                  allowed,
                  allowed == alsoAllowed ? "" : " or 0x%02X".formatted(alsoAllowed)),
          "convert the file to unsigned bytes");
    }
  }

  /** Checks a declared size against the file before anything of that size is allocated. */
  private static void requireRoom(DataFile file, Path path, long count, long each, int header) {
    long limit = Math.min(file.mostBytes() - header, Integer.MAX_VALUE - 8);
    if (count * each > limit) {
      throw new DataException(
          path,
          "declares %d elements of %d bytes, at most %d bytes are possible"
              .formatted(count, each, Math.max(0, limit)),
          "the file is truncated or its header corrupt, fetch it again");
    }
  }

  private static void requireLabels(Path path, int[] labels, int classes) {
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= classes) {
        throw new DataException(
            path,
            "label %d is %d, it must be in 0..%d".formatted(i, labels[i], classes - 1),
            "give the labels of this data set");
      }
    }
  }

  private static List<String> numbered(int[] labels) {
    int classes = 1 + Arrays.stream(labels).max().orElse(-1);
    return IntStream.range(0, classes).mapToObj(Integer::toString).toList();
  }
}
