// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.training.Method;
import dev.intarsia.training.data.Dataset;
import dev.intarsia.training.data.Preprocessing;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.methods.Methods;
import dev.intarsia.training.nn.Head;
import dev.intarsia.training.nn.Models;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Phase;
import dev.intarsia.training.optim.Adam;
import dev.intarsia.training.optim.Optimizer;
import dev.intarsia.training.run.RunConfig;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** A whole training step: images to the device, forward, backward, optimizer. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class TrainStepBenchmark {
  private static final int CLASSES = 2;
  private static final int CHECKED_STEPS = 20;

  /** As in {@link KernelBenchmark}. */
  @Param("cpu")
  public String implementation;

  /** CPU threads; 0 for all that this process may use. */
  @Param("0")
  public int threads;

  /** Name of the net. */
  @Param({"lenet", "alexnet"})
  public String model;

  /** Name of the method; the cost of masks and scores is the difference to finetune. */
  @Param({"wsn", "finetune"})
  public String method;

  /** What half of the weights is: {@code trained}, or frozen as {@code floats} or {@code codes}. */
  @Param("trained")
  public String half;

  /** Images of a step. */
  @Param("64")
  public int batch;

  private Context context;
  private Network net;
  private Optimizer optimizer;
  private float[] images;
  private int[] labels;

  /** Builds the net and sees it learn: what does not learn is not timed. */
  @Setup(Level.Trial)
  public void setUp() {
    context = KernelBenchmark.open(implementation, threads);
    net = Models.build(model, context, new ActivationShape(batch, 3, 32, 32), 1, 1);
    RunConfig config = RunConfig.builder().method(method).epochs(1).build();
    Method learner = Methods.prepare(config).apply(net);
    learner.activate(task());
    if (!half.equals("trained")) {
      FrozenHalf.freeze(net, half.equals("codes"));
    }
    optimizer = new Optimizer(Adam.of(0.001, 0));
    fill();
    float first = loss();
    for (int i = 0; i < CHECKED_STEPS; i++) {
      step();
    }
    float last = loss();
    if (!(last < first)) {
      throw new IllegalStateException(
          model + " does not learn and is not timed: loss " + first + ", then " + last);
    }
  }

  /** A task for its name, its index and its classes; the step has images of its own. */
  private Task task() {
    byte[] pixels = new byte[CLASSES * 3 * 32 * 32];
    Dataset data = Dataset.of("bench", pixels, 3, 32, 32, new int[] {0, 1}, List.of("a", "b"));
    float[] half = {0.5f, 0.5f, 0.5f};
    return Task.of(0, "bench", data, data, Preprocessing.normalising(half, half));
  }

  /** Noise whose mean is the class. */
  private void fill() {
    CounterRandom random = CounterRandom.of(1, "bench images");
    int length = 3 * 32 * 32;
    images = new float[batch * length];
    labels = new int[batch];
    for (int n = 0; n < batch; n++) {
      labels[n] = n % CLASSES;
      for (int i = 0; i < length; i++) {
        images[n * length + i] = random.uniform(-1, 1) + labels[n] - 0.5f;
      }
    }
  }

  private float loss() {
    Head head = net.forward(images, batch, Phase.EVALUATE);
    head.judge(labels, batch);
    return head.readLoss();
  }

  /** One step on one batch. */
  @Benchmark
  public void step() {
    net.forward(images, batch, Phase.TRAIN).judge(labels, batch);
    net.backward();
    optimizer.step(net.active());
    context.synchronize();
  }

  /** Frees everything. */
  @TearDown(Level.Trial)
  public void tearDown() {
    optimizer.close();
    net.close();
    context.close(); // codes of a frozen half with it
  }
}
