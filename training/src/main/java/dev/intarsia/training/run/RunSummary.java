// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.intarsia.training.metrics.AccuracyMatrix;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What {@code results.json} says of one run, as far as runs are compared by it.
 *
 * @param config the configuration, defaults filled in
 * @param model the net
 * @param machine backend, instruction set and threads, such as {@code cpu, avx2, 2 threads}
 * @param tasks names of the tasks
 * @param accuracy accuracies {@code R[T+1][T]}
 * @param terms stored bytes by what they are for, in the order of the tables
 * @param bytes stored bytes, all terms
 * @param dense bytes of one dense net
 * @param seconds learning and examining
 * @param weightsSha256 digest of all that answers
 * @param commit commit of the program that ran it
 */
public record RunSummary(
    RunConfig config,
    String model,
    String machine,
    List<String> tasks,
    AccuracyMatrix accuracy,
    Map<String, Long> terms,
    long bytes,
    long dense,
    double seconds,
    String weightsSha256,
    String commit) {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** Copies the tasks. */
  public RunSummary {
    tasks = List.copyOf(tasks);
  }

  /**
   * Reads a file that {@link ResultsJson} wrote.
   *
   * @throws IOException if it cannot be read
   * @throws IllegalArgumentException if it is not such a file
   */
  public static RunSummary read(Path file) throws IOException {
    return of(file.toString(), Files.readString(file));
  }

  /**
   * The summary of a text of {@code results.json}; {@code source} opens the sentence of an error.
   */
  static RunSummary of(String source, String text) {
    try {
      JsonNode json = MAPPER.readTree(text);
      List<String> tasks = new ArrayList<>();
      at(json, "tasks").forEach(task -> tasks.add(at(task, "name").asText()));
      JsonNode bytes = at(json, "bytes");
      Map<String, Long> terms = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> term : bytes.properties()) {
        if (term.getValue().isIntegralNumber()) {
          terms.put(term.getKey(), term.getValue().asLong());
        }
      }
      long total = at(bytes, "total").asLong();
      long dense = at(bytes, "dense").asLong();
      terms.keySet().removeAll(List.of("total", "dense"));
      JsonNode seconds = at(json, "seconds");
      return new RunSummary(
          RunConfig.builder()
              .setAll(source, MAPPER.convertValue(at(json, "config"), Map.class))
              .build(),
          at(json, "model").asText(),
          machine(json),
          tasks,
          matrix(at(json, "accuracy_matrix"), tasks.size()),
          terms,
          total,
          dense,
          at(seconds, "train").asDouble() + at(seconds, "eval").asDouble(),
          at(json, "weights_sha256").asText(),
          at(json, "commit").asText());
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(source + " is not JSON: " + e.getOriginalMessage(), e);
    }
  }

  private static JsonNode at(JsonNode json, String key) {
    JsonNode value = json.get(key);
    if (value == null) {
      throw new IllegalArgumentException("results without '" + key + "'; run it again");
    }
    return value;
  }

  private static String machine(JsonNode json) {
    int threads = at(json, "threads").asInt();
    return at(json, "backend").asText()
        + ", "
        + at(json, "isa").asText()
        + ", "
        + threads
        + (threads == 1 ? " thread" : " threads");
  }

  private static AccuracyMatrix matrix(JsonNode rows, int tasks) {
    AccuracyMatrix accuracy = new AccuracyMatrix(tasks);
    for (int row = 0; row <= tasks; row++) {
      for (int task = 0; task < tasks; task++) {
        JsonNode cell = rows.path(row).path(task);
        accuracy.set(row, task, cell.isNumber() ? cell.asDouble() : Double.NaN);
      }
    }
    return accuracy;
  }

  /**
   * Whether this run is what a configuration asks for: every key but where results go is equal.
   *
   * @param asked with model and knobs filled in
   */
  public boolean answers(RunConfig asked) {
    return deciding(config).equals(deciding(asked));
  }

  /** The first key in which this run is not what a configuration asks for, with both values. */
  public String difference(RunConfig asked) {
    Map<String, Object> here = deciding(config);
    Map<String, Object> there = deciding(asked);
    for (String key : union(here, there)) {
      if (!Objects.equals(here.get(key), there.get(key))) {
        return key + " " + here.get(key) + " instead of " + there.get(key);
      }
    }
    return "none";
  }

  private static Set<String> union(Map<String, Object> a, Map<String, Object> b) {
    Set<String> keys = new TreeSet<>(a.keySet());
    keys.addAll(b.keySet());
    return keys;
  }

  private static Map<String, Object> deciding(RunConfig config) {
    Map<String, Object> map = new TreeMap<>();
    config.toMap().forEach((key, value) -> map.put(key, comparable(value)));
    map.keySet().removeAll(List.of("out", "overwrite", "settings"));
    config
        .settings()
        .forEach((knob, value) -> map.put(RunConfig.SETTINGS_PREFIX + knob, comparable(value)));
    return map;
  }

  /** 1 and 1.0 are the same setting. */
  private static Object comparable(Object value) {
    return value instanceof Number number
        ? new BigDecimal(number.toString()).stripTrailingZeros().toPlainString()
        : String.valueOf(value);
  }
}
