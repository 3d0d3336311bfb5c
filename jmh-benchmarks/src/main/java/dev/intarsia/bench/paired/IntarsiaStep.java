// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.training.Method;
import dev.intarsia.training.data.Dataset;
import dev.intarsia.training.data.Preprocessing;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.methods.Methods;
import dev.intarsia.training.nn.Head;
import dev.intarsia.training.nn.Models;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.nn.Phase;
import dev.intarsia.training.optim.Adam;
import dev.intarsia.training.optim.Optimizer;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunConfigBuilder;
import java.util.List;
import java.util.stream.IntStream;

/** A step of the training module. */
final class IntarsiaStep implements Contender {
  private static final double LEARNING_RATE = 1e-3;

  private final Context context;
  private final boolean oneThread;
  private final StepWork work;
  private final Network net;
  private final Optimizer optimizer = new Optimizer(Adam.of(LEARNING_RATE, 0));

  IntarsiaStep(Context context, boolean oneThread, StepWork work) {
    this.context = context;
    this.oneThread = oneThread;
    this.work = work;
    net = Models.build(work.model(), context, new ActivationShape(work.batch(), 3, 32, 32), 1, 1);
    // Kernel-wise masks do not come from scores: the layers obey stored ones.
    boolean scored = work.method().equals("wsn");
    RunConfigBuilder config = RunConfig.builder().method(scored ? "wsn" : "finetune").epochs(1);
    if (scored) {
      config.setting("keep", work.keep());
    }
    Method method = Methods.prepare(config.build()).apply(net);
    method.activate(task());
    for (Parameter parameter : net.shared()) {
      restrict(parameter);
    }
  }

  private void restrict(Parameter parameter) {
    int count = Math.toIntExact(parameter.count());
    if (work.method().equals("packnet")) {
      boolean[] free = Values.mask(parameter.name(), count, 1, work.keep());
      set(parameter.trainable(), free);
    } else if (work.method().equals("wsn-kernel")) {
      long[] dims = parameter.weights().dims();
      int taps = dims.length == 4 ? Math.toIntExact(dims[2] * dims[3]) : 1;
      boolean[] live = Values.mask(parameter.name(), count, taps, work.keep());
      set(parameter.visible(), live);
      set(parameter.trainable(), live);
    }
  }

  private void set(Mask mask, boolean[] bits) {
    try (Mask values = Mask.of(context, mask.rows(), mask.cols(), bits)) {
      mask.copyFrom(values);
    }
  }

  private static Task task() {
    int classes = StepWork.CLASSES;
    byte[] pixels = new byte[classes * StepWork.IMAGE];
    int[] labels = IntStream.range(0, classes).toArray();
    List<String> names = IntStream.range(0, classes).mapToObj(String::valueOf).toList();
    Dataset data = Dataset.of("bench", pixels, 3, 32, 32, labels, names);
    float[] half = {0.5f, 0.5f, 0.5f};
    return Task.of(0, "bench", data, data, Preprocessing.normalising(half, half));
  }

  @Override
  public String name() {
    return oneThread ? Row.OURS + Row.ONE_THREAD : Row.OURS;
  }

  @Override
  public boolean oneThread() {
    return oneThread;
  }

  @Override
  public Structure structure() {
    return switch (work.method()) {
      case "wsn" -> new Structure("weight", work.keep());
      case "wsn-kernel" -> new Structure("kernel", work.keep());
      default -> Structure.FULL;
    };
  }

  @Override
  public void run() {
    net.forward(work.images(), work.batch(), Phase.TRAIN).judge(work.labels(), work.batch());
    net.backward();
    optimizer.step(net.active());
    context.synchronize();
  }

  @Override
  public float[] result() {
    float first = loss();
    for (int step = 0; step < StepWork.CHECKED_STEPS; step++) {
      run();
    }
    return new float[] {first, loss()};
  }

  /** In training's phase: after few steps the running statistics are not yet worth anything. */
  private float loss() {
    Head head = net.forward(work.images(), work.batch(), Phase.TRAIN);
    head.judge(work.labels(), work.batch());
    return head.readLoss();
  }

  @Override
  public void close() {
    optimizer.close();
    net.close();
    context.close();
  }
}
