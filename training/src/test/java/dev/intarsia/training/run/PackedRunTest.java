// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.intarsia.Context;
import dev.intarsia.training.Curriculum;
import dev.intarsia.training.Method;
import dev.intarsia.training.TinyNet;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.optim.Adam;
import dev.intarsia.training.pack.MadePacks;
import dev.intarsia.training.pack.PackFile;
import dev.intarsia.training.pack.PackedModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run of a method that packs leaves a pack, which is whole after each task. */
class PackedRunTest {
  @TempDir private Path parent;

  /** Learns nothing and packs made tasks, or does not pack. */
  private static final class Made implements Method {
    private final Network net;
    private final PackedModel model;

    Made(Network net, PackedModel model) {
      this.net = net;
      this.model = model;
    }

    @Override
    public String name() {
      return "made";
    }

    @Override
    public void learn(Task task, Trainer trainer) {
      if (model != null) {
        model.add(MadePacks.next(model, MadePacks.SMALL, 1));
      }
    }

    @Override
    public void activate(Task task) {
      net.selectHead(task.index(), task.classes());
    }

    @Override
    public int epochs() {
      return 1;
    }

    @Override
    public Footprint footprint() {
      return new Footprint(0, List.of());
    }

    @Override
    public PackedModel packed() {
      return model;
    }
  }

  private List<Integer> run(RunFolder folder, PackedModel model) {
    List<Integer> packed = new ArrayList<>();
    Path file = folder.path().resolve(RunFolder.PACK);
    RunListener counter =
        new RunListener() {
          @Override
          public void taskLearned(int task, AccuracyMatrix soFar, Footprint footprint) {
            packed.add(Files.exists(file) ? PackFile.open(file).tasks() : 0);
          }
        };
    RunListener listener = RunListener.all(folder.metrics(), folder.pack(), counter);
    try (Context context = Context.reference();
        Network net = TinyNet.build(context, 1)) {
      Trainer trainer = new Trainer(net, Adam.of(0.001, 0), 1, 1, listener);
      new Curriculum(TinyNet.tasks(), trainer, listener).run(new Made(net, model));
    }
    return packed;
  }

  @Test
  void tasksAreAppendedAsTheyAreLearned() {
    PackedModel model = new PackedModel(MadePacks.NET);
    Path path = parent.resolve("run");
    try (RunFolder folder = RunFolder.claim(path, false)) {
      assertEquals(List.of(1, 2, 3), run(folder, model));
    }
    PackFile file = PackFile.open(path.resolve(RunFolder.PACK));
    assertEquals(MadePacks.NET, file.net());
    assertEquals("made 2", file.task(2).name());
    RunFolder.claim(path, true).close();
    assertFalse(Files.exists(path), "an earlier pack goes with the run it is of");
  }

  @Test
  void methodsThatDoNotPackLeaveNone() {
    try (RunFolder folder = RunFolder.claim(parent.resolve("run"), false)) {
      assertEquals(List.of(0, 0, 0), run(folder, null));
    }
  }
}
