// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.Nearest;
import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * Gathers a {@link RunConfig} from layers: the defaults it starts with, then a configuration file,
 * then options of the command line, then {@code --set}. A later value replaces an earlier one;
 * {@code settings} are merged knob by knob. Limits are checked by {@link #build}.
 *
 * <p>Not thread-safe.
 */
public final class RunConfigBuilder {
  private static final double ADAM_RATE = 0.001;
  private static final double SGD_RATE = 0.01;

  private String method = "wsn";
  private String stream = "shapes";
  private String base;
  private Path data;
  private String model;
  private Path backbone;
  private int epochs = 5;
  private int batch = 64;
  private long seed = 1;
  private int threads;
  private String backend = "auto";
  private Path out;
  private boolean overwrite;
  private String optimizer = "adam";
  private Double learningRate;
  private double momentum = 0.9;
  private double weightDecay;
  private int tasks;
  private int classesPerTask;
  private int imageSize;
  private int trainLimit;
  private int testLimit;
  private int logEvery = 10;
  private final TreeMap<String, Object> settings = new TreeMap<>();

  RunConfigBuilder() {}

  /**
   * Sets one key to a value as it came from a file or a command line.
   *
   * @param key a component of {@link RunConfig}, or {@code settings.} and a knob of the method
   * @param value string, number, boolean, null (back to the default) or, for {@code settings}, a
   *     map
   * @throws IllegalArgumentException for an unknown key, with the nearest one, or a value of the
   *     wrong kind
   */
  public RunConfigBuilder set(String key, Object value) {
    if (key.startsWith(RunConfig.SETTINGS_PREFIX)) {
      return setting(key.substring(RunConfig.SETTINGS_PREFIX.length()), value);
    }
    if (value == null) {
      value = defaultOf(key);
    }
    switch (key) {
      case "method" -> method = text(key, value);
      case "stream" -> stream = text(key, value);
      case "base" -> base = value == null ? null : text(key, value);
      case "data" -> data = path(key, value);
      case "model" -> model = value == null ? null : text(key, value);
      case "backbone" -> backbone = path(key, value);
      case "epochs" -> epochs = whole(key, value);
      case "batch" -> batch = whole(key, value);
      case "seed" -> seed = wholeLong(key, value);
      case "threads" -> threads = whole(key, value);
      case "backend" -> backend = text(key, value);
      case "out" -> out = path(key, value);
      case "overwrite" -> overwrite = flag(key, value);
      case "optimizer" -> optimizer = text(key, value);
      case "learningRate" -> learningRate = value == null ? null : number(key, value);
      case "momentum" -> momentum = number(key, value);
      case "weightDecay" -> weightDecay = number(key, value);
      case "tasks" -> tasks = whole(key, value);
      case "classesPerTask" -> classesPerTask = whole(key, value);
      case "imageSize" -> imageSize = whole(key, value);
      case "trainLimit" -> trainLimit = whole(key, value);
      case "testLimit" -> testLimit = whole(key, value);
      case "logEvery" -> logEvery = whole(key, value);
      case "settings" -> settings(value);
      default -> throw new IllegalArgumentException(unknownKey(key));
    }
    return this;
  }

  /**
   * Sets every key of a map, in its order.
   *
   * @param source where the map comes from, such as a file name; opens the sentence of an error
   */
  public RunConfigBuilder setAll(String source, Map<?, ?> values) {
    for (Map.Entry<?, ?> entry : values.entrySet()) {
      try {
        set(String.valueOf(entry.getKey()), entry.getValue());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(source + ": " + e.getMessage(), e);
      }
    }
    return this;
  }

  /** Sets one knob of the method: a number, a boolean or a string; null removes it. */
  public RunConfigBuilder setting(String name, Object value) {
    if (value == null) {
      settings.remove(name);
    } else if (value instanceof Number || value instanceof Boolean || value instanceof String) {
      settings.put(name, value);
    } else {
      throw wrongKind(RunConfig.SETTINGS_PREFIX + name, value, "a number, a boolean or a string");
    }
    return this;
  }

  public RunConfigBuilder method(String method) {
    return set("method", method);
  }

  public RunConfigBuilder stream(String stream) {
    return set("stream", stream);
  }

  /** Sets the folder or file the stream reads; null: none. */
  public RunConfigBuilder data(Path data) {
    return set("data", data);
  }

  /** Sets the net; null: the stream's default. */
  public RunConfigBuilder model(String model) {
    return set("model", model);
  }

  /** Sets the safetensors file with weights to start from; null: none. */
  public RunConfigBuilder backbone(Path backbone) {
    return set("backbone", backbone);
  }

  public RunConfigBuilder epochs(int epochs) {
    return set("epochs", epochs);
  }

  public RunConfigBuilder batch(int batch) {
    return set("batch", batch);
  }

  public RunConfigBuilder seed(long seed) {
    return set("seed", seed);
  }

  /** Sets the number of CPU threads; 0: as many as the machine grants. */
  public RunConfigBuilder threads(int threads) {
    return set("threads", threads);
  }

  public RunConfigBuilder backend(String backend) {
    return set("backend", backend);
  }

  /** Sets the folder for results; null: none are written. */
  public RunConfigBuilder out(Path out) {
    return set("out", out);
  }

  public RunConfigBuilder overwrite(boolean overwrite) {
    return set("overwrite", overwrite);
  }

  public RunConfigBuilder optimizer(String optimizer) {
    return set("optimizer", optimizer);
  }

  public RunConfigBuilder learningRate(double learningRate) {
    return set("learningRate", learningRate);
  }

  public RunConfigBuilder momentum(double momentum) {
    return set("momentum", momentum);
  }

  public RunConfigBuilder weightDecay(double weightDecay) {
    return set("weightDecay", weightDecay);
  }

  public RunConfigBuilder tasks(int tasks) {
    return set("tasks", tasks);
  }

  public RunConfigBuilder trainLimit(int trainLimit) {
    return set("trainLimit", trainLimit);
  }

  public RunConfigBuilder testLimit(int testLimit) {
    return set("testLimit", testLimit);
  }

  public RunConfigBuilder logEvery(int logEvery) {
    return set("logEvery", logEvery);
  }

  /**
   * The configuration, every value checked; a learning rate not set is the optimizer's usual one.
   */
  public RunConfig build() {
    double rate =
        learningRate != null ? learningRate : optimizer.equals("sgd") ? SGD_RATE : ADAM_RATE;
    return new RunConfig(
        method,
        stream,
        base,
        data,
        model,
        backbone,
        epochs,
        batch,
        seed,
        threads,
        backend,
        out,
        overwrite,
        optimizer,
        rate,
        momentum,
        weightDecay,
        tasks,
        classesPerTask,
        imageSize,
        trainLimit,
        testLimit,
        logEvery,
        settings);
  }

  private void settings(Object value) {
    if (!(value instanceof Map<?, ?> map)) {
      throw wrongKind("settings", value, "names and values");
    }
    map.forEach((name, knob) -> setting(String.valueOf(name), knob));
  }

  private static Object defaultOf(String key) {
    return switch (key) {
      case "base", "data", "model", "backbone", "out", "learningRate" -> null;
      default -> {
        Map<String, Object> defaults = new RunConfigBuilder().build().toMap();
        if (!defaults.containsKey(key)) {
          throw new IllegalArgumentException(unknownKey(key));
        }
        yield defaults.get(key);
      }
    };
  }

  private static String unknownKey(String key) {
    return Nearest.unknown("key", key, RunConfig.keys())
        + ". A knob of the method is written settings.NAME";
  }

  private static String text(String key, Object value) {
    if (value instanceof String text) {
      return text.strip();
    }
    throw wrongKind(key, value, "a name");
  }

  private static Path path(String key, Object value) {
    if (value == null || value instanceof Path) {
      return (Path) value;
    }
    try {
      return Path.of(text(key, value));
    } catch (InvalidPathException e) {
      throw wrongKind(key, value, "a path");
    }
  }

  private static boolean flag(String key, Object value) {
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw wrongKind(key, value, "true or false");
  }

  private static int whole(String key, Object value) {
    long whole = wholeLong(key, value);
    if (whole != (int) whole) {
      throw wrongKind(key, value, "a whole number of at most " + Integer.MAX_VALUE);
    }
    return (int) whole;
  }

  private static long wholeLong(String key, Object value) {
    try {
      return new BigDecimal(value.toString()).longValueExact();
    } catch (ArithmeticException | NumberFormatException e) {
      throw wrongKind(key, value, "a whole number");
    }
  }

  private static double number(String key, Object value) {
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    throw wrongKind(key, value, "a number");
  }

  private static IllegalArgumentException wrongKind(String key, Object value, String wanted) {
    return new IllegalArgumentException(key + " is '" + value + "', must be " + wanted);
  }
}
