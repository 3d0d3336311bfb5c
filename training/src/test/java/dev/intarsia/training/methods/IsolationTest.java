// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.intarsia.Context;
import dev.intarsia.training.Method;
import dev.intarsia.training.TinyNet;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Batch;
import dev.intarsia.training.data.Loader;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.methods.tsn.Options;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Phase;
import dev.intarsia.training.optim.Adam;
import dev.intarsia.training.optim.Rule;
import dev.intarsia.training.optim.Sgd;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunListener;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** After every later task, each earlier task answers with the same bits. */
class IsolationTest {
  private static final Rule SGD = new Sgd(0.05, 0.9, 0.01, true);
  private static final Rule ADAM = Adam.of(0.01, 0.01);
  private static final Rule ADAM_W = new Adam(0.01, 0.9, 0.999, 1e-8, 0.1, true);

  static Stream<Arguments> isolatingMethods() {
    return Stream.of(SGD, ADAM, ADAM_W)
        .flatMap(
            rule ->
                Stream.of(
                    Arguments.of("wsn", rule, wsn(0.5)),
                    Arguments.of("wsn, all weights", rule, wsn(1)),
                    Arguments.of("tsn", rule, tsn("clusters", 8)),
                    Arguments.of("tsn, centres tuned", rule, tsn("centreEpochs", 1)),
                    Arguments.of("tsn, scores carried", rule, tsn("scores", "carry")),
                    Arguments.of("packnet", rule, packNet())));
  }

  private static Function<Network, Method> tsn(String knob, Object value) {
    RunConfig config = RunConfig.builder().method("tsn").epochs(2).setting(knob, value).build();
    return net -> new TinySubNets(net, Options.read(config, 1));
  }

  private static Function<Network, Method> wsn(double keep) {
    return net -> new WinningSubnetworks(net, new WinningSubnetworks.Config(2, keep));
  }

  private static Function<Network, Method> packNet() {
    return net -> new PackNet(net, new PackNet.Config(2, 0.6, 1));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("isolatingMethods")
  void earlierLogitsKeepEveryBit(String name, Rule rule, Function<Network, Method> maker) {
    List<Task> tasks = TinyNet.tasks();
    try (Context context = Context.reference();
        Network net = TinyNet.build(context, 7)) {
      Method method = maker.apply(net);
      Trainer trainer = new Trainer(net, rule, 7, 1, RunListener.SILENT);
      float[][] learned = new float[tasks.size()][];
      for (Task task : tasks) {
        method.learn(task, trainer);
        learned[task.index()] = logits(net, method, task);
        for (Task earlier : tasks.subList(0, task.index())) {
          assertArrayEquals(learned[earlier.index()], logits(net, method, earlier));
        }
      }
    }
  }

  @Test
  void plainTrainingChangesThem() {
    List<Task> tasks = TinyNet.tasks();
    try (Context context = Context.reference();
        Network net = TinyNet.build(context, 7)) {
      Method method = new Finetune(net, new Finetune.Config(2));
      Trainer trainer = new Trainer(net, SGD, 7, 1, RunListener.SILENT);
      method.learn(tasks.get(0), trainer);
      float[] before = logits(net, method, tasks.get(0));
      method.learn(tasks.get(1), trainer);
      assertFalse(Arrays.equals(before, logits(net, method, tasks.get(0))));
    }
  }

  /** Logits of the task's first test images. */
  private static float[] logits(Network net, Method method, Task task) {
    method.activate(task);
    try (Loader loader = Loader.evaluation(task.test(), task.preprocessing(), TinyNet.BATCH)) {
      Batch batch = loader.next();
      return net.forward(batch.images(), batch.size(), Phase.EVALUATE).logits().value().download();
    }
  }
}
