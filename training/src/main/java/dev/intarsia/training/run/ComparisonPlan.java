// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.Nearest;
import dev.intarsia.training.methods.Methods;
import dev.intarsia.training.nn.Models;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which runs a comparison is made of: every method with every seed, all other keys shared but those
 * that a method has for itself.
 *
 * @param methods names, in the order of the tables; at least one, none twice
 * @param seeds at least one, none twice
 * @param out the folder that gets the tables, and a folder for every run
 * @param runs one for each method and seed, methods first; each writes into {@code out/METHOD-SEED}
 */
public record ComparisonPlan(
    List<String> methods, List<Long> seeds, Path out, List<RunConfig> runs) {

  /** Key of a configuration file that lists the methods. */
  public static final String METHODS = "methods";

  /** Key of a configuration file that lists the seeds. */
  public static final String SEEDS = "seeds";

  /** Keys that make two runs comparable; a method has none of them for itself. */
  private static final Set<String> COMMON =
      new TreeSet<>(
          List.of(
              "method",
              "stream",
              "data",
              "seed",
              "out",
              "overwrite",
              "tasks",
              "classesPerTask",
              "imageSize",
              "trainLimit",
              "testLimit"));

  /** Copies the lists. */
  public ComparisonPlan {
    methods = List.copyOf(methods);
    seeds = List.copyOf(seeds);
    runs = List.copyOf(runs);
  }

  /** Gathers a plan from layers; a later value replaces an earlier one. Not thread-safe. */
  public static final class Builder {
    private final Map<String, Object> shared = new LinkedHashMap<>();
    private final TreeMap<String, Object> sharedKnobs = new TreeMap<>();
    private final Map<String, Map<String, Object>> own = new TreeMap<>();
    private List<String> methods = List.of();
    private List<Long> seeds = List.of(1L);

    /**
     * Sets one key.
     *
     * @param key {@code methods}, {@code seeds}, a key of {@link RunConfig} for all runs, {@code
     *     settings.KNOB} for every method that has the knob, {@code METHOD.KNOB} or {@code
     *     METHOD.KEY} for one, or {@code METHOD} with a map of these
     * @throws IllegalArgumentException if there is no such key, or a method may not have it alone
     */
    public Builder set(String key, Object value) {
      int dot = key.indexOf('.');
      String first = dot < 0 ? key : key.substring(0, dot);
      if (key.equals(METHODS)) {
        methods = words(value);
      } else if (key.equals(SEEDS)) {
        seeds = numbers(value);
      } else if (key.equals("settings") && value instanceof Map<?, ?> knobs) {
        knobs.forEach((knob, v) -> sharedKnobs.put(String.valueOf(knob), v));
      } else if (key.startsWith(RunConfig.SETTINGS_PREFIX)) {
        sharedKnobs.put(key.substring(RunConfig.SETTINGS_PREFIX.length()), value);
      } else if (dot > 0) {
        known("method", first, Methods.names());
        setOwn(first, key.substring(dot + 1), value);
      } else if (Methods.names().contains(key) && value instanceof Map<?, ?> map) {
        map.forEach((k, v) -> setOwn(key, String.valueOf(k), v));
      } else if (key.equals("method") || key.equals("seed")) {
        throw new IllegalArgumentException(
            key + " is of one run; a comparison has " + key + "s, such as " + example(key));
      } else {
        RunConfig.builder().set(key, value); // the key and the kind of its value
        shared.put(key, value);
      }
      return this;
    }

    private static String example(String key) {
      return key.equals("method") ? "methods=finetune,wsn" : "seeds=1,2,3";
    }

    private void setOwn(String method, String key, Object value) {
      if (COMMON.contains(key)) {
        throw new IllegalArgumentException(
            method + "." + key + " would compare unlike runs; set " + key + " for all");
      }
      String full =
          RunConfig.keys().contains(key) || key.startsWith(RunConfig.SETTINGS_PREFIX)
              ? key
              : RunConfig.SETTINGS_PREFIX + key;
      RunConfig.builder().set(full, value);
      own.computeIfAbsent(method, m -> new TreeMap<>()).put(full, value);
    }

    /** Sets every key of a map; {@code source} opens the sentence of an error. */
    public Builder setAll(String source, Map<?, ?> values) {
      for (Map.Entry<?, ?> entry : values.entrySet()) {
        try {
          set(String.valueOf(entry.getKey()), entry.getValue());
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException(source + ": " + e.getMessage(), e);
        }
      }
      return this;
    }

    /** Lays the values of a YAML file over those so far, as {@link RunConfigYaml#apply} does. */
    public Builder apply(Path file) {
      RunConfigYaml.apply(file, this::setAll);
      return this;
    }

    /** Lays one {@code key=value} over those so far. */
    public Builder applyAssignment(String assignment) {
      RunConfigYaml.applyAssignment(assignment, this::set);
      return this;
    }

    /**
     * The plan, with every configuration checked.
     *
     * @throws IllegalArgumentException if there is no method or no seed, one is named twice or
     *     unknown, or a configuration does not suit its method
     */
    public ComparisonPlan build() {
      requireEach(METHODS, methods, "finetune,wsn; 'intarsia methods' lists them");
      requireEach(SEEDS, seeds, "1,2,3");
      methods.forEach(method -> known("method", method, Methods.names()));
      for (String method : own.keySet()) {
        if (!methods.contains(method)) {
          throw new IllegalArgumentException(
              "a setting is for method " + method + ", which is not compared; add it to --methods");
        }
      }
      requireOwner();
      Path out = RunConfig.builder().setAll("comparison", shared).build().out();
      if (out == null) {
        String stream = RunConfig.builder().setAll("comparison", shared).build().stream();
        out = Path.of("runs", "compare-" + stream);
      }
      List<RunConfig> runs = new ArrayList<>();
      for (String method : methods) {
        for (long seed : seeds) {
          runs.add(run(method, seed, out));
        }
      }
      return new ComparisonPlan(methods, seeds, out, runs);
    }

    private RunConfig run(String method, long seed, Path out) {
      RunConfigBuilder builder = RunConfig.builder().setAll("comparison", shared);
      builder.method(method).seed(seed).out(out.resolve(method + "-" + seed));
      RunConfig bare = builder.build();
      Set<String> knobs = knobs(bare);
      sharedKnobs.forEach(
          (knob, value) -> {
            if (knobs.contains(knob)) {
              builder.setting(knob, value);
            }
          });
      builder.setAll(method, own.getOrDefault(method, Map.of()));
      RunConfig config = builder.build().requireSettings(knobs);
      Methods.prepare(config); // the limits of the method's knobs
      return config;
    }

    /** Every shared knob must be somebody's, else it is a slip. */
    private void requireOwner() {
      Set<String> all = new TreeSet<>();
      for (String method : methods) {
        all.addAll(knobs(RunConfig.builder().method(method).build()));
      }
      for (String knob : sharedKnobs.keySet()) {
        known("setting of the methods compared", knob, all);
      }
    }

    /** The method's knobs, and those of any net. */
    private static Set<String> knobs(RunConfig config) {
      Set<String> knobs = new TreeSet<>(Methods.knobs(config).keySet());
      if (config.model() != null) {
        known("model", config.model(), Models.names());
        knobs.addAll(Models.settings(config.model()));
      } else {
        Models.names().forEach(model -> knobs.addAll(Models.settings(model)));
      }
      return knobs;
    }

    private static void known(String kind, String word, Iterable<String> words) {
      Set<String> all = new TreeSet<>();
      words.forEach(all::add);
      if (!all.contains(word)) {
        throw new IllegalArgumentException(Nearest.unknown(kind, word, all));
      }
    }

    private static void requireEach(String key, List<?> values, String example) {
      if (values.isEmpty()) {
        throw new IllegalArgumentException(
            key + " is empty; give at least one, such as " + example);
      }
      Set<Object> seen = new HashSet<>();
      for (Object value : values) {
        if (!seen.add(value)) {
          throw new IllegalArgumentException(
              key + " names " + value + " twice; each is run once, name it once");
        }
      }
    }

    /** The items of a list, or the parts of a text between commas; no empty ones. */
    private static List<String> words(Object value) {
      List<String> words = new ArrayList<>();
      if (value instanceof Iterable<?> items) {
        items.forEach(item -> words.add(String.valueOf(item).strip()));
      } else if (value != null) {
        words.addAll(List.of(String.valueOf(value).strip().split("\\s*,\\s*")));
      }
      words.removeIf(String::isEmpty);
      return words;
    }

    private static List<Long> numbers(Object value) {
      List<Long> numbers = new ArrayList<>();
      for (String word : words(value)) {
        numbers.add(RunConfig.builder().set("seed", word).build().seed());
      }
      return numbers;
    }
  }
}
