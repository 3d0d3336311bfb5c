// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.Terms;
import dev.intarsia.training.metrics.Use;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunResult;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResultTableTest {
  private static RunResult result(String method, Terms terms, long owned) {
    AccuracyMatrix accuracy = new AccuracyMatrix(1);
    accuracy.set(1, 0, 0.75);
    Use use = new Use(1000, owned, owned, 32.0 * owned, 32.0 * owned);
    return new RunResult(
        RunConfig.builder().method(method).build(),
        "mlp",
        "cpu",
        "avx2",
        1,
        List.of(new RunResult.TaskSummary("task", 2, 100, 50)),
        accuracy,
        new Footprint(4096, List.of(new Footprint.Share(0, terms, use, null))),
        new RunResult.Seconds(1, 0.5),
        "ab".repeat(32),
        "1",
        "abc");
  }

  @Test
  void capacityFollowsTermByTermWithoutTheTermsThatNobodyHas() {
    StringWriter text = new StringWriter();
    PrintWriter out = new PrintWriter(text, true);
    ResultTable.print(
        out,
        List.of(
            result("tsn", new Terms(512, 64, 128, 32, 0, 0), 400),
            result("joint", new Terms(4096, 0, 0, 32, 0, 0), 0)));
    assertEquals(
        """

        method   average accuracy   forgetting   storage     dense    time
        tsn               75.00 %            -     736 B   4.0 KiB   1.5 s
        joint             75.00 %            -   4.0 KiB   4.0 KiB   1.5 s

        Bytes by term in percent of one dense net; tasks that still fit at the last one's rate:
        method    weights   codebooks    masks    heads        sum   tasks to dense   to none free
        tsn       12.50 %      1.56 %   3.13 %   0.78 %    17.97 %                4              1
        joint    100.00 %      0.00 %   0.00 %   0.78 %   100.78 %                0              -

        """,
        text.toString());
  }
}
