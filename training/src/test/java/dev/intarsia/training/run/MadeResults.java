// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.MaskBits;
import dev.intarsia.training.metrics.Terms;
import dev.intarsia.training.metrics.Use;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Results with known figures, to test what is written of them. */
final class MadeResults {
  private MadeResults() {}

  /**
   * A result of {@code tasks} tasks, each learned to 0.75; with {@code loss}, every later task
   * takes that much from each earlier one.
   */
  static RunResult of(RunConfig config, int tasks, double loss) {
    AccuracyMatrix accuracy = new AccuracyMatrix(tasks);
    List<Footprint.Share> shares = new ArrayList<>();
    for (int row = 1; row <= tasks; row++) {
      for (int task = 0; task < row; task++) {
        accuracy.set(row, task, Math.max(0, 0.75 - loss * (row - 1 - task)));
      }
      Terms terms = new Terms(1000, 0, 100, 20, 3, 0);
      Use use = new Use(row == 1 ? 1000 : 0, 250, 300, 250 * 32, 300 * 32);
      MaskBits masks = new MaskBits(1000, 300, 800, 900, 810.5, 881.25);
      shares.add(new Footprint.Share(row - 1, terms, use, masks));
    }
    Footprint bytes = new Footprint(4000, shares);
    return new RunResult(
        config,
        "mlp",
        "cpu",
        "avx2",
        2,
        IntStream.range(0, tasks)
            .mapToObj(t -> new RunResult.TaskSummary("<task> & \"" + t + "\"", 2, 100, 50))
            .toList(),
        accuracy,
        bytes,
        new RunResult.Seconds(12.5, 0.5),
        "ab".repeat(32),
        "1.2.3",
        "abc1234");
  }

  static RunConfig config(String method) {
    return RunConfig.builder().method(method).setting("keep", 0.5).build();
  }
}
