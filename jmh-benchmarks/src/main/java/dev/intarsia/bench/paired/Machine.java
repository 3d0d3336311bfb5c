// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Where a run took place.
 *
 * @param processor as the system names it
 * @param isa instruction set that all were held to
 * @param threads CPU threads of each contender
 * @param gflops multiply-add probe, one thread
 * @param gbytes triad probe, all threads
 * @param libraries names and versions
 */
record Machine(
    String processor,
    String isa,
    int threads,
    double gflops,
    double gbytes,
    List<String> libraries) {
  private static final Path CPUINFO = Path.of("/proc/cpuinfo");
  private static final int PROBES = 21;

  static Machine here(Library.Settings settings, Roofline roofline, List<Library> libraries) {
    double[] probes = new double[PROBES];
    for (int i = 0; i < PROBES; i++) {
      probes[i] = roofline.gflops();
    }
    return new Machine(
        processorName(),
        settings.isa(),
        settings.threads(),
        Spread.of(probes).median(),
        roofline.gbytes(),
        libraries.stream().map(Library::version).toList());
  }

  private static String processorName() {
    try {
      return Files.readAllLines(CPUINFO).stream()
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(System.getProperty("os.arch"));
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
  }

  /** For people. */
  String lines() {
    return String.format(
        Locale.ROOT,
        "%s, %d processors, JDK %s%n%s, %d thread(s); multiply-add %.0f GFLOP/s a thread,"
            + " triad %.1f GB/s%n%s",
        processor,
        Runtime.getRuntime().availableProcessors(),
        Runtime.version(),
        isa,
        threads,
        gflops,
        gbytes,
        String.join(", ", libraries));
  }
}
