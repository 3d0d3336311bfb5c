// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.CounterRandom;
import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Dataset;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.run.RunConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Plain training that keeps some images of earlier tasks and goes on learning them (Chaudhry et al.
 * 2019, <em>On Tiny Episodic Memories in Continual Learning</em>; Rolnick et al. 2019). The memory
 * has a fixed number of images, divided evenly among the tasks seen and, within each, among its
 * classes. While a task is learned, the memory is shown as often as the task's own images, in
 * batches of one task each.
 */
public final class ExperienceReplay implements Method {
  private static final int SHARED_NORMS = 0;
  private static final int DEFAULT_BUFFER = 500;

  private final Network net;
  private final Config config;
  private final Ledger ledger;
  private final List<Task> memory = new ArrayList<>(); // earlier tasks, with the images kept
  private long charged; // bytes of memory in the ledger

  /** The method over a net whose masks are all full. */
  public ExperienceReplay(Network net, Config config) {
    this.net = net;
    this.config = config;
    ledger = new Ledger(net);
  }

  /**
   * The method's knobs.
   *
   * @param epochs passes over a task's training images, at least 1
   * @param buffer images kept of all earlier tasks together, at least 1
   */
  public record Config(int epochs, int buffer) {
    /** Checks every value. */
    public Config {
      Require.atLeastOne("epochs", epochs);
      if (buffer < 1) {
        throw new IllegalArgumentException(
            "buffer is " + buffer + ", must be at least 1 image; finetune keeps none");
      }
    }

    /** What the knobs are where nothing is said. */
    static Map<String, Object> defaults(RunConfig config) {
      return Map.of("buffer", DEFAULT_BUFFER);
    }

    static Config read(RunConfig config) {
      return new Config(config.epochs(), config.setting("buffer", DEFAULT_BUFFER));
    }
  }

  @Override
  public void learn(Task task, Trainer trainer) {
    List<Task> lessons = new ArrayList<>(lessonsOfMemory(task.train().size()));
    lessons.add(task);
    trainer.fit(lessons, config.epochs(), this::activate);
    activate(task);
    remember(task, trainer.seed());
    long owned = task.index() == 0 ? net.sharedCount() : 0;
    long kept = Math.max(0, memoryBytes() - charged); // of later tasks images replace others
    charged += kept;
    ledger.enter(task.index(), new Ledger.Entry().floats(owned, net.sharedCount()).replay(kept));
  }

  /** The memory of each earlier task, repeated to {@code images} images in all. */
  private List<Task> lessonsOfMemory(int images) {
    List<Task> lessons = new ArrayList<>();
    for (int i = 0; i < memory.size(); i++) {
      Dataset kept = memory.get(i).train();
      int[] repeated = new int[Math.max(1, share(images, i))];
      Arrays.setAll(repeated, k -> k % kept.size());
      lessons.add(withTraining(memory.get(i), kept.select(repeated)));
    }
    return lessons;
  }

  /**
   * Takes a task's images in, in an order drawn from the seed, and cuts every task to its share.
   */
  private void remember(Task task, long seed) {
    int[] order = new int[task.train().size()];
    Arrays.setAll(order, i -> i);
    CounterRandom.of(seed, "replay", task.index()).shuffle(order);
    memory.add(withTraining(task, task.train().select(order)));
    for (int i = 0; i < memory.size(); i++) {
      Dataset images = memory.get(i).train();
      memory.set(
          i, withTraining(memory.get(i), images.limited(Math.max(1, share(config.buffer(), i)))));
    }
  }

  /** An earlier task's part of a sum that is divided evenly, the first ones getting the rest. */
  private int share(int sum, int task) {
    return sum / memory.size() + (task < sum % memory.size() ? 1 : 0);
  }

  private static Task withTraining(Task task, Dataset train) {
    return new Task(
        task.index(),
        task.name(),
        task.classes(),
        task.classNames(),
        train,
        task.test(),
        task.preprocessing());
  }

  /** A byte a value and four for the label. */
  private long memoryBytes() {
    return memory.stream()
        .map(Task::train)
        .mapToLong(kept -> (long) kept.size() * (kept.imageLength() + Integer.BYTES))
        .sum();
  }

  /** What is kept of each earlier task, as its training images; unmodifiable. */
  List<Task> memory() {
    return List.copyOf(memory);
  }

  @Override
  public void activate(Task task) {
    net.selectHead(task.index(), task.classes());
    net.selectNorms(SHARED_NORMS);
  }

  @Override
  public String name() {
    return "replay";
  }

  @Override
  public boolean isolates() {
    return false;
  }

  @Override
  public int epochs() {
    return config.epochs();
  }

  @Override
  public Footprint footprint() {
    return ledger.footprint();
  }
}
