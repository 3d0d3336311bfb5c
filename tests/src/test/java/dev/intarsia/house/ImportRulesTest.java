// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Who may know whom. Each test is one of the nevers of the architecture. */
class ImportRulesTest {
  private static final String BINDINGS = "java-bindings/src/main/java/dev/intarsia/";
  private static final String TRAINING = "training/src/main/java/dev/intarsia/training/";
  private static final Pattern IMPORT =
      Pattern.compile("(?m)^import (?:static )?([\\w.]+(?:\\.\\*)?);");
  private static final Pattern INCLUDE =
      Pattern.compile("(?m)^\\s*#\\s*include\\s+([<\"][^>\"]+[>\"])");

  private static List<String> found(Pattern pattern, Path file) {
    return pattern.matcher(Checkout.text(file)).results().map(match(1)).toList();
  }

  private static Function<MatchResult, String> match(int group) {
    return result -> result.group(group);
  }

  /** Fails with every import, in any Java file of a folder, that a rule forbids. */
  private static void forbidImports(String folder, Predicate<String> forbidden) {
    List<Path> files = Checkout.files(folder, ".java");
    assertFalse(files.isEmpty(), folder + " has no Java file");
    List<String> breaches = new ArrayList<>();
    for (Path file : files) {
      found(IMPORT, file).stream()
          .filter(forbidden)
          .forEach(name -> breaches.add(file.getFileName() + " imports " + name));
    }
    assertEquals(List.of(), breaches);
  }

  private static void forbidIncludes(String folder, Predicate<String> forbidden) {
    List<String> breaches = new ArrayList<>();
    for (Path file :
        Checkout.files(folder, path -> path.toString().matches(".*\\.(c|h|cpp|cu|cuh)"))) {
      found(INCLUDE, file).stream()
          .filter(forbidden)
          .forEach(name -> breaches.add(file.getFileName() + " includes " + name));
    }
    assertEquals(List.of(), breaches);
  }

  @Test
  void nativeCodeNeverSeesJava() {
    for (String folder : List.of("native", "kernels-cpu/src", "kernels-cuda/src")) {
      forbidIncludes(folder, name -> name.contains("jni"));
    }
  }

  @Test
  void kernelFoldersNeverIncludeEachOther() {
    forbidIncludes("kernels-cpu/src", name -> name.contains("cuda") || name.contains(".cuh"));
    forbidIncludes(
        "kernels-cuda/src", name -> name.contains("simd") || name.contains("kernels-cpu"));
    forbidIncludes("native", name -> name.contains("kernels-"));
  }

  @Test
  void libintarsiaNeverLinksCuda() {
    assertFalse(
        Pattern.compile("(?i)cudart|cublas|find_package\\(CUDA")
            .matcher(Checkout.text("kernels-cpu/CMakeLists.txt"))
            .find());
  }

  /** An inline function of a standard header could be kept in its AVX-512 copy by the linker. */
  @Test
  void kernelsIncludeNoStandardHeaderWithInlineFunctions() {
    List<String> allowed =
        List.of("<stdint.h>", "<stddef.h>", "<string.h>", "<immintrin.h>", "<arm_neon.h>");
    forbidIncludes("kernels-cpu/src", name -> name.startsWith("<") && !allowed.contains(name));
  }

  @Test
  void onlyBindingsImportJavaCppAndInternals() {
    Predicate<String> forbidden =
        name -> name.startsWith("org.bytedeco.") || name.startsWith("dev.intarsia.internal.");
    forbidImports("training/src", forbidden);
    forbidImports("tests/src", forbidden);
    // OpenBLAS is the peer of the plain build; src/peers exists to call other libraries.
    forbidImports(
        "jmh-benchmarks/src/main",
        forbidden.and(name -> !name.startsWith("org.bytedeco.openblas.global.openblas")));
  }

  @Test
  void referenceImportsShapesOnly() {
    Pattern allowed =
        Pattern.compile(
            "java\\..*|dev\\.intarsia\\.(\\w+Shape|CounterRandom|SoftMaskMode|Surrogate|Ties|Layout)");
    forbidImports(BINDINGS + "reference", name -> !allowed.matcher(name).matches());
  }

  @Test
  void opsNeverImportTheReference() {
    forbidImports(BINDINGS + "ops", name -> name.startsWith("dev.intarsia.reference"));
  }

  @Test
  void bindingsNeverImportTraining() {
    forbidImports("java-bindings/src/main", name -> name.startsWith("dev.intarsia.training"));
  }

  @Test
  void layersAndTrainerNeverNameAMethod() {
    forbidImports(TRAINING + "nn", name -> name.contains(".training.methods"));
    forbidImports(TRAINING + "optim", name -> name.contains(".training.methods"));
    Path trainer = Checkout.root().resolve(TRAINING + "Trainer.java");
    assertEquals(
        List.of(), found(IMPORT, trainer).stream().filter(n -> n.contains(".methods")).toList());
    for (String method : methodClasses()) {
      assertFalse(
          Pattern.compile("\\b" + method + "\\b").matcher(Checkout.code(trainer)).find(),
          "Trainer names " + method);
    }
  }

  @Test
  void methodsNeverNameEachOther() {
    List<String> methods = methodClasses();
    assertFalse(methods.size() < 4, () -> "only " + methods + " implement Method");
    List<String> breaches = new ArrayList<>();
    for (String method : methods) {
      String code =
          Checkout.code(Checkout.root().resolve(TRAINING + "methods/" + method + ".java"));
      for (String other : methods) {
        if (!other.equals(method) && Pattern.compile("\\b" + other + "\\b").matcher(code).find()) {
          breaches.add(method + " names " + other);
        }
      }
    }
    assertEquals(List.of(), breaches);
  }

  private static List<String> methodClasses() {
    return Checkout.files(TRAINING + "methods", ".java").stream()
        .filter(file -> Checkout.code(file).contains("implements Method"))
        .map(Checkout::stem)
        .toList();
  }

  @Test
  void mainCodeNeverKnowsTestsOrBenchmarks() {
    Predicate<String> forbidden =
        name ->
            name.startsWith("org.junit")
                || name.startsWith("org.openjdk.jmh")
                || name.startsWith("dev.intarsia.bench")
                || name.startsWith("dev.intarsia.parity");
    forbidImports("java-bindings/src/main", forbidden);
    forbidImports("training/src/main", forbidden);
  }
}
