// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.Nearest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Everything that decides a run: two runs with equal configurations on one machine yield the same
 * bits. Every component is a key of the same name in configuration files, in {@code --set} and
 * under {@code config} in {@code results.json}.
 *
 * @param method name of the continual-learning method
 * @param stream name of the stream of tasks
 * @param base stream that a stream of generated domains is made over; null: its default
 * @param data folder or file the stream reads, relative to the working directory; null: none
 * @param model name of the net; null: that of the backbone, else the stream's default
 * @param backbone safetensors file with weights to start from; null: the net starts at random
 * @param epochs passes over each task's training images, at least 1
 * @param batch images per step, at least 1
 * @param seed the one number all randomness is derived from
 * @param threads CPU threads; 0: as many as the machine grants
 * @param backend one of {@link #BACKENDS}
 * @param out folder for results; null: none are written
 * @param overwrite whether results already in {@code out} may be replaced
 * @param optimizer one of {@link #OPTIMIZERS}
 * @param learningRate step size, above 0
 * @param momentum of {@code sgd}, in [0, 1); {@code adam} ignores it
 * @param weightDecay L2 penalty, at least 0
 * @param tasks number of tasks; 0: the stream's default
 * @param classesPerTask classes of each task; 0: the stream's default
 * @param imageSize height and width images are brought to; 0: as they are
 * @param trainLimit most training images per task; 0: all
 * @param testLimit most test images per task; 0: all
 * @param logEvery steps between two readings of the loss, at least 1
 * @param settings knobs of the method by name; values are numbers, booleans or strings
 */
public record RunConfig(
    String method,
    String stream,
    String base,
    Path data,
    String model,
    Path backbone,
    int epochs,
    int batch,
    long seed,
    int threads,
    String backend,
    Path out,
    boolean overwrite,
    String optimizer,
    double learningRate,
    double momentum,
    double weightDecay,
    int tasks,
    int classesPerTask,
    int imageSize,
    int trainLimit,
    int testLimit,
    int logEvery,
    SortedMap<String, Object> settings) {

  /** Words for {@code backend}. */
  public static final List<String> BACKENDS = List.of("auto", "cpu", "cuda", "reference");

  /** Words for {@code optimizer}. */
  public static final List<String> OPTIMIZERS = List.of("adam", "sgd");

  /** Prefix of the keys that name a knob of the method, such as {@code settings.keep}. */
  public static final String SETTINGS_PREFIX = "settings.";

  private static final int MAX_BATCH = 65_536;
  private static final int MAX_THREADS = 1_024;
  private static final int MAX_COUNT = 1_000_000_000;

  /** Checks every value against its limits. */
  public RunConfig {
    requireText("method", method);
    requireText("stream", stream);
    requireRange("epochs", epochs, 1, 1_000_000);
    requireRange("batch", batch, 1, MAX_BATCH);
    requireRange("threads", threads, 0, MAX_THREADS);
    requireWord("backend", backend, BACKENDS);
    requireWord("optimizer", optimizer, OPTIMIZERS);
    require(
        learningRate > 0 && Double.isFinite(learningRate),
        "learningRate is " + learningRate + ", must be above 0; 0.001 suits adam, 0.01 sgd");
    require(
        momentum >= 0 && momentum < 1,
        "momentum is " + momentum + ", must be at least 0 and below 1; 0.9 is usual");
    require(
        weightDecay >= 0 && Double.isFinite(weightDecay),
        "weightDecay is " + weightDecay + ", must be at least 0; 0 turns it off");
    requireRange("tasks", tasks, 0, MAX_COUNT);
    requireRange("classesPerTask", classesPerTask, 0, MAX_COUNT);
    requireRange("imageSize", imageSize, 0, MAX_COUNT);
    requireRange("trainLimit", trainLimit, 0, MAX_COUNT);
    requireRange("testLimit", testLimit, 0, MAX_COUNT);
    requireRange("logEvery", logEvery, 1, MAX_COUNT);
    settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
  }

  /** The keys a configuration may have, in the order of the components. */
  public static List<String> keys() {
    List<String> keys = new ArrayList<>(builder().build().toMap().keySet());
    return List.copyOf(keys);
  }

  /** A builder that holds the defaults. */
  public static RunConfigBuilder builder() {
    return new RunConfigBuilder();
  }

  /** A builder that holds this configuration. */
  public RunConfigBuilder toBuilder() {
    return new RunConfigBuilder().setAll("configuration", toMap());
  }

  /**
   * This configuration as plain keys and values: strings, numbers, booleans, null and one nested
   * map. It can be read back as a configuration file.
   */
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("method", method);
    map.put("stream", stream);
    map.put("base", base);
    map.put("data", data == null ? null : data.toString());
    map.put("model", model);
    map.put("backbone", backbone == null ? null : backbone.toString());
    map.put("epochs", epochs);
    map.put("batch", batch);
    map.put("seed", seed);
    map.put("threads", threads);
    map.put("backend", backend);
    map.put("out", out == null ? null : out.toString());
    map.put("overwrite", overwrite);
    map.put("optimizer", optimizer);
    map.put("learningRate", learningRate);
    map.put("momentum", momentum);
    map.put("weightDecay", weightDecay);
    map.put("tasks", tasks);
    map.put("classesPerTask", classesPerTask);
    map.put("imageSize", imageSize);
    map.put("trainLimit", trainLimit);
    map.put("testLimit", testLimit);
    map.put("logEvery", logEvery);
    map.put("settings", settings);
    return map;
  }

  /** The method's knob {@code name} as a number, or {@code fallback} when it is not set. */
  public double setting(String name, double fallback) {
    Object value = settings.get(name);
    if (value == null) {
      return fallback;
    }
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    throw new IllegalArgumentException(
        SETTINGS_PREFIX + name + " is '" + value + "', must be a number such as " + fallback);
  }

  /** The method's knob {@code name} as a whole number, or {@code fallback} when it is not set. */
  public int setting(String name, int fallback) {
    double value = setting(name, (double) fallback);
    require(
        value == Math.rint(value) && Math.abs(value) <= Integer.MAX_VALUE,
        SETTINGS_PREFIX + name + " is " + value + ", must be a whole number such as " + fallback);
    return (int) value;
  }

  /**
   * Refuses knobs that the method does not have.
   *
   * @param known names of the method's knobs
   * @return this configuration
   */
  public RunConfig requireSettings(Collection<String> known) {
    for (String name : settings.keySet()) {
      if (!known.contains(name)) {
        throw new IllegalArgumentException(
            known.isEmpty()
                ? "method " + method + " has no settings, got '" + name + "'; remove it"
                : Nearest.unknown("setting of method " + method, name, known));
      }
    }
    return this;
  }

  private static void requireText(String key, String value) {
    require(value != null && !value.isBlank(), key + " is empty; give a name");
  }

  private static void requireWord(String key, String value, List<String> known) {
    require(known.contains(value), Nearest.unknown(key, String.valueOf(value), known));
  }

  private static void requireRange(String key, int value, int low, int high) {
    require(
        value >= low && value <= high,
        key + " is " + value + ", must be from " + low + " to " + high);
  }

  private static void require(boolean holds, String sentence) {
    if (!holds) {
      throw new IllegalArgumentException(sentence);
    }
  }
}
