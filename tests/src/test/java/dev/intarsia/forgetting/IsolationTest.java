// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.forgetting;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.parity.Implementation;
import dev.intarsia.parity.Implementations;
import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Batch;
import dev.intarsia.training.data.Loader;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.methods.Methods;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Phase;
import dev.intarsia.training.optim.Adam;
import dev.intarsia.training.optim.Rule;
import dev.intarsia.training.optim.Sgd;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The promise of the project: after every later task, a net answers every earlier one with the same
 * bits, whatever the optimizer does to weights that get no gradient.
 */
class IsolationTest {
  private static final int TASKS = 3;
  private static final int EPOCHS = 3;

  private static final Map<String, Rule> RULES =
      Map.of(
          "sgd with momentum and decay", new Sgd(0.05, 0.9, 0.01, false),
          "sgd with nesterov", new Sgd(0.05, 0.9, 0.01, true),
          "adam with decay", Adam.of(0.01, 0.01),
          "adamw", new Adam(0.01, 0.9, 0.999, 1e-8, 0.01, true));

  static Stream<Arguments> everyIsolatingMethod() {
    return Methods.names().stream()
        .filter(IsolationTest::isolates)
        .flatMap(
            method ->
                RULES.keySet().stream()
                    .sorted()
                    .flatMap(rule -> trainable().map(impl -> Arguments.of(method, rule, impl))));
  }

  private static boolean isolates(String name) {
    try (Context context = Context.reference();
        Network net = TinyNet.build(context);
        Method method = Methods.prepare(RunConfig.builder().method(name).build()).apply(net)) {
      return method.isolates();
    }
  }

  private static Stream<Implementation> trainable() {
    return Stream.concat(
        Stream.of(Implementations.reference()), Implementations.distinct().stream());
  }

  @ParameterizedTest(name = "{0} | {1} | {2}")
  @MethodSource("everyIsolatingMethod")
  void earlierAnswersStayTheSameBits(String method, String rule, Implementation implementation) {
    assumeTrainable(implementation);
    try (Context context = implementation.open();
        Network net = TinyNet.build(context)) {
      Run run = new Run(net, method, RULES.get(rule));
      assertTrue(run.method.isolates());
      for (int task = 0; task < TASKS; task++) {
        run.learn(task);
        for (int seen = 0; seen <= task; seen++) {
          assertTrue(
              Arrays.equals(run.logitsAfterLearning.get(seen), run.logits(seen)),
              "task " + seen + " answers otherwise after learning task " + task);
        }
      }
    }
  }

  /** The same measurement does see forgetting where there is some. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("trainable")
  void finetuneForgets(Implementation implementation) {
    assumeTrainable(implementation);
    try (Context context = implementation.open();
        Network net = TinyNet.build(context)) {
      Run run = new Run(net, "finetune", RULES.get("adam with decay"));
      run.learn(0);
      run.learn(1);
      assertFalse(Arrays.equals(run.logitsAfterLearning.get(0), run.logits(0)));
    }
  }

  private static void assumeTrainable(Implementation implementation) {
    Implementations.assume(
        implementation,
        "relu",
        "batch_norm",
        "group_norm",
        "dropout",
        "max_pool2d",
        "avg_pool2d",
        "masked_sgd",
        "masked_adam",
        "softmax_cross_entropy",
        "accuracy",
        "reorder",
        "mask_cut",
        "magnitude_threshold",
        "score_epilogue",
        "codebook_fit",
        "codebook_assign",
        "codebook_linear",
        "codebook_conv2d");
  }

  /** One method at work on one net. */
  private static final class Run {
    private final Network net;
    private final Method method;
    private final Trainer trainer;
    private final List<float[]> logitsAfterLearning = new ArrayList<>();

    Run(Network net, String name, Rule rule) {
      this.net = net;
      RunConfig config = RunConfig.builder().method(name).epochs(EPOCHS).build();
      method = Methods.prepare(config).apply(net);
      trainer = new Trainer(net, rule, 1, 1, RunListener.SILENT);
    }

    void learn(int task) {
      method.learn(TinyNet.task(task), trainer);
      logitsAfterLearning.add(logits(task));
    }

    /** Logits of the task's test images, which are one batch. */
    float[] logits(int index) {
      Task task = TinyNet.task(index);
      method.activate(task);
      try (Loader loader = Loader.evaluation(task.test(), task.preprocessing(), TinyNet.BATCH)) {
        Batch batch = loader.next();
        float[] logits =
            net.forward(batch.images(), batch.size(), Phase.EVALUATE).logits().value().download();
        batch.release();
        return logits;
      }
    }
  }
}
