// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.parity.Implementations;
import dev.intarsia.parity.KernelParityTest;
import java.lang.reflect.Constructor;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every stem of the registry has all of its files, and no file is without a stem. */
class RegistrySymmetryTest {
  private static final Pattern ENTRY = Pattern.compile("ITA_OP\\((\\w+), (\\w+)\\)");
  private static final Pattern PROTOTYPE =
      Pattern.compile(
          "ita_status\\s+ita_(\\w+)\\(ita_context\\* ctx,\\s+const ita_(\\w+)\\* op\\)");
  private static final Pattern REFERENCE = Pattern.compile("entry\\(\\s*\"(\\w+)\"");
  private static final Pattern DIRECTION =
      Pattern.compile("_(forward|backward(_data|_weights)?|apply|fold|select|step|pack|unpack)");

  // An op that a library carries, not a kernel of ours.
  private static final String COMPOSED = "dense_linear";
  private static final String BINDINGS = "java-bindings/src/main/java/dev/intarsia/";
  private static final String PARITY = "tests/src/test/java/dev/intarsia/parity/";
  private static final String BENCH = "jmh-benchmarks/src/main/java/dev/intarsia/bench/";

  /** Entry to stem, in the order of the registry. */
  private static Map<String, String> registry() {
    Map<String, String> registry = new LinkedHashMap<>();
    for (String line : Implementations.house("ops.inc")) {
      Matcher matcher = ENTRY.matcher(line);
      if (matcher.matches()) {
        registry.put(matcher.group(1), matcher.group(2));
      }
    }
    assertFalse(registry.isEmpty());
    return registry;
  }

  static Stream<String> stems() {
    return registry().values().stream().distinct();
  }

  /** {@code masked_conv2d} is {@code MaskedConv2d} in Java. */
  private static String camel(String stem) {
    return Stream.of(stem.split("_"))
        .map(word -> Character.toUpperCase(word.charAt(0)) + word.substring(1))
        .collect(Collectors.joining());
  }

  private static List<String> missingOnCuda() {
    return Implementations.house("missing.txt").stream()
        .filter(line -> !line.isBlank() && !line.startsWith("#"))
        .toList();
  }

  private static void assertExists(String file) {
    assertTrue(Files.exists(Checkout.root().resolve(file)), file + " is missing");
  }

  @ParameterizedTest
  @MethodSource("stems")
  void stemHasItsFiles(String stem) {
    String name = camel(stem);
    assertExists("kernels-cpu/src/" + stem + ".cpp");
    assertExists(BINDINGS + "ops/" + name + ".java");
    assertExists(BINDINGS + "reference/" + name + "Reference.java");
    assertExists(PARITY + name + "ParityTest.java");
    assertExists(BENCH + name + "Benchmark.java");
    assertExists("docs/ops/" + stem + ".md");
    boolean onCuda = Files.exists(Checkout.root().resolve("kernels-cuda/src/" + stem + ".cu"));
    assertTrue(
        onCuda != missingOnCuda().contains(stem),
        stem + " needs kernels-cuda/src/" + stem + ".cu or a line in missing.txt, not both");
  }

  @ParameterizedTest
  @MethodSource("stems")
  void entriesAreNamedAfterStemAndDirection(String stem) {
    registry()
        .forEach(
            (entry, owner) -> {
              if (owner.equals(stem)) {
                assertTrue(entry.startsWith(stem), entry);
                assertTrue(DIRECTION.matcher(entry.substring(stem.length())).matches(), entry);
              }
            });
  }

  /** A parity test for every entry of the stem, and for nothing else. */
  @ParameterizedTest
  @MethodSource("stems")
  void parityTestCoversEveryEntry(String stem) throws Exception {
    Class<?> type = Class.forName("dev.intarsia.parity." + camel(stem) + "ParityTest");
    Constructor<?> constructor = type.getDeclaredConstructor();
    constructor.setAccessible(true);
    KernelParityTest<?> test = (KernelParityTest<?>) constructor.newInstance();
    assertEquals(stem, test.stem());
    Set<String> tested =
        test.entries().stream()
            .map(KernelParityTest.Entry::name)
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> registered = new TreeSet<>();
    registry()
        .forEach(
            (entry, owner) -> {
              if (owner.equals(stem)) {
                registered.add(entry);
              }
            });
    assertEquals(registered, tested);
  }

  private static void assertStems(
      String folder, String suffix, Function<String, String> strip, String... others) {
    Set<String> known = stems().map(RegistrySymmetryTest::camel).collect(Collectors.toSet());
    known.addAll(Set.of(others));
    Checkout.files(folder, suffix)
        .forEach(
            file ->
                assertTrue(
                    known.contains(strip.apply(Checkout.stem(file))),
                    file + " belongs to no stem of ops.inc"));
  }

  @Test
  void noFileIsWithoutAStem() {
    String composed = camel(COMPOSED);
    Function<String, String> same = name -> name;
    assertStems("kernels-cpu/src", ".cpp", RegistrySymmetryTest::camel, "Table");
    assertStems("kernels-cuda/src", ".cu", RegistrySymmetryTest::camel, "Table");
    assertStems("docs/ops", ".md", RegistrySymmetryTest::camel, composed, "README", "Index");
    String[] shared = {composed, "Operation", "GradientEpilogue", "CodedWeights", "package-info"};
    assertStems(BINDINGS + "ops", ".java", same, shared);
    assertStems(BINDINGS + "reference", "Reference.java", name -> cut(name, "Reference"));
    assertStems(PARITY, "ParityTest.java", name -> cut(name, "ParityTest"), "Kernel", composed);
  }

  private static String cut(String name, String suffix) {
    return name.substring(0, name.length() - suffix.length());
  }

  @Test
  void missingListIsInTheOrderOfTheRegistry() {
    List<String> missing = missingOnCuda();
    assertEquals(stems().filter(missing::contains).toList(), missing);
  }

  @Test
  void headerDeclaresTheRegistry() {
    Map<String, String> declared = new LinkedHashMap<>();
    Matcher matcher = PROTOTYPE.matcher(Checkout.text("native/include/intarsia/intarsia.h"));
    while (matcher.find()) {
      declared.put(matcher.group(1), matcher.group(2));
    }
    assertEquals(registry(), declared);
    assertEquals(List.copyOf(registry().keySet()), List.copyOf(declared.keySet()), "the order");
  }

  @Test
  void referenceTableMirrorsTheRegistry() {
    List<String> entries =
        REFERENCE
            .matcher(Checkout.text(BINDINGS + "internal/ReferenceTable.java"))
            .results()
            .map(match -> match.group(1))
            .toList();
    assertEquals(List.copyOf(registry().keySet()), entries);
  }
}
