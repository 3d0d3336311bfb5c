// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.ActivationShape;
import dev.intarsia.Conv2dShape;
import dev.intarsia.CounterRandom;
import dev.intarsia.LinearShape;
import dev.intarsia.PlaneShape;
import dev.intarsia.Pool2dShape;
import dev.intarsia.Upsample2dShape;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The named problems of problems.txt, on as few images as a test can afford, and random ones. */
final class Problems {
  /** Seed of all inputs and random problems; another one with {@code -Dintarsia.seed=N}. */
  static final long SEED = Long.getLong("intarsia.seed", 1);

  private static final int RANDOM_PROBLEMS = 6;
  private static final long MOST_PRODUCTS = 20_000_000; // of one reference call
  private static final double DEFAULT_DENSITY = 0.5;
  private static final Pattern FIELD = Pattern.compile("([a-z])(\\d+)(?:x(\\d+))?");
  private static final Pattern RANGE = Pattern.compile("(\\d+)-(\\d+)");

  private Problems() {}

  /** One line of the file, cut into its words. */
  private record Line(String kind, String name, String shape, String mask, String range) {
    double density() {
      return mask == null
          ? DEFAULT_DENSITY
          : mask.equals("none") ? Double.NaN : Double.parseDouble(mask);
    }

    /** Number {@code part} (0 or 1) of a letter of the shape. */
    int size(char letter, int part, int otherwise) {
      Matcher matcher = FIELD.matcher(shape);
      while (matcher.find()) {
        if (matcher.group(1).charAt(0) == letter) {
          String text = part == 1 && matcher.group(3) != null ? matcher.group(3) : matcher.group(2);
          return Integer.parseInt(text);
        }
      }
      return otherwise;
    }

    int size(char letter) {
      return size(letter, 0, 0);
    }
  }

  private static final List<Line> LINES = read();

  private static List<Line> read() {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(
                    Problems.class.getResourceAsStream("/problems.txt"), "no problems.txt"),
                StandardCharsets.UTF_8))) {
      return reader
          .lines()
          .map(line -> line.replaceFirst("#.*", "").strip())
          .filter(line -> !line.isEmpty())
          .map(Problems::line)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Line line(String text) {
    List<String> shape = new ArrayList<>();
    String mask = null;
    String range = null;
    String[] words = text.split("\\s+");
    for (String word : List.of(words).subList(2, words.length)) {
      if (word.startsWith("mask=")) {
        mask = word.substring("mask=".length());
      } else if (word.startsWith("range=")) {
        range = word.substring("range=".length());
      } else {
        shape.add(word);
      }
    }
    return new Line(words[0], words[1], String.join(" ", shape), mask, range);
  }

  static List<Problem<Conv2dShape>> conv2d() {
    List<Problem<Conv2dShape>> problems =
        of(
            "conv2d",
            line -> {
              Conv2dShape s = Conv2dShape.parse(line.shape());
              long products = (long) s.o() * s.oh() * s.ow() * s.reductionLength();
              return s.withN(affordable(s.n(), products));
            });
    addRandom(problems, "conv2d", Problems::randomConv2d);
    return problems;
  }

  static List<Problem<LinearShape>> linear() {
    List<Problem<LinearShape>> problems =
        of(
            "linear",
            line -> {
              LinearShape s = new LinearShape(line.size('n'), line.size('i'), line.size('o'));
              return s.withN(affordable(s.n(), (long) s.i() * s.o()));
            });
    addRandom(
        problems,
        "linear",
        (random, index) ->
            new LinearShape(
                1 + random.nextInt(40), 1 + random.nextInt(150), 1 + random.nextInt(40)));
    return problems;
  }

  static List<Problem<PlaneShape>> planes() {
    List<Problem<PlaneShape>> problems =
        of("plane", line -> new PlaneShape(line.size('r'), line.size('c')));
    addRandom(
        problems,
        "plane",
        (random, index) -> new PlaneShape(1 + random.nextInt(30), 1 + random.nextInt(300)));
    return problems;
  }

  static List<Problem<Pool2dShape>> pools() {
    List<Problem<Pool2dShape>> problems =
        of(
            "pool2d",
            line ->
                new Pool2dShape(
                    affordable(line.size('n'), (long) line.size('c') * line.size('h') * 256),
                    line.size('c'),
                    line.size('h'),
                    line.size('w'),
                    line.size('k'),
                    line.size('k', 1, 1),
                    line.size('s', 0, 1),
                    line.size('s', 1, 1),
                    line.size('p', 0, 0),
                    line.size('p', 1, 0)));
    addRandom(problems, "pool2d", Problems::randomPool2d);
    return problems;
  }

  static List<Problem<Upsample2dShape>> upsamplings() {
    List<Problem<Upsample2dShape>> problems =
        of(
            "upsample2d",
            line ->
                new Upsample2dShape(
                    affordable(line.size('n'), (long) line.size('c') * line.size('h') * 65536),
                    line.size('c'),
                    line.size('h'),
                    line.size('w'),
                    line.size('u'),
                    line.size('u', 1, 1)));
    addRandom(
        problems,
        "upsample2d",
        (random, index) ->
            new Upsample2dShape(
                1 + random.nextInt(20),
                1 + random.nextInt(5),
                1 + random.nextInt(6),
                1 + random.nextInt(6),
                1 + random.nextInt(4),
                1 + random.nextInt(4)));
    return problems;
  }

  /** Logits of every pixel. */
  static List<Problem<ActivationShape>> pixels() {
    List<Problem<ActivationShape>> problems =
        of(
            "pixels",
            line ->
                new ActivationShape(
                    line.size('n'), line.size('c'), line.size('h'), line.size('w')));
    addRandom(
        problems,
        "pixels",
        (random, index) ->
            new ActivationShape(
                1 + random.nextInt(33),
                1 + random.nextInt(9),
                1 + random.nextInt(7),
                1 + random.nextInt(7)));
    return problems;
  }

  static List<Problem<ActivationShape>> activations() {
    List<Problem<ActivationShape>> problems =
        of(
            "activations",
            line ->
                new ActivationShape(
                    affordable(line.size('n'), (long) line.size('c') * line.size('h') * 1024),
                    line.size('c'),
                    line.size('h'),
                    line.size('w')));
    addRandom(
        problems,
        "activations",
        (random, index) ->
            new ActivationShape(
                2 + random.nextInt(33),
                1 + random.nextInt(9),
                1 + random.nextInt(7),
                1 + random.nextInt(7)));
    return problems;
  }

  static List<Problem<Problem.Classes>> classes() {
    List<Problem<Problem.Classes>> problems =
        of(
            "classes",
            line -> {
              Matcher range = RANGE.matcher(line.range());
              if (!range.matches()) {
                throw new IllegalArgumentException(line + ": range is not FIRST-COUNT");
              }
              return new Problem.Classes(
                  line.size('n'), line.size('i'),
                  Integer.parseInt(range.group(1)), Integer.parseInt(range.group(2)));
            });
    addRandom(
        problems,
        "classes",
        (random, index) -> {
          int classes = 2 + random.nextInt(40);
          int first = random.nextInt(classes);
          return new Problem.Classes(
              1 + random.nextInt(40), classes, first, 1 + random.nextInt(classes - first));
        });
    return problems;
  }

  private static Conv2dShape randomConv2d(CounterRandom random, int index) {
    int groups = 1 + random.nextInt(3);
    int kh = 1 + random.nextInt(4);
    int kw = 1 + random.nextInt(4);
    int dilationH = 1 + random.nextInt(2);
    int dilationW = 1 + random.nextInt(2);
    return new Conv2dShape(
        1 + random.nextInt(20),
        groups * (1 + random.nextInt(5)),
        dilationH * (kh - 1) + 1 + random.nextInt(9),
        dilationW * (kw - 1) + 1 + random.nextInt(9),
        groups * (1 + random.nextInt(6)),
        kh,
        kw,
        1 + random.nextInt(3),
        1 + random.nextInt(3),
        random.nextInt(4),
        random.nextInt(4),
        dilationH,
        dilationW,
        groups);
  }

  private static Pool2dShape randomPool2d(CounterRandom random, int index) {
    int kh = 1 + random.nextInt(4);
    int kw = 1 + random.nextInt(4);
    return new Pool2dShape(
        1 + random.nextInt(20),
        1 + random.nextInt(5),
        kh + random.nextInt(9),
        kw + random.nextInt(9),
        kh,
        kw,
        1 + random.nextInt(3),
        1 + random.nextInt(3),
        random.nextInt(kh),
        random.nextInt(kw));
  }

  private static <S> List<Problem<S>> of(String kind, Function<Line, S> shape) {
    List<Problem<S>> problems = new ArrayList<>();
    for (Line line : LINES) {
      if (line.kind().equals(kind)) {
        problems.add(new Problem<>(line.name(), shape.apply(line), line.density()));
      }
    }
    return problems;
  }

  private static <S> void addRandom(
      List<Problem<S>> problems, String kind, BiFunction<CounterRandom, Integer, S> shape) {
    for (int i = 0; i < RANDOM_PROBLEMS; i++) {
      CounterRandom random = CounterRandom.of(SEED, "problem " + kind, i);
      double density = random.nextInt(9) / 8.0;
      problems.add(new Problem<>("random:" + SEED + "." + i, shape.apply(random, i), density));
    }
  }

  /** Fewer images where the reference would take seconds; at least one. */
  private static int affordable(int n, long productsPerImage) {
    return (int) Math.max(1, Math.min(n, MOST_PRODUCTS / productsPerImage));
  }
}
