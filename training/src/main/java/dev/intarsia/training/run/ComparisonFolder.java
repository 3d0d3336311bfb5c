// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.intarsia.training.metrics.Interval;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * The folder of a comparison: {@code compare.md}, {@code compare.csv}, {@code compare.json} and
 * {@code compare.html}, beside a folder for every run. Equal runs give equal bytes, apart from
 * seconds.
 */
public final class ComparisonFolder {
  /** Name of the page to look at. */
  public static final String PAGE = "compare.html";

  /** Name of the table as Markdown. */
  public static final String MARKDOWN = "compare.md";

  /** Name of the table as comma-separated values. */
  public static final String CSV = "compare.csv";

  /** Name of the file with every figure and the mean matrices. */
  public static final String JSON = "compare.json";

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private ComparisonFolder() {}

  /**
   * Makes the folder if need be; what is in it stays.
   *
   * @throws IllegalArgumentException if it is a file or cannot be written
   */
  public static void claim(Path out) {
    if (Files.exists(out) && !Files.isDirectory(out)) {
      throw new IllegalArgumentException(
          "--out " + out + " is a file, must be a folder; choose another");
    }
    try {
      Files.createDirectories(out);
      Files.delete(Files.createTempFile(out, ".", ".probe"));
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "--out " + out + " cannot be written (" + e.getMessage() + "); choose a folder you own",
          e);
    }
  }

  /** Writes the four files, each whole or not at all. */
  public static void write(Comparison comparison) throws IOException {
    Path out = comparison.plan().out();
    WholeFile.write(out.resolve(JSON), json(comparison));
    WholeFile.write(out.resolve(CSV), ComparisonText.csv(comparison));
    WholeFile.write(out.resolve(MARKDOWN), ComparisonText.markdown(comparison));
    WholeFile.write(out.resolve(PAGE), ComparisonPage.of(comparison));
  }

  /** The text of {@code compare.json}, lines ended by LF; {@code null} where nothing is claimed. */
  static String json(Comparison comparison) {
    ObjectNode json = MAPPER.createObjectNode();
    json.put("stream", comparison.plan().runs().get(0).stream());
    comparison.plan().seeds().forEach(json.putArray("seeds")::add);
    ArrayNode methods = json.putArray("methods");
    for (Comparison.OfMethod method : comparison.methods()) {
      methods.add(node(comparison, method));
    }
    ArrayNode failures = json.putArray("failures");
    for (Comparison.Failure failure : comparison.failures()) {
      failures
          .addObject()
          .put("method", failure.method())
          .put("seed", failure.seed())
          .put("sentence", failure.sentence());
    }
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
    printer.indentObjectsWith(new DefaultIndenter("  ", "\n"));
    try {
      return MAPPER.writer(printer).writeValueAsString(json) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of plain values could not be written as JSON", e);
    }
  }

  private static ObjectNode node(Comparison comparison, Comparison.OfMethod method) {
    ObjectNode node = MAPPER.createObjectNode();
    node.put("method", method.name()).put("on_front", comparison.isOnFront(method));
    for (Map.Entry<String, Interval> figure : ComparisonText.figures(method).entrySet()) {
      node.putObject(figure.getKey())
          .put("runs", figure.getValue().count())
          .put("mean", orNull(figure.getValue().mean()))
          .put("half_ci95", orNull(figure.getValue().half()));
    }
    ArrayNode rows = node.putArray("mean_accuracy_matrix");
    for (double[] row : method.meanMatrix().toRows()) {
      ArrayNode cells = rows.addArray();
      for (double value : row) {
        cells.add(orNull(value));
      }
    }
    ArrayNode runs = node.putArray("runs");
    for (RunSummary run : method.runs()) {
      ObjectNode one = runs.addObject();
      one.put("seed", run.config().seed())
          .put("folder", run.config().method() + "-" + run.config().seed())
          .put("average_accuracy", orNull(run.accuracy().averageAccuracy()))
          .put("forgetting", orNull(run.accuracy().forgetting()))
          .put("bytes", run.bytes());
      one.set("terms", MAPPER.valueToTree(run.terms()));
      one.put("dense", run.dense())
          .put("seconds", run.seconds())
          .put("weights_sha256", run.weightsSha256())
          .put("commit", run.commit());
    }
    return node;
  }

  private static Double orNull(double value) {
    return Double.isNaN(value) ? null : value;
  }
}
