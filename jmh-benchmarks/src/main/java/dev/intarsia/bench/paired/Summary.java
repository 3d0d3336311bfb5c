// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The rows of a run as a JSON array, one row on one line. */
final class Summary {
  private static final ObjectMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  private Summary() {}

  static void write(Path file, List<Row> rows) throws IOException {
    List<String> lines = new ArrayList<>();
    for (Row row : rows) {
      lines.add("  " + JSON.writeValueAsString(row));
    }
    Files.writeString(file, "[\n" + String.join(",\n", lines) + "\n]\n");
  }

  static List<Row> read(Path file) throws IOException {
    return List.of(JSON.readValue(file.toFile(), Row[].class));
  }

  /** Old, new and old / new of every row that both have; rows above 1 became faster. */
  static String compare(List<Row> old, List<Row> now) {
    Map<String, Row> before = new HashMap<>();
    old.forEach(row -> before.put(row.key(), row));
    StringBuilder out = new StringBuilder("%10s %10s %7s  row%n".formatted("old ms", "new ms", ""));
    for (Row row : now) {
      Row earlier = before.get(row.key());
      if (earlier != null) {
        out.append(
            String.format(
                Locale.ROOT,
                "%10.4f %10.4f %6.2fx  %s%n",
                earlier.ms(),
                row.ms(),
                earlier.ms() / row.ms(),
                row.key()));
      }
    }
    boolean common = now.stream().anyMatch(row -> before.containsKey(row.key()));
    return common
        ? out.toString()
        : "no row of the earlier summary has its like in this run%n".formatted();
  }
}
