// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.MaskBits;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes {@code metrics.csv} while a run goes on: a header, then one row for each step whose loss
 * was read, one for each epoch and one for each learned task that has masks. A row is flushed
 * before training goes on, so a run that is stopped loses none.
 *
 * <p>Columns: {@code task,epoch,step,loss,train_accuracy,seconds}, then four of masks. Task, epoch
 * and step count from 0. A step's row ends with its loss; an epoch's row leaves {@code step} empty
 * and holds the epoch's mean loss, its accuracy on the training images in 0..1 and the seconds it
 * took. A task's row holds its number and, in bits per weight, what its masks take as stored and in
 * the published Huffman code, the entropy given earlier tasks' masks and that of their density
 * ({@link MaskBits}). What a row does not hold is empty.
 *
 * <p>The file is made at the first row. Not thread-safe.
 */
public final class MetricsCsv implements RunListener, AutoCloseable {
  static final String HEADER =
      "task,epoch,step,loss,train_accuracy,seconds,"
          + "mask_bits,mask_bits_huffman,mask_bound_given,mask_bound_density";
  private static final int LOSS_COLUMNS = 6; // files of earlier versions end there

  private static final String NO_MASKS = ",,,,";

  private final Path file;
  private BufferedWriter writer;

  /** A writer of {@code file}, which must not exist yet. */
  public MetricsCsv(Path file) {
    this.file = file;
  }

  @Override
  public void stepDone(int task, int epoch, int step, double loss) {
    if (!Double.isNaN(loss)) {
      append(task + "," + epoch + "," + step + "," + loss + ",," + NO_MASKS);
    }
  }

  @Override
  public void epochDone(int task, int epoch, double loss, double trainAccuracy, double seconds) {
    append(
        task
            + ","
            + epoch
            + ",,"
            + blank(loss)
            + ","
            + blank(trainAccuracy)
            + ","
            + seconds
            + NO_MASKS);
  }

  @Override
  public void taskLearned(int task, AccuracyMatrix soFar, Footprint footprint) {
    List<Footprint.Share> shares = footprint.perTask();
    MaskBits bits = shares.isEmpty() ? null : shares.get(shares.size() - 1).masks();
    if (bits != null) {
      append(
          "%d,,,,,,%s,%s,%s,%s"
              .formatted(
                  task,
                  bits.perWeight(bits.coded()),
                  bits.perWeight(bits.huffman()),
                  bits.perWeight(bits.given()),
                  bits.perWeight(bits.density())));
    }
  }

  @Override
  public void close() throws IOException {
    if (writer != null) {
      writer.close();
    }
  }

  /**
   * A loss that was read at a step.
   *
   * @param task index of the task, from 0
   * @param step steps since the run began, counted over the rows of the file
   * @param loss mean over the batch, in nats
   */
  public record Loss(int task, int step, double loss) {}

  /**
   * The losses of a file written by this class: those of its steps, or of its epochs when no step
   * was recorded.
   *
   * @return empty when the file does not exist
   */
  public static List<Loss> readLosses(Path file) throws IOException {
    if (!Files.exists(file)) {
      return List.of();
    }
    List<Loss> steps = new ArrayList<>();
    List<Loss> epochs = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      String[] cells = line.split(",", -1);
      if (cells.length < LOSS_COLUMNS || cells[3].isEmpty() || line.equals(HEADER)) {
        continue;
      }
      List<Loss> losses = cells[2].isEmpty() ? epochs : steps;
      losses.add(new Loss(Integer.parseInt(cells[0]), losses.size(), Double.parseDouble(cells[3])));
    }
    return List.copyOf(steps.isEmpty() ? epochs : steps);
  }

  private void append(String row) {
    try {
      if (writer == null) {
        writer = Files.newBufferedWriter(file);
        writer.write(HEADER + "\n");
      }
      writer.write(row + "\n");
      writer.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(file + " cannot be written; is the disk full?", e);
    }
  }

  private static String blank(double value) {
    return Double.isNaN(value) ? "" : Double.toString(value);
  }
}
