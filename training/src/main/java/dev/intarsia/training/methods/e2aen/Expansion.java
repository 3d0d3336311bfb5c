// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.e2aen;

import dev.intarsia.Tensor;
import dev.intarsia.training.methods.e2aen.ExpansionConfig.Stage;
import dev.intarsia.training.nn.Network;
import java.util.List;
import java.util.Objects;

/**
 * The expansion of a net by one task: its adapters and their gates through the stages of one run.
 * Gates open, then drawn and learned, then fixed.
 */
public final class Expansion implements AutoCloseable {
  private final ExpansionConfig config;
  private final TaskAdapters adapters;
  private final Gates gates;
  private final SparsityActivation regulariser;
  private long steps; // of the run
  private long step;
  private int batch; // images of the step
  private float[] values; // of the gates in the step

  /** Memory that the adapters of all tasks fold into, one task at a time. */
  public static final class Memory implements AutoCloseable {
    private final List<Tensor> folded;

    /** Allocates nothing for adapters that are not folded. */
    public Memory(Network net, ExpansionConfig config) {
      folded = TaskAdapters.memory(net, config);
    }

    @Override
    public void close() {
      folded.stream().filter(Objects::nonNull).forEach(Tensor::close);
    }
  }

  /**
   * Makes the adapters of a task; they are not in place yet.
   *
   * @param seed of the run, from which gates are drawn
   */
  public Expansion(Network net, ExpansionConfig config, Memory memory, int task, long seed) {
    this(config, new TaskAdapters(net, config, task, memory.folded), seed, task);
  }

  private Expansion(ExpansionConfig config, TaskAdapters adapters, long seed, int task) {
    this.config = config;
    this.adapters = adapters;
    gates = new Gates(config, seed, task, adapters.costs().length);
    regulariser = new SparsityActivation(config);
  }

  /** Refuses a net in which an adapter of the chosen kind has no place. */
  public static void requirePlaces(Network net, ExpansionConfig config) {
    TaskAdapters.requirePlaces(net, config);
  }

  /** Lets a net's layers use their own weights. */
  public static void leave(Network net) {
    TaskAdapters.leave(net);
  }

  /** Starts a run of so many steps. */
  public void begin(long steps) {
    this.steps = steps;
    step = 0;
    open();
  }

  private Stage stage() {
    return config.stageAt(step, steps);
  }

  private void open() {
    values = gates.values(step, steps);
    adapters.gates(values, stage() == Stage.GATE, stage() == Stage.FIXED);
  }

  /** Says how many images the step has. */
  public void sees(int images) {
    batch = images;
  }

  /** Regularises the gradients of a step, and takes a step on the gates. */
  public void learn() {
    if (stage() != Stage.GATE) {
      return;
    }
    regulariser.addActivation(adapters, values, step, batch);
    gates.step(
        adapters.gateGradient(), SparsityActivation.gradient(config, gates, adapters.costs()));
  }

  /** Goes on to the next step and sets its gates. */
  public void advance() {
    step++;
    open();
  }

  /** Deletes what the gates close. */
  public void prune() {
    adapters.prune(gates);
  }

  /** The adapters in their places. */
  public TaskAdapters adapters() {
    return adapters;
  }

  /** How many gates there are. */
  public int gates() {
    return gates.count();
  }

  /** How many of them are open in the end. */
  public int keptGates() {
    int count = 0;
    for (int g = 0; g < gates.count(); g++) {
      count += gates.isKept(g) ? 1 : 0;
    }
    return count;
  }

  /** Parameters of the adapters that the gates keep. */
  public long keptParameters() {
    return adapters.parameters(gates);
  }

  @Override
  public void close() {
    adapters.close();
  }
}
