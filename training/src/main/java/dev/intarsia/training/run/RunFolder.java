// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.pack.PackFile;
import dev.intarsia.training.pack.PackedModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The folder a run writes into: {@code metrics.csv} while it goes on, {@code results.json} and
 * {@code report.html} at its end; {@code model.itp} task by task if the method packs. Claimed
 * before any training, so that hours of work do not end at a folder that cannot be written.
 *
 * <p>Closing it removes the folder when nothing was written into it.
 */
public final class RunFolder implements AutoCloseable {
  /** Name of the file with every figure of the run. */
  public static final String RESULTS = "results.json";

  /** Name of the file with one row a step or epoch. */
  public static final String METRICS = "metrics.csv";

  /** Name of the page to look at. */
  public static final String REPORT = "report.html";

  /** Name of the file with every task, which a method that packs appends to as it learns. */
  public static final String PACK = "model.itp";

  private final Path path;
  private final MetricsCsv metrics;

  private RunFolder(Path path) {
    this.path = path;
    this.metrics = new MetricsCsv(path.resolve(METRICS));
  }

  /**
   * Makes the folder, or takes an empty one. With {@code overwrite}, a folder that holds an earlier
   * run loses that run's files, and nothing else.
   *
   * @throws IllegalArgumentException when it holds files and {@code overwrite} is false, when it is
   *     a file, or when it cannot be written
   */
  public static RunFolder claim(Path path, boolean overwrite) {
    if (Files.exists(path) && !Files.isDirectory(path)) {
      throw new IllegalArgumentException(
          "--out " + path + " is a file, must be a folder; choose another");
    }
    try {
      if (!overwrite && Files.isDirectory(path) && !isEmpty(path)) {
        throw new IllegalArgumentException(
            "--out " + path + " exists and is not empty; choose another or pass --overwrite");
      }
      Files.createDirectories(path);
      Files.delete(Files.createTempFile(path, ".", ".probe"));
      for (String name : List.of(RESULTS, METRICS, REPORT, PACK)) {
        Files.deleteIfExists(path.resolve(name));
      }
    } catch (FileAlreadyExistsException e) {
      throw new IllegalArgumentException(
          "--out " + path + " lies under " + e.getFile() + ", which is a file; choose another", e);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "--out " + path + " cannot be written (" + reason(e) + "); choose a folder you own", e);
    }
    return new RunFolder(path);
  }

  /** The folder. */
  public Path path() {
    return path;
  }

  /** Writes {@code metrics.csv} as the run goes on. */
  public RunListener metrics() {
    return metrics;
  }

  /** Appends each task to {@code model.itp} as it is learned, if the method packs. */
  public RunListener pack() {
    return new RunListener() {
      private PackFile file; // made with the first task

      @Override
      public void taskPacked(PackedModel model) {
        if (file == null) {
          file = PackFile.create(path.resolve(PACK), model.net());
        }
        file.append(model);
      }
    };
  }

  /** Writes {@code results.json} and {@code report.html}, each whole or not at all. */
  public void write(RunResult result) {
    try {
      metrics.close();
      ResultsJson.write(path.resolve(RESULTS), result);
      List<MetricsCsv.Loss> losses = MetricsCsv.readLosses(path.resolve(METRICS));
      WholeFile.write(path.resolve(REPORT), Report.of(result, losses));
    } catch (IOException e) {
      throw new UncheckedIOException(path + " cannot be written; is the disk full?", e);
    }
  }

  @Override
  public void close() {
    try {
      metrics.close();
      if (isEmpty(path)) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(path + " cannot be closed", e);
    }
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      return !entries.iterator().hasNext();
    }
  }

  private static String reason(IOException e) {
    return e instanceof FileSystemException failure && failure.getReason() != null
        ? failure.getReason()
        : e.getClass().getSimpleName();
  }
}
