// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The rounds in the shape of JMH's JSON results, for the tools that draw those: one benchmark per
 * stem and direction, everything else is a parameter, one raw value per round.
 */
final class JmhJson {
  private static final double CONFIDENCE = 0.9;

  private JmhJson() {}

  static void write(Path file, List<Timed> all) throws IOException {
    List<Object> results = new ArrayList<>();
    for (Timed timed : all) {
      results.add(result(timed.row(), timed.seconds()));
    }
    new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), results);
  }

  private static Map<String, Object> result(Row row, double[] seconds) {
    Map<String, Object> params = new LinkedHashMap<>();
    params.put("problem", row.problem());
    params.put("batch", String.valueOf(row.batch()));
    params.put("structure", row.structure());
    params.put("density", String.valueOf(row.density()));
    params.put("isa", row.isa());
    params.put("implementation", row.implementation());
    List<Double> milliseconds = new ArrayList<>();
    for (double value : seconds) {
      milliseconds.add(value * 1e3);
    }
    Map<String, Object> metric = new LinkedHashMap<>();
    metric.put("score", row.ms());
    metric.put("scoreError", (row.msHigh() - row.msLow()) / 2);
    metric.put("scoreConfidence", List.of(row.msLow(), row.msHigh()));
    metric.put("scorePercentiles", Map.of("50.0", row.ms()));
    metric.put("scoreUnit", "ms/op");
    metric.put("rawData", List.of(milliseconds));
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("benchmark", "dev.intarsia.bench.paired." + row.benchmark() + "." + row.direction());
    result.put("mode", "avgt");
    result.put("threads", row.threads());
    result.put("forks", 1);
    result.put("jvm", System.getProperty("java.vm.name"));
    result.put("jdkVersion", Runtime.version().toString());
    result.put("measurementIterations", seconds.length);
    result.put("confidence", CONFIDENCE);
    result.put("params", params);
    result.put("primaryMetric", metric);
    result.put("secondaryMetrics", Map.of());
    return result;
  }
}
