// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.fail;

import dev.intarsia.Context;
import dev.intarsia.Isa;
import dev.intarsia.parity.Implementation.Kind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;

/**
 * The implementations under test. One that is absent is skipped with its reason, test by test, so
 * that it is counted; {@code INTARSIA_REQUIRE_CUDA=1} makes an absent GPU a failure.
 */
public final class Implementations {
  private static final boolean CUDA_REQUIRED = "1".equals(System.getenv("INTARSIA_REQUIRE_CUDA"));
  private static final Set<String> MISSING_ON_CUDA = missingOnCuda();
  private static final Map<Implementation, Context> CONTEXTS = new LinkedHashMap<>();

  private Implementations() {}

  /** Every implementation that is compared to the reference. */
  public static List<Implementation> all() {
    List<Implementation> all = new ArrayList<>();
    for (int threads = 1; threads <= 2; threads++) {
      for (Isa isa : List.of(Isa.SCALAR, Isa.AVX2, Isa.AVX512)) {
        all.add(new Implementation(Kind.CPU, isa, threads));
      }
    }
    all.add(new Implementation(Kind.CUDA, null, 1));
    return all;
  }

  /** One per instruction set, and CUDA: where the number of threads does not matter. */
  public static List<Implementation> distinct() {
    return all().stream().filter(implementation -> implementation.threads() == 1).toList();
  }

  /** The definitions. */
  public static Implementation reference() {
    return new Implementation(Kind.REFERENCE, null, 1);
  }

  /** Ends the test as skipped if this machine, or this backend, lacks what it takes. */
  public static void assume(Implementation implementation, String... stems) {
    String absence = implementation.absence();
    if (absence != null && implementation.kind() == Kind.CUDA && CUDA_REQUIRED) {
      fail("INTARSIA_REQUIRE_CUDA is 1, but cuda is unavailable: " + absence);
    }
    Assumptions.assumeTrue(absence == null, () -> implementation + " is unavailable: " + absence);
    for (String stem : stems) {
      Assumptions.assumeFalse(
          implementation.kind() == Kind.CUDA && MISSING_ON_CUDA.contains(stem),
          () -> stem + " stands in kernels-cuda/missing.txt");
    }
  }

  /** A context that all tests of this JVM share; a context per test would cost its threads. */
  public static synchronized Context context(Implementation implementation) {
    return CONTEXTS.computeIfAbsent(implementation, Implementation::open);
  }

  private static Set<String> missingOnCuda() {
    return house("missing.txt").stream()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Lines of a list that travels with the tests: {@code ops.inc} or {@code missing.txt}. */
  public static List<String> house(String name) {
    try (InputStream in = Implementations.class.getResourceAsStream("/house/" + name)) {
      if (in == null) {
        throw new IllegalStateException("the test resource house/" + name + " is missing");
      }
      return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
