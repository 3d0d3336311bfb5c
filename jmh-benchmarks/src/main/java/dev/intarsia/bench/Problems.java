// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.ActivationShape;
import dev.intarsia.Conv2dShape;
import dev.intarsia.LinearShape;
import dev.intarsia.PlaneShape;
import dev.intarsia.Pool2dShape;
import dev.intarsia.Upsample2dShape;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The named problems: the tests' file, so that a problem has one name everywhere. */
final class Problems {
  private static final Pattern FIELD = Pattern.compile("([a-z])(\\d+)(?:x\\d+)?");

  private Problems() {}

  static Conv2dShape conv2d(String name) {
    return Conv2dShape.parse(shape("conv2d", name));
  }

  static LinearShape linear(String name) {
    Map<Character, Integer> s = sizes("linear", name);
    return new LinearShape(s.get('n'), s.get('i'), s.get('o'));
  }

  static PlaneShape plane(String name) {
    Map<Character, Integer> s = sizes("plane", name);
    return new PlaneShape(s.get('r'), s.get('c'));
  }

  /** Logits: i classes, and as many results. */
  static LinearShape classes(String name) {
    Map<Character, Integer> s = sizes("classes", name);
    return new LinearShape(s.get('n'), s.get('i'), s.get('i'));
  }

  static ActivationShape activations(String name) {
    Map<Character, Integer> s = sizes("activations", name);
    return new ActivationShape(s.get('n'), s.get('c'), s.get('h'), s.get('w'));
  }

  /** Logits of every pixel: c classes. */
  static ActivationShape pixels(String name) {
    Map<Character, Integer> s = sizes("pixels", name);
    return new ActivationShape(s.get('n'), s.get('c'), s.get('h'), s.get('w'));
  }

  static Upsample2dShape upsample2d(String name) {
    Map<Character, Integer> s = sizes("upsample2d", name);
    return new Upsample2dShape(
        s.get('n'), s.get('c'), s.get('h'), s.get('w'), s.get('u'), s.get('u'));
  }

  static Pool2dShape pool2d(String name) {
    Map<Character, Integer> s = sizes("pool2d", name);
    return Pool2dShape.square(
        s.get('n'),
        s.get('c'),
        s.get('h'),
        s.get('w'),
        s.get('k'),
        s.getOrDefault('s', 1),
        s.getOrDefault('p', 0));
  }

  private static Map<Character, Integer> sizes(String kind, String name) {
    Map<Character, Integer> sizes = new HashMap<>();
    Matcher matcher = FIELD.matcher(shape(kind, name));
    while (matcher.find()) {
      sizes.put(matcher.group(1).charAt(0), Integer.valueOf(matcher.group(2)));
    }
    return sizes;
  }

  /** The words of a line after kind and name that are not {@code key=value}. */
  private static String shape(String kind, String name) {
    for (String line : lines()) {
      List<String> words = Arrays.asList(line.replaceFirst("#.*", "").strip().split("\\s+"));
      if (words.size() > 2 && words.get(0).equals(kind) && words.get(1).equals(name)) {
        List<String> shape =
            words.subList(2, words.size()).stream().filter(word -> !word.contains("=")).toList();
        return String.join(" ", shape);
      }
    }
    throw new IllegalArgumentException(
        "problems.txt has no " + kind + " problem named '" + name + "'");
  }

  private static List<String> lines() {
    try (InputStream in = Problems.class.getResourceAsStream("/problems.txt")) {
      if (in == null) {
        throw new IllegalStateException("problems.txt is not on the class path");
      }
      return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
