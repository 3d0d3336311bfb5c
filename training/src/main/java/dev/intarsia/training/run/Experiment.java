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
import dev.intarsia.training.pack.Backbone;
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
  public static RunResult run(RunConfig asked, RunListener listener) {
    Backbone backbone = backbone(asked);
    RunConfig config = sized(asked, backbone);
    Methods.prepare(config); // refuses wrong knobs before a file is read
    Rule rule = rule(config);
    if (config.model() != null) {
      requireSettings(config, config.model());
    }
    try (Context context = Context.open(config.backend(), config.threads())) {
      BackendProbe.requireComplete(context);
      TaskStream stream = stream(config, backbone);
      RunConfig resolved = resolve(config, model(config, backbone, stream));
      requireLabels(stream, resolved.model());
      Function<Network, Method> maker = Methods.prepare(resolved);
      try (Network net = network(context, stream, resolved, backbone);
          Method method = maker.apply(net)) {
        requireRoom(method, stream);
        return learn(resolved, stream, net, method, rule, listener);
      }
    }
  }

  /** The stream; a backbone sees colour images normalised as those that it learned from. */
  private static TaskStream stream(RunConfig config, Backbone backbone) {
    TaskStream stream = Streams.open(config.stream(), options(config));
    if (backbone == null) {
      return stream;
    }
    if (stream.channels() != Backbone.PREPROCESSING.channels()) {
      throw new IllegalArgumentException(
          "stream '%s' has images of %d channel, a backbone needs %d; choose another stream"
              .formatted(stream.name(), stream.channels(), Backbone.PREPROCESSING.channels()));
    }
    return stream.normalised(Backbone.PREPROCESSING);
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
            build.commit(),
            method.notes());
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
        config.base(),
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
   * where neither the configuration nor a backbone names the model.
   */
  public static RunConfig resolve(RunConfig asked) {
    Backbone backbone = backbone(asked);
    RunConfig config = sized(asked, backbone);
    boolean named = config.model() != null || backbone != null;
    return resolve(
        config,
        model(config, backbone, named ? null : Streams.open(config.stream(), options(config))));
  }

  private static Backbone backbone(RunConfig config) {
    return config.backbone() == null ? null : Backbone.open(config.backbone());
  }

  /** A backbone sees images of its own size unless another one is asked for. */
  private static RunConfig sized(RunConfig config, Backbone backbone) {
    return backbone == null || config.imageSize() != 0
        ? config
        : config.toBuilder().set("imageSize", Backbone.SIDE).build();
  }

  private static String model(RunConfig config, Backbone backbone, TaskStream stream) {
    if (config.model() != null) {
      return config.model();
    }
    return backbone == null ? stream.defaultModel() : backbone.model();
  }

  private static RunConfig resolve(RunConfig config, String model) {
    requireSettings(config, model);
    RunConfigBuilder builder = config.toBuilder().model(model);
    Map<String, Object> knobs = new TreeMap<>(Methods.knobs(config));
    if (Models.settings(model).contains(Models.WIDTH)) {
      knobs.put(Models.WIDTH, Models.defaultWidth(model));
    }
    knobs.keySet().removeAll(config.settings().keySet());
    knobs.forEach(builder::setting);
    return builder.build();
  }

  private static void requireLabels(TaskStream stream, String model) {
    boolean perPixel = stream.tasks().get(0).perPixel();
    if (perPixel != Models.labelsPixels(model)) {
      throw new IllegalArgumentException(
          "stream '%s' has a label for each %s, model %s answers with one for each %s; use model %s"
              .formatted(
                  stream.name(),
                  perPixel ? "pixel" : "image",
                  model,
                  perPixel ? "image" : "pixel",
                  stream.defaultModel()));
    }
  }

  private static void requireSettings(RunConfig config, String model) {
    List<String> known = new ArrayList<>(Methods.knobs(config).keySet());
    known.addAll(Models.settings(model));
    config.requireSettings(known);
  }

  /** A net whose batch is no larger than the largest task. */
  private static Network network(
      Context context, TaskStream stream, RunConfig config, Backbone backbone) {
    int largest = stream.tasks().stream().mapToInt(task -> task.train().size()).max().orElse(1);
    ActivationShape input =
        new ActivationShape(
            Math.min(config.batch(), largest), stream.channels(), stream.height(), stream.width());
    Network net =
        Models.build(
            config.model(),
            context,
            input,
            config.seed(),
            config.setting(Models.WIDTH, Models.defaultWidth(config.model())));
    if (backbone != null) {
      try {
        backbone.load(net);
      } catch (RuntimeException e) {
        net.close();
        throw e;
      }
    }
    return net;
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
