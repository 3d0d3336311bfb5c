// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.errors;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.intarsia.ChildJvm;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * In a process of its own: without care the fault ends it, or surfaces in code that is innocent.
 */
class ShortenedPackTest {
  @TempDir private Path folder;

  @Test
  void aMappedFileThatIsCutEndsInASentence() throws Exception {
    ChildJvm.Outcome outcome =
        ChildJvm.run(Map.of(), List.of("-Xmx256m"), ShortenedPack.class, folder.toString());
    assertEquals(0, outcome.code(), outcome.err());
    assertEquals(ShortenedPack.ROUNDS, Integer.parseInt(outcome.out().strip()));
  }
}
