// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training;

import dev.intarsia.CounterRandom;
import dev.intarsia.training.data.Batch;
import dev.intarsia.training.data.Loader;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.nn.Head;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.nn.Phase;
import dev.intarsia.training.optim.Optimizer;
import dev.intarsia.training.optim.Rule;
import dev.intarsia.training.run.RunListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The loop: a tool that a {@link Method} uses to fit the net to tasks and to examine it. What it
 * does is a function of the net, the tasks and the seed alone. Not thread-safe.
 */
public final class Trainer {
  private final Network net;
  private final Rule rule;
  private final long seed;
  private final int logEvery;
  private final RunListener listener;
  private final Map<Integer, Integer> epochsDone = new HashMap<>(); // per task, over all phases
  private int announcedEpochs;

  /**
   * A trainer of one net; the net's capacity is the batch size.
   *
   * @param rule how gradients become steps; every fit starts with fresh state
   * @param seed order and augmentation of the images are derived from it
   * @param logEvery steps between two readings of the loss, at least 1
   */
  public Trainer(Network net, Rule rule, long seed, int logEvery, RunListener listener) {
    if (logEvery < 1) {
      throw new IllegalArgumentException(
          "logEvery is " + logEvery + ", must be at least 1, which reads the loss at every step");
    }
    this.net = net;
    this.rule = rule;
    this.seed = seed;
    this.logEvery = logEvery;
    this.listener = listener;
  }

  /** Says how many epochs the next task will take, over all calls of fit; listeners are told. */
  void announce(int epochs) {
    announcedEpochs = epochs;
  }

  /** Fits the net, as the method has activated it, to one task. */
  public void fit(Task task, int epochs) {
    fit(List.of(task), epochs, seen -> {});
  }

  /** Stands beside a fit; the net may be examined, and its weights changed, in every call. */
  public interface Watch {
    /**
     * How a parameter steps; asked once in a fit, when it is first stepped.
     *
     * @param usual the trainer's rule
     */
    default Rule rule(Parameter parameter, Rule usual) {
      return usual;
    }

    /**
     * The pace of the next step.
     *
     * @param done fraction of the fit's steps that were taken, in [0, 1)
     * @return factor on the learning rates of this step, at least 0
     */
    default double pace(double done) {
      return 1;
    }

    /** The loss of a batch is computed, its gradient is not; the batch is lent for the call. */
    default void judged(Batch batch) {}

    /** The gradients of a batch are complete, the optimizer has not used them yet. */
    default void differentiated() {}

    /** A step was taken; the gradients are still those of its batch. */
    default void stepDone() {}

    /**
     * An epoch is over.
     *
     * @param done epochs of this fit so far
     * @return factor on the learning rate from now on; 1 leaves it, 0 ends the fit
     */
    default double epochDone(int done) {
      return 1;
    }
  }

  /** Fits the net to one task under the eyes of a watch. */
  public void fit(Task task, int epochs, Watch watch) {
    fit(List.of(task), epochs, seen -> {}, watch);
  }

  /**
   * Fits the net to several tasks at once: every epoch sees each image once, in batches of one task
   * each, shuffled together.
   *
   * @param tasks the last one is the one being learned
   * @param epochs passes over all images, at least 1
   * @param activate called before each step with the task of its batch
   */
  public void fit(List<Task> tasks, int epochs, Consumer<Task> activate) {
    fit(tasks, epochs, activate, new Watch() {});
  }

  /** Fits the net to several tasks at once under the eyes of a watch. */
  public void fit(List<Task> tasks, int epochs, Consumer<Task> activate, Watch watch) {
    Task current = tasks.get(tasks.size() - 1);
    int first = epochsDone.getOrDefault(current.index(), 0);
    if (first == 0) {
      int steps = tasks.stream().mapToInt(this::steps).sum();
      listener.taskStarted(
          current.index(), current.name(), Math.max(epochs, announcedEpochs), steps);
    }
    int epoch = first;
    try (Optimizer optimizer = new Optimizer(parameter -> watch.rule(parameter, rule))) {
      for (double factor = 1; factor > 0 && epoch < first + epochs; ) {
        double done = (double) (epoch - first) / epochs;
        new Epoch(current, epoch++, optimizer, watch, done, 1.0 / epochs).run(tasks, activate);
        factor = watch.epochDone(epoch - first);
        if (factor > 0 && factor != 1) {
          optimizer.slowDown(factor);
        }
      }
    }
    epochsDone.put(current.index(), epoch);
  }

  /** Steps of one pass over a task's training images. */
  public int steps(Task task) {
    return (task.train().size() + net.capacity() - 1) / net.capacity();
  }

  /**
   * Returns the fraction of a task's test images that the net, as it is activated, gets right; with
   * a label for each pixel the mIoU, in which classes that occur neither as label nor as answer
   * have no part.
   */
  public double evaluate(Task task) {
    net.head().takeCorrect();
    try (Loader loader = Loader.evaluation(task.test(), task.preprocessing(), net.capacity())) {
      for (Batch batch; (batch = loader.next()) != null; batch.release()) {
        net.forward(batch.images(), batch.size(), Phase.EVALUATE)
            .examine(batch.labels(), batch.size());
      }
    }
    return net.head().takeTally(task.test().size()).score();
  }

  /**
   * What the net, as it is activated, makes of some images.
   *
   * @param loss mean over the images, in nats
   * @param accuracy fraction it gets right, or mIoU, as {@link #evaluate} says
   */
  public record Verdict(double loss, double accuracy) {}

  /** Examines the net on a task's test images, with the loss; slower than {@link #evaluate}. */
  public Verdict judge(Task task) {
    net.head().takeCorrect();
    double loss = 0;
    try (Loader loader = Loader.evaluation(task.test(), task.preprocessing(), net.capacity())) {
      for (Batch batch; (batch = loader.next()) != null; batch.release()) {
        Head head = net.forward(batch.images(), batch.size(), Phase.EVALUATE);
        head.judge(batch.labels(), batch.size());
        loss += (double) head.readLoss() * batch.size();
      }
    }
    int images = task.test().size();
    return new Verdict(loss / images, net.head().takeTally(images).score());
  }

  /**
   * Lets the running statistics of normalisation follow a task's training images once more, through
   * weights and masks as they are and without dropout and augmentation: those that training left
   * are of masks and activations that answering never has. Does nothing to nets without any.
   *
   * @param batches the most to look at, from the first image; each moves the statistics by a tenth
   */
  public void calibrate(Task task, int batches) {
    if (!net.hasStatistics()) {
      return;
    }
    try (Loader loader = Loader.evaluation(task.train(), task.preprocessing(), net.capacity())) {
      for (int b = 0; b < Math.min(batches, loader.batches()); b++) {
        Batch batch = loader.next();
        net.forward(batch.images(), batch.size(), Phase.CALIBRATE);
        batch.release();
      }
    }
  }

  /** How gradients become steps. */
  public Rule rule() {
    return rule;
  }

  /** The seed that the order of the images is derived from. */
  public long seed() {
    return seed;
  }

  /** One pass over the training images. */
  private final class Epoch {
    private final Task current;
    private final int index;
    private final Optimizer optimizer;
    private final Watch watch;
    private final double done; // fraction of the fit that lies before this epoch
    private final double share; // fraction of the fit that it is
    private int steps;
    private int lossesRead;
    private double lossSum;

    Epoch(Task current, int index, Optimizer optimizer, Watch watch, double done, double share) {
      this.current = current;
      this.index = index;
      this.optimizer = optimizer;
      this.watch = watch;
      this.done = done;
      this.share = share;
    }

    void run(List<Task> tasks, Consumer<Task> activate) {
      long start = System.nanoTime();
      int[] order = order(tasks);
      long images = 0; // since the last reading
      long right = 0;
      long of = 0;
      List<Loader> loaders = new ArrayList<>();
      try {
        for (Task task : tasks) {
          loaders.add(
              Loader.training(
                  task.train(), task.preprocessing(), net.capacity(), seed, task.index(), index));
        }
        for (int which : order) {
          activate.accept(tasks.get(which));
          Batch batch = loaders.get(which).next();
          images += batch.size();
          optimizer.pace(watch.pace(done + share * steps / order.length));
          step(batch, steps == order.length - 1);
          if (tasks.size() > 1 || steps == order.length) { // heads count each for itself
            Head.Tally tally = net.head().takeTally(images);
            images = 0;
            right += tally.right();
            of += tally.of();
          }
        }
      } finally {
        loaders.forEach(Loader::close);
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      listener.epochDone(
          current.index(), index, lossSum / lossesRead, (double) right / Math.max(1, of), seconds);
    }

    /** Which task each step takes its batch from. */
    private int[] order(List<Task> tasks) {
      int[] order = new int[tasks.stream().mapToInt(Trainer.this::steps).sum()];
      int at = 0;
      for (int which = 0; which < tasks.size(); which++) {
        int batches = steps(tasks.get(which));
        Arrays.fill(order, at, at += batches, which);
      }
      CounterRandom.of(seed, "interleave", current.index(), index).shuffle(order);
      return order;
    }

    private void step(Batch batch, boolean last) {
      Head head = net.forward(batch.images(), batch.size(), Phase.TRAIN);
      head.judge(batch.labels(), batch.size());
      watch.judged(batch);
      net.backward();
      watch.differentiated();
      optimizer.step(net.active());
      watch.stepDone();
      batch.release();
      double loss = Double.NaN;
      if (steps % logEvery == 0 || last) {
        loss = read(head); // the only device read of a step
      }
      listener.stepDone(current.index(), index, steps++, loss);
    }

    private double read(Head head) {
      float loss = head.readLoss();
      if (!Float.isFinite(loss)) {
        throw new IllegalStateException(
            "the loss of task '%s' is %s at epoch %d, step %d; lower the learning rate, now %s"
                .formatted(current.name(), loss, index, steps, rule.learningRate()));
      }
      lossSum += loss;
      lossesRead++;
      return loss;
    }
  }
}
