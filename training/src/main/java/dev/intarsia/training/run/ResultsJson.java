// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.metrics.Capacity;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.Forecast;
import dev.intarsia.training.metrics.MaskBits;
import dev.intarsia.training.metrics.TaskNotes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * Writes {@code results.json}: one object, keys in a fixed order, {@code null} where a figure was
 * not measured. Equal results give equal bytes, apart from {@code seconds}.
 */
public final class ResultsJson {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private ResultsJson() {}

  /** Writes {@code result} to {@code file}; the file appears whole or not at all. */
  public static void write(Path file, RunResult result) throws IOException {
    WholeFile.write(file, toJson(result));
  }

  /** The text of {@code results.json}, lines ended by LF. */
  public static String toJson(RunResult result) {
    ObjectNode json = MAPPER.createObjectNode();
    json.put("method", result.method());
    json.put("stream", result.stream());
    json.put("model", result.model());
    json.put("seed", result.config().seed());
    json.put("backend", result.backend());
    json.put("isa", result.isa());
    json.put("threads", result.threads());
    ArrayNode tasks = json.putArray("tasks");
    for (RunResult.TaskSummary task : result.tasks()) {
      tasks
          .addObject()
          .put("name", task.name())
          .put("classes", task.classes())
          .put("train", task.train())
          .put("test", task.test());
    }
    json.put("metric", result.metric());
    AccuracyMatrix accuracy = result.accuracy();
    ArrayNode rows = json.putArray("accuracy_matrix");
    for (double[] row : accuracy.toRows()) {
      ArrayNode cells = rows.addArray();
      for (double value : row) {
        cells.add(orNull(value));
      }
    }
    json.put("average_accuracy", orNull(accuracy.averageAccuracy()));
    json.put("forgetting", orNull(accuracy.forgetting()));
    json.put("backward_transfer", orNull(accuracy.backwardTransfer()));
    json.put("forward_transfer", orNull(accuracy.forwardTransfer()));
    putBytes(json.putObject("bytes"), result.bytes());
    putCapacity(json.putObject("capacity"), new Capacity(result.bytes()));
    putNotes(json.putArray("notes"), result.notes());
    json.putObject("seconds")
        .put("train", result.seconds().train())
        .put("eval", result.seconds().eval());
    json.put("weights_sha256", result.weightsSha256());
    json.set("config", MAPPER.valueToTree(result.config().toMap()));
    json.put("version", result.version());
    json.put("commit", result.commit());
    return print(json);
  }

  private static void putBytes(ObjectNode json, Footprint bytes) {
    bytes.terms().byName().forEach(json::put);
    json.put("total", bytes.total());
    json.put("dense", bytes.dense());
    ArrayNode perTask = json.putArray("per_task");
    for (Footprint.Share share : bytes.perTask()) {
      ObjectNode task = perTask.addObject().put("task", share.task());
      share.terms().byName().forEach(task::put);
    }
  }

  /** Per task what its method has to say; empty for most methods. */
  private static void putNotes(ArrayNode json, List<TaskNotes> notes) {
    for (TaskNotes note : notes) {
      ObjectNode task = json.addObject().put("task", note.task());
      ObjectNode figures = task.putObject("figures");
      note.figures().forEach((name, value) -> figures.put(name, orNull(value)));
      ArrayNode traces = task.putArray("traces");
      for (TaskNotes.Trace trace : note.traces()) {
        ObjectNode node =
            traces.addObject().put("name", trace.name()).put("chosen", trace.chosen());
        trace.columns().forEach(node.putArray("columns")::add);
        ArrayNode rows = node.putArray("rows");
        for (double[] row : trace.rows()) {
          ArrayNode cells = rows.addArray();
          for (double value : row) {
            cells.add(orNull(value));
          }
        }
      }
    }
  }

  /** Fractions of one dense net; what each figure means stands at {@link Capacity}. */
  private static void putCapacity(ObjectNode json, Capacity capacity) {
    ObjectNode full = json.putObject("of_dense");
    capacity.ofDense().forEach((term, fraction) -> full.put(term, orNull(fraction)));
    full.put("total", orNull(capacity.full()));
    ObjectNode published = json.putObject("published");
    capacity.published().forEach(figure -> published.put(figure.key(), orNull(figure.ofDense())));
    Forecast forecast = capacity.forecast();
    json.putObject("forecast")
        .put("tasks_until_dense", orNull(forecast.untilDense()))
        .put("tasks_until_no_free_weights", orNull(forecast.untilNoFree()));
    ArrayNode masks = json.putArray("mask_bits_per_weight");
    for (Footprint.Share share : capacity.bytes().perTask()) {
      if (share.masks() != null) {
        MaskBits bits = share.masks();
        masks
            .addObject()
            .put("task", share.task())
            .put("selected", bits.perWeight(bits.selected()))
            .put("stored", bits.perWeight(bits.coded()))
            .put("huffman", bits.perWeight(bits.huffman()))
            .put("bound_given_earlier", bits.perWeight(bits.given()))
            .put("bound_of_density", bits.perWeight(bits.density()));
      }
    }
  }

  private static Long orNull(OptionalLong value) {
    return value.isPresent() ? value.getAsLong() : null;
  }

  /** JSON has no NaN. */
  private static Double orNull(double value) {
    return Double.isNaN(value) ? null : value;
  }

  private static String print(ObjectNode json) {
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
    printer.indentObjectsWith(new DefaultIndenter("  ", "\n"));
    try {
      return MAPPER.writer(printer).writeValueAsString(json) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of plain values could not be written as JSON", e);
    }
  }
}
