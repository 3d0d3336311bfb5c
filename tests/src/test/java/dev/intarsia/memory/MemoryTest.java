// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Backends;
import dev.intarsia.ChildJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Memory as the operating system sees it, in a JVM whose heap is touched as a whole at its start
 * and cannot grow: what moves is native.
 */
class MemoryTest {
  private static final List<String> FIXED_HEAP =
      List.of("-Xms96m", "-Xmx96m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC", "-Xint");

  // The C library would keep an arena per thread, each with slack of its own.
  private static final Map<String, String> ONE_ARENA = Map.of("MALLOC_ARENA_MAX", "1");

  // A leak of one small activation a step would be some 4 KB; the JIT's own growth is far below.
  private static final double MOST_BYTES_PER_STEP = 512;
  private static final double MOST_LEFT_BYTES = 16 << 20;

  @BeforeAll
  static void requireNativesAndProc() {
    Assumptions.assumeTrue(Backends.cpu().available(), Backends.cpu().reason());
    Assumptions.assumeTrue(
        Files.isReadable(Path.of("/proc/self/statm")), "no /proc/self/statm on this system");
  }

  private static Map<String, Double> run(String what) throws Exception {
    ChildJvm.Outcome outcome = ChildJvm.run(ONE_ARENA, FIXED_HEAP, MemoryRun.class, what);
    assertEquals(0, outcome.code(), outcome.err());
    Map<String, Double> values = new HashMap<>();
    for (String line : outcome.out().lines().toList()) {
      String[] pair = line.split("=");
      values.put(pair[0], Double.valueOf(pair[1]));
    }
    return values;
  }

  @Test
  void twoThousandStepsLeaveMemoryFlat() throws Exception {
    Map<String, Double> values = run("steps");
    double slope = values.get("slope_bytes_per_step");
    System.out.printf(
        "resident memory over %.0f training steps: %.1f bytes a step (%.1f MB, then %.1f MB)%n",
        values.get("steps"),
        slope,
        values.get("first_resident") / 1e6,
        values.get("last_resident") / 1e6);
    assertEquals(MemoryRun.STEPS, values.get("steps"));
    assertTrue(slope < MOST_BYTES_PER_STEP, "grows by " + slope + " bytes a step");
    assertEquals(
        values.get("allocations_after_first_step"),
        values.get("allocations_after_last_step"),
        "the native core asked the system for memory after the first step");
  }

  @Test
  void closingAContextFreesAllOfIt() throws Exception {
    Map<String, Double> values = run("contexts");
    double tensor = MemoryRun.TENSOR_BYTES;
    assertTrue(values.get("used_in_round") >= tensor);
    assertEquals(0, values.get("used_after_close"));
    double peak = values.get("resident_most") - values.get("resident_before");
    assertTrue(peak > tensor / 2, "the tensor was never resident: " + peak);
    assertTrue(peak < tensor * 1.5, "contexts that were closed are still resident: " + peak);
    double left = values.get("resident_after") - values.get("resident_before");
    assertTrue(left < MOST_LEFT_BYTES, left + " bytes are left");
  }
}
