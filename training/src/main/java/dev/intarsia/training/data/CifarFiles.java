// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The binary records of CIFAR-10 and CIFAR-100 (Krizhevsky 2009): one or two label bytes, then 3072
 * pixels, planes R, G, B of 32 x 32, row-major. Plain or gzip; several files make one dataset.
 */
public final class CifarFiles {
  private static final int CHANNELS = 3;
  private static final int SIDE = 32;
  private static final int IMAGE = CHANNELS * SIDE * SIDE;
  private static final int MAX_IMAGES = (Integer.MAX_VALUE - 8) / IMAGE;

  private CifarFiles() {}

  /** Which label bytes a record begins with, and which of them counts. */
  public enum Labels {
    /** CIFAR-10 and its like: one byte. */
    SINGLE(1, 0),
    /** CIFAR-100: the first of two bytes, the superclass. */
    COARSE(2, 0),
    /** CIFAR-100: the second of two bytes, the class. */
    FINE(2, 1);

    private final int count;
    private final int position;

    Labels(int count, int position) {
      this.count = count;
      this.position = position;
    }
  }

  /**
   * The same images under both of CIFAR-100's labels; the pixels are shared.
   *
   * @param fine the 100 classes
   * @param coarse the 20 superclasses
   */
  public record FineAndCoarse(Dataset fine, Dataset coarse) {}

  /**
   * Reads images [N, 3, 32, 32] in the order of the files.
   *
   * @param name of the dataset, for messages
   * @param labels the label bytes of a record
   * @param files at least one
   * @param classNames one per class
   * @throws DataException if a file is missing, empty, truncated or corrupt, or if a label has no
   *     class
   */
  public static Dataset read(
      String name, Labels labels, List<Path> files, List<String> classNames) {
    Records records = new Records(labels.count, files);
    int[] values = records.labels(labels.position, classNames.size());
    return Dataset.of(name, records.pixels, CHANNELS, SIDE, SIDE, values, classNames);
  }

  /** Reads CIFAR-100 images once, under both labels; otherwise like {@link #read}. */
  public static FineAndCoarse readFineAndCoarse(
      String name, List<Path> files, List<String> fineNames, List<String> coarseNames) {
    Records records = new Records(Labels.FINE.count, files);
    int[] fine = records.labels(Labels.FINE.position, fineNames.size());
    int[] coarse = records.labels(Labels.COARSE.position, coarseNames.size());
    Dataset byClass = Dataset.of(name, records.pixels, CHANNELS, SIDE, SIDE, fine, fineNames);
    return new FineAndCoarse(byClass, byClass.relabelled(coarse, coarseNames));
  }

  /** All records of some files: labels apart from pixels. */
  private static final class Records {
    private final int labelBytes;
    private final List<Path> files;
    private final int[] endOfFile; // [files], index of the first image after each file
    private byte[] labels; // [N, labelBytes]
    private byte[] pixels; // [N, 3, 32, 32]
    private int count;

    Records(int labelBytes, List<Path> files) {
      if (files.isEmpty()) {
        throw new IllegalArgumentException("0 files given, at least 1 is needed");
      }
      this.labelBytes = labelBytes;
      this.files = List.copyOf(files);
      endOfFile = new int[files.size()];
      allocate(likelyImages());
      for (int f = 0; f < files.size(); f++) {
        append(files.get(f));
        endOfFile[f] = count;
      }
      allocate(count);
    }

    private int likelyImages() {
      long likely = 0;
      for (Path path : files) {
        try (DataFile file = DataFile.open(path)) {
          likely += file.likelyBytes() / (labelBytes + IMAGE);
        }
      }
      return (int) Math.min(likely, MAX_IMAGES);
    }

    private void allocate(int images) {
      if (labels == null) {
        labels = new byte[images * labelBytes];
        pixels = new byte[images * IMAGE];
      } else if (pixels.length != images * IMAGE) {
        labels = Arrays.copyOf(labels, images * labelBytes);
        pixels = Arrays.copyOf(pixels, images * IMAGE);
      }
    }

    private void append(Path path) {
      int before = count;
      byte[] label = new byte[labelBytes];
      try (DataFile file = DataFile.open(path)) {
        for (int got; (got = file.read(label, 0, labelBytes)) > 0; count++) {
          requireWhole(path, got, labelBytes);
          if (count * IMAGE == pixels.length) {
            if (count == MAX_IMAGES) {
              throw new DataException(
                  path, "more than " + MAX_IMAGES + " images", "split the data set");
            }
            allocate((int) Math.min(MAX_IMAGES, count + count / 2L + 16));
          }
          System.arraycopy(label, 0, labels, count * labelBytes, labelBytes);
          requireWhole(path, labelBytes + file.read(pixels, count * IMAGE, IMAGE), recordBytes());
        }
      }
      if (count == before) {
        throw new DataException(path, "holds 0 images", "fetch the file again");
      }
    }

    private int recordBytes() {
      return labelBytes + IMAGE;
    }

    private void requireWhole(Path path, int got, int needed) {
      if (got < needed) {
        throw new DataException(
            path,
            "truncated: the last record has %d of %d bytes".formatted(got, recordBytes()),
            "fetch the file again, or check that it has %d label byte(s) a record"
                .formatted(labelBytes));
      }
    }

    private int[] labels(int position, int classes) {
      int[] values = new int[count];
      for (int i = 0, f = 0; i < count; i++) {
        while (i >= endOfFile[f]) {
          f++;
        }
        values[i] = labels[i * labelBytes + position] & 0xFF;
        if (values[i] >= classes) {
          throw new DataException(
              files.get(f),
              "label %d is %d, it must be in 0..%d"
                  .formatted(i - (f == 0 ? 0 : endOfFile[f - 1]), values[i], classes - 1),
              "check that the file has %d label byte(s) a record".formatted(labelBytes));
        }
      }
      return values;
    }
  }
}
