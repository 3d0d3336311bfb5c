// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Backends;
import dev.intarsia.ChildJvm;
import dev.intarsia.Context;
import dev.intarsia.Isa;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The instruction set that was asked for is the one that runs, or there is an error. */
class DispatchTest {
  private static final String VARIABLE = "INTARSIA_ISA";

  @BeforeAll
  static void requireNatives() {
    Assumptions.assumeTrue(Backends.cpu().available(), Backends.cpu().reason());
  }

  private static ChildJvm.Outcome withVariable(String value) throws Exception {
    Map<String, String> environment = new HashMap<>();
    environment.put(VARIABLE, value);
    return ChildJvm.run(environment, List.of("-Xmx64m"), IsaOfContext.class);
  }

  @ParameterizedTest
  @EnumSource(value = Isa.class, mode = EnumSource.Mode.EXCLUDE, names = "AUTO")
  void contextRunsWhatItWasGiven(Isa isa) {
    if (isa.available()) {
      try (Context context = Context.cpu(isa, 1)) {
        assertEquals(isa.word(), context.isa());
        assertEquals("cpu", context.backend());
      }
    } else {
      RuntimeException refused =
          assertThrows(RuntimeException.class, () -> Context.cpu(isa, 1).close());
      assertTrue(refused.getMessage().contains(isa.word()), refused.getMessage());
    }
  }

  @ParameterizedTest
  @EnumSource(value = Isa.class, mode = EnumSource.Mode.EXCLUDE, names = "AUTO")
  void variableForcesATierOrFails(Isa isa) throws Exception {
    ChildJvm.Outcome outcome = withVariable(isa.word());
    if (isa.available()) {
      assertEquals(0, outcome.code(), outcome.err());
      assertEquals(isa.word(), outcome.out());
    } else {
      assertNotEquals(0, outcome.code());
      assertTrue(outcome.err().contains(isa.word()), outcome.err());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"avx1024", "AVX2", "neon", " "})
  void unknownWordFailsAndNamesTheKnownOnes(String word) throws Exception {
    ChildJvm.Outcome outcome = withVariable(word);
    assertNotEquals(0, outcome.code());
    assertEquals("", outcome.out());
    assertTrue(outcome.err().contains(VARIABLE), outcome.err());
    assertTrue(outcome.err().contains('"' + word + '"'), outcome.err());
    for (String known : List.of("scalar", "avx2", "avx512")) {
      assertTrue(outcome.err().contains(known), outcome.err());
    }
  }

  @Test
  void withoutVariableTheBestAvailableRuns() throws Exception {
    String best = Isa.AVX512.available() ? "avx512" : Isa.AVX2.available() ? "avx2" : "scalar";
    assertEquals(best, withVariable(null).out());
  }

  /** What a caller names goes before the environment, even one that cannot be honoured. */
  @Test
  void callerGoesBeforeTheEnvironment() throws Exception {
    ChildJvm.Outcome outcome =
        ChildJvm.run(
            Map.of(VARIABLE, "avx2"), List.of("-Xmx64m"), IsaOfContext.class, Isa.SCALAR.name());
    assertEquals("scalar", outcome.out(), outcome.err());
  }
}
