// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.BiConsumer;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Reads configuration files: YAML 1.2 with the keys of {@link RunConfig}. JSON is YAML, so the
 * {@code config} object of a {@code results.json}, saved by itself, is such a file too.
 */
public final class RunConfigYaml {
  private static final long MAX_FILE_BYTES = 1 << 20;

  private RunConfigYaml() {}

  /**
   * Lays the values of a file over those in {@code builder}.
   *
   * @throws IllegalArgumentException when the file is missing, is not YAML, has an unknown key or a
   *     value of the wrong kind; the sentence names file and remedy
   */
  public static void apply(Path file, RunConfigBuilder builder) {
    apply(file, builder::setAll);
  }

  /**
   * Passes the values of a file on.
   *
   * @param setAll takes the file's name, for its errors, and the values
   * @throws IllegalArgumentException when the file is missing or is not YAML, or as {@code setAll}
   */
  static void apply(Path file, BiConsumer<String, Map<?, ?>> setAll) {
    Object document = parse(file.toString(), read(file));
    if (document == null) {
      return;
    }
    if (!(document instanceof Map<?, ?> values)) {
      throw new IllegalArgumentException(
          file + ": expected lines such as 'epochs: 3', found one " + kind(document));
    }
    setAll.accept(file.toString(), values);
  }

  /**
   * Lays one {@code key=value} over those in {@code builder}; the value is read as YAML, so {@code
   * 3} is a number and {@code true} a boolean.
   */
  public static void applyAssignment(String assignment, RunConfigBuilder builder) {
    applyAssignment(assignment, builder::set);
  }

  static void applyAssignment(String assignment, BiConsumer<String, Object> set) {
    int equals = assignment.indexOf('=');
    if (equals <= 0) {
      throw new IllegalArgumentException(
          "--set " + assignment + ": expected key=value, such as epochs=3 or settings.keep=0.5");
    }
    String key = assignment.substring(0, equals).strip();
    Object value = parse("--set " + assignment, assignment.substring(equals + 1));
    try {
      set.accept(key, value);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("--set " + assignment + ": " + e.getMessage(), e);
    }
  }

  private static String read(Path file) {
    try {
      if (!Files.isRegularFile(file)) {
        throw new IllegalArgumentException(
            "config file " + file + " does not exist; check --config");
      }
      long size = Files.size(file);
      if (size > MAX_FILE_BYTES) {
        throw new IllegalArgumentException(
            "config file "
                + file
                + " has "
                + size
                + " bytes, more than "
                + MAX_FILE_BYTES
                + "; is it a configuration?");
      }
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(
          "config file " + file + " is not UTF-8 text; is it a configuration?", e);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "config file " + file + " cannot be read (" + e.getMessage() + ")", e);
    }
  }

  private static Object parse(String source, String yaml) {
    LoadSettings settings = LoadSettings.builder().setAllowDuplicateKeys(false).build();
    try {
      return new Load(settings).loadFromString(yaml);
    } catch (MarkedYamlEngineException e) {
      throw new IllegalArgumentException(
          source
              + e.getProblemMark().map(RunConfigYaml::where).orElse("")
              + ": not YAML: "
              + e.getProblem(),
          e);
    } catch (YamlEngineException e) {
      throw new IllegalArgumentException(source + ": not YAML: " + e.getMessage(), e);
    }
  }

  private static String where(Mark mark) {
    return ", line " + (mark.getLine() + 1) + ", column " + (mark.getColumn() + 1);
  }

  private static String kind(Object document) {
    return document instanceof Iterable<?> ? "list" : "value '" + document + "'";
  }
}
