// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ReferenceTableTest {
  @Test
  void itMirrorsTheRegistry() throws IOException {
    Matcher line =
        Pattern.compile("(?m)^ITA_OP\\((\\w+), \\w+\\)")
            .matcher(Files.readString(Path.of("../native/src/ops.inc")));
    Set<String> names = new TreeSet<>();
    while (line.find()) {
      names.add(line.group(1));
    }
    assertEquals(names, new TreeSet<>(ReferenceTable.names()));
  }
}
