// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import java.nio.file.Path;
import java.util.function.BiConsumer;
import picocli.CommandLine.Option;

/** The options that every run has, whether it is alone or one of several. */
final class RunOptions {
  @Option(
      names = "--stream",
      paramLabel = "NAME",
      description = "What it learns: see 'streams'. Default: shapes")
  private String stream;

  @Option(names = "--data", paramLabel = "PATH", description = "Folder or file the stream reads.")
  private Path data;

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "The net: see 'models'. Default: the stream's own")
  private String model;

  @Option(
      names = "--backbone",
      paramLabel = "FILE",
      description = "Start from the weights of a safetensors file: see 'backbone'.")
  private Path backbone;

  @Option(names = "--epochs", paramLabel = "N", description = "Passes over each task. Default: 5")
  private Integer epochs;

  @Option(names = "--batch", paramLabel = "N", description = "Images per step. Default: 64")
  private Integer batch;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "CPU threads; results do not depend on it. Default: all granted")
  private Integer threads;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      description = "auto, cpu, cuda or reference. Default: auto")
  private String backend;

  @Option(names = "--optimizer", paramLabel = "NAME", description = "adam or sgd. Default: adam")
  private String optimizer;

  @Option(
      names = "--lr",
      paramLabel = "X",
      description = "Learning rate. Default: 0.001 for adam, 0.01 for sgd")
  private Double learningRate;

  @Option(names = "--momentum", paramLabel = "X", description = "Momentum of sgd. Default: 0.9")
  private Double momentum;

  @Option(names = "--weight-decay", paramLabel = "X", description = "L2 penalty. Default: 0")
  private Double weightDecay;

  /**
   * Passes on what was given, as keys of a configuration.
   *
   * @param set takes a key and its value
   */
  void apply(BiConsumer<String, Object> set) {
    given(set, "stream", stream);
    given(set, "data", data);
    given(set, "model", model);
    given(set, "backbone", backbone);
    given(set, "epochs", epochs);
    given(set, "batch", batch);
    given(set, "threads", threads);
    given(set, "backend", backend);
    given(set, "optimizer", optimizer);
    given(set, "learningRate", learningRate);
    given(set, "momentum", momentum);
    given(set, "weightDecay", weightDecay);
  }

  /** Passes one on, unless it was not given. */
  static void given(BiConsumer<String, Object> set, String key, Object value) {
    if (value != null) {
      set.accept(key, value);
    }
  }
}
