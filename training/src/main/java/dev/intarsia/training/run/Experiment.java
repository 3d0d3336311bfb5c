// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Owners;
import dev.intarsia.training.Curriculum;
import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.StreamOptions;
import dev.intarsia.training.data.Streams;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.data.TaskStream;
import dev.intarsia.training.methods.Methods;
import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.nn.Models;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.optim.Adam;
import dev.intarsia.training.optim.Rule;
import dev.intarsia.training.optim.Sgd;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * From a configuration to its result: opens what is needed, runs the curriculum, frees everything.
 */
public final class Experiment {
  private Experiment() {}

  /**
   * Runs one configuration. Everything is checked before the first step. Writes no file.
   *
   * @param listener told what happens, on the calling thread
   * @throws IllegalArgumentException if the configuration does not fit method, stream or model
   * @throws UnsupportedOperationException if the backend lacks kernels that training needs
   */
  public static RunResult run(RunConfig config, RunListener listener) {
    Function<Network, Method> maker = Methods.prepare(config);
    Rule rule = rule(config);
    if (config.model() != null) {
      requireSettings(config, config.model());
    }
    try (Context context = Context.open(config.backend(), config.threads())) {
      BackendProbe.requireComplete(context);
      TaskStream stream = Streams.open(config.stream(), options(config));
      RunConfig resolved =
          resolve(config, config.model() == null ? stream.defaultModel() : config.model());
      try (Network net = network(context, stream, resolved);
          Method method = maker.apply(net)) {
        requireRoom(method, stream);
        return learn(resolved, stream, net, method, rule, listener);
      }
    }
  }

  private static RunResult learn(
      RunConfig config,
      TaskStream stream,
      Network net,
      Method method,
      Rule rule,
      RunListener listener) {
    Context context = net.context();
    List<Task> tasks = stream.tasks();
    listener.runStarted(config, tasks.size(), context.backend(), context.isa(), context.threads());
    Trainer trainer = new Trainer(net, rule, config.seed(), config.logEvery(), listener);
    Curriculum curriculum = new Curriculum(tasks, trainer, listener);
    AccuracyMatrix accuracy = curriculum.run(method);
    BuildInfo build = BuildInfo.current();
    RunResult result =
        new RunResult(
            config,
            net.name(),
            context.backend(),
            context.isa(),
            context.threads(),
            tasks.stream().map(Experiment::summary).toList(),
            accuracy,
            method.footprint(),
            new RunResult.Seconds(curriculum.learningSeconds(), curriculum.examiningSeconds()),
            WeightsDigest.of(net, method, tasks),
            build.version(),
            build.commit());
    listener.runFinished(result);
    return result;
  }

  private static RunResult.TaskSummary summary(Task task) {
    return new RunResult.TaskSummary(
        task.name(), task.classes(), task.train().size(), task.test().size());
  }

  private static Rule rule(RunConfig config) {
    return config.optimizer().equals("sgd")
        ? new Sgd(config.learningRate(), config.momentum(), config.weightDecay(), false)
        : Adam.of(config.learningRate(), config.weightDecay());
  }

  /** What a configuration says about its stream. */
  public static StreamOptions options(RunConfig config) {
    return new StreamOptions(
        config.data(),
        config.seed(),
        config.tasks(),
        config.classesPerTask(),
        config.imageSize(),
        config.trainLimit(),
        config.testLimit());
  }

  /**
   * The configuration with the model and every knob filled in, as results hold it. Opens the stream
   * where the configuration leaves the model to it.
   */
  public static RunConfig resolve(RunConfig config) {
    return resolve(
        config,
        config.model() != null
            ? config.model()
            : Streams.open(config.stream(), options(config)).defaultModel());
  }

  private static RunConfig resolve(RunConfig config, String model) {
    requireSettings(config, model);
    RunConfigBuilder builder = config.toBuilder().model(model);
    Map<String, Object> knobs = new TreeMap<>(Methods.knobs(config));
    if (Models.settings(model).contains(Models.WIDTH)) {
      knobs.put(Models.WIDTH, Models.DEFAULT_WIDTH);
    }
    knobs.keySet().removeAll(config.settings().keySet());
    knobs.forEach(builder::setting);
    return builder.build();
  }

  private static void requireSettings(RunConfig config, String model) {
    List<String> known = new ArrayList<>(Methods.knobs(config).keySet());
    known.addAll(Models.settings(model));
    config.requireSettings(known);
  }

  /** A net whose batch is no larger than the largest task. */
  private static Network network(Context context, TaskStream stream, RunConfig config) {
    int largest = stream.tasks().stream().mapToInt(task -> task.train().size()).max().orElse(1);
    ActivationShape input =
        new ActivationShape(
            Math.min(config.batch(), largest), stream.channels(), stream.height(), stream.width());
    return Models.build(
        config.model(),
        context,
        input,
        config.seed(),
        config.setting(Models.WIDTH, Models.DEFAULT_WIDTH));
  }

  private static void requireRoom(Method method, TaskStream stream) {
    int tasks = stream.tasks().size();
    if (method.isolates() && tasks > Owners.MAX_TASKS) {
      throw new IllegalArgumentException(
          "stream '%s' has %d tasks, method %s can hold %d; set tasks=%d or fewer"
              .formatted(stream.name(), tasks, method.name(), Owners.MAX_TASKS, Owners.MAX_TASKS));
    }
  }
}
