// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** What no compiler checks in the sources. */
class SourcesTest {
  private static final Pattern TEXT =
      Pattern.compile(".*\\.(java|c|h|cpp|cu|cuh|inc|txt|xml|md|css|properties|yaml|map)");
  private static final Pattern LICENSED = Pattern.compile(".*\\.(java|h|cpp|cu|cuh|inc)");
  private static final int MOST_SECONDS = 60;

  /** ISA to its mangled name, which every symbol has that the linker may merge. */
  private static final Map<String, String> NAMESPACES =
      Map.of("scalar", "6scalar", "avx2", "4avx2", "avx512", "6avx512");

  private record Output(int code, String text) {}

  /** Runs a tool, or ends the test as skipped where there is none. */
  private static Output tool(List<String> command) throws Exception {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      Assumptions.abort("no " + command.get(0) + " on this machine");
      throw e;
    }
    String text = new String(process.getInputStream().readAllBytes());
    if (!process.waitFor(MOST_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
    return new Output(process.exitValue(), text);
  }

  @Test
  void headerIsC11() throws Exception {
    Path header = Checkout.root().resolve("native/include/intarsia/intarsia.h");
    Output output =
        tool(
            List.of(
                "gcc",
                "-std=c11",
                "-pedantic",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-fsyntax-only",
                "-x",
                "c",
                header.toString()));
    assertEquals(0, output.code(), output.text());
  }

  /** The linker keeps one copy of a weak symbol: it must not be one that other machines run. */
  @Test
  void symbolsTheLinkerMergesNameTheirInstructionSet() throws Exception {
    Path target = Checkout.root().resolve("kernels-cpu/target");
    List<String> breaches = new ArrayList<>();
    int objects = 0;
    for (String isa : NAMESPACES.keySet()) {
      for (Path object : objects(target, isa)) {
        objects++;
        for (String line :
            tool(List.of("nm", "--defined-only", object.toString())).text().lines().toList()) {
          String[] words = line.split(" ");
          boolean merged = words.length == 3 && "WVu".contains(words[1]);
          if (merged && !words[2].contains(NAMESPACES.get(isa))) {
            breaches.add(object.getFileName() + ": " + words[2]);
          }
        }
      }
    }
    Assumptions.assumeTrue(objects > 0, "no object files under " + target);
    assertEquals(List.of(), breaches);
  }

  private static List<Path> objects(Path target, String isa) throws IOException {
    if (!Files.isDirectory(target)) {
      return List.of();
    }
    try (Stream<Path> paths = Files.walk(target)) {
      return paths
          .filter(path -> path.toString().contains("intarsia_" + isa + ".dir"))
          .filter(path -> path.toString().endsWith(".o"))
          .toList();
    }
  }

  private static List<Path> sources() {
    List<Path> sources = Checkout.files("", path -> TEXT.matcher(path.toString()).matches());
    assertFalse(sources.isEmpty());
    return sources;
  }

  @Test
  void linesAreClean() {
    List<String> breaches = new ArrayList<>();
    for (Path file : sources()) {
      String text = Checkout.text(file);
      if (!text.isEmpty() && !text.endsWith("\n")) {
        breaches.add(file + ": no newline at its end");
      }
      if (Pattern.compile("[ \\t]\\r?\\n").matcher(text).find()) {
        breaches.add(file + ": a line ends in blanks");
      }
      if (text.indexOf('\t') >= 0 || text.indexOf('\r') >= 0) {
        breaches.add(file + ": a tab or a carriage return");
      }
      if (!text.chars().allMatch(c -> c < 128)) {
        breaches.add(file + ": a character that is not ASCII");
      }
    }
    assertEquals(List.of(), breaches);
  }

  @Test
  void sourcesBeginWithTheirLicence() {
    List<String> breaches = new ArrayList<>();
    for (Path file : sources()) {
      if (LICENSED.matcher(file.toString()).matches()
          && !Checkout.text(file)
              .lines()
              .findFirst()
              .orElse("")
              .contains("SPDX-License-Identifier: Apache-2.0")) {
        breaches.add(file.toString());
      }
    }
    assertEquals(List.of(), breaches);
  }
}
