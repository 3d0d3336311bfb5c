// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.MaskBits;
import dev.intarsia.training.metrics.Terms;
import dev.intarsia.training.metrics.Use;
import dev.intarsia.training.run.RunConfig;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressLinesTest {
  @Test
  void aLineEveryFiveSecondsAndOneForEachTask() {
    StringWriter text = new StringWriter();
    AtomicLong clock = new AtomicLong();
    ProgressLines lines = new ProgressLines(new PrintWriter(text), clock::get);
    lines.runStarted(RunConfig.builder().build(), 2, "cpu", "avx2", 1);
    lines.taskStarted(0, "ring/star", 2, 10);
    for (int step = 0; step < 10; step++) {
      clock.addAndGet(1_000_000_000L);
      lines.stepDone(0, 0, step, step == 2 ? 0.5 : Double.NaN);
    }
    AccuracyMatrix accuracy = new AccuracyMatrix(2);
    accuracy.set(1, 0, 0.75);
    Use use = new Use(512, 512, 512, 512 * 32, 512 * 32);
    MaskBits masks = new MaskBits(1000, 300, 812, 900, 810, 881);
    var share = new Footprint.Share(0, new Terms(2048, 0, 0, 0, 0, 0), use, masks);
    lines.taskLearned(0, accuracy, new Footprint(2048, List.of(share)));
    assertEquals(
        List.of(
            "wsn on shapes: 2 tasks, cpu (avx2), 1 thread, seed 1",
            "task 1/2 ring/star: epoch 1/2, step 5/10, loss 0.5000",
            "task 1/2 ring/star: epoch 1/2, step 10/10, loss 0.5000",
            "task 1/2 ring/star learned: accuracy 75.0 %, average so far 75.0 %, 2.0 KiB,"
                + " masks 0.812 bits a weight (entropy given earlier ones 0.810), 10.0 s"),
        text.toString().lines().toList());
  }
}
