// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import dev.intarsia.ActivationShape;
import dev.intarsia.Conv2dShape;
import dev.intarsia.LinearShape;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The named problems times batches times directions; see {@code catalogue.txt}. */
final class Catalogue {
  private static final String FILE = "catalogue.txt";
  private static final int[] BATCHES = {1, 16, 64};
  private static final List<Direction> DIRECTIONS =
      List.of(
          Direction.FORWARD,
          Direction.BACKWARD_DATA,
          Direction.BACKWARD_WEIGHTS,
          Direction.BACKWARD_WEIGHTS_SCORES);

  /** Floats in and out; every contender has copies of them. */
  private static final long MOST_ACTIVATIONS = 56_000_000;

  private static final Pattern NUMBER = Pattern.compile("(n|r|c|i|o|keep=|bits=|k=)([0-9.]+)");

  private Catalogue() {}

  /**
   * A piece of work that has no data yet.
   *
   * @param id as {@link Work#id} will have it
   * @param make draws the data
   */
  record Entry(String id, Supplier<Work> make) {}

  /** Entries whose id a pattern finds, in the file's order. */
  static List<Entry> matching(Pattern pattern) {
    List<Entry> all = new ArrayList<>();
    for (String line : lines()) {
      String[] words = line.replaceFirst("#.*", "").strip().split("\\s+", 3);
      if (words.length == 3) {
        add(all, words[0], words[1], words[2]);
      }
    }
    return all.stream().filter(entry -> pattern.matcher(entry.id()).find()).toList();
  }

  private static void add(List<Entry> all, String kind, String name, String text) {
    switch (kind) {
      case "conv2d" -> {
        Conv2dShape shape = Conv2dShape.parse(text);
        for (int batch : BATCHES) {
          if (activations(shape.withN(batch)) > MOST_ACTIVATIONS) {
            break;
          }
          for (Direction direction : DIRECTIONS) {
            // Nobody asks for the gradient of the images.
            if (shape.c() > 3 || direction != Direction.BACKWARD_DATA) {
              all.add(
                  new Entry(
                      id("masked_conv2d", name, direction, batch),
                      () -> new ConvWork(name, shape.withN(batch), direction)));
            }
          }
        }
      }
      case "linear" -> {
        LinearShape shape = new LinearShape(1, (int) number(text, "i"), (int) number(text, "o"));
        for (int batch : BATCHES) {
          for (Direction direction : DIRECTIONS.subList(0, 3)) {
            all.add(
                new Entry(
                    id("masked_linear", name, direction, batch),
                    () -> new LinearWork(name, shape.withN(batch), direction)));
          }
        }
      }
      case "codes" -> {
        LinearShape shape = new LinearShape(1, (int) number(text, "i"), (int) number(text, "o"));
        int bits = (int) number(text, "bits=");
        for (int batch : BATCHES) {
          all.add(
              new Entry(
                  id("codebook_linear", name, Direction.FORWARD, batch),
                  () -> new CodebookWork(name, shape.withN(batch), bits)));
        }
      }
      case "conv-codes" -> {
        Conv2dShape shape = Conv2dShape.parse(text.replaceFirst(" bits=.*", ""));
        int bits = (int) number(text, "bits=");
        for (int batch : BATCHES) {
          all.add(
              new Entry(
                  id("codebook_conv2d", name, Direction.FORWARD, batch),
                  () -> new CodebookConvWork(name, shape.withN(batch), bits)));
        }
      }
      case "fit" ->
          all.add(
              new Entry(
                  id("codebook_fit", name, Direction.APPLY, 0),
                  () -> new FitWork(name, (int) number(text, "c"), (int) number(text, "k="))));
      case "plane" -> {
        int rows = (int) number(text, "r");
        int cols = (int) number(text, "c");
        for (PlaneWork.Pass pass : PlaneWork.Pass.values()) {
          all.add(
              new Entry(
                  id(pass.stem(), name, pass.direction(), 0),
                  () -> new PlaneWork(pass, name, rows, cols)));
        }
      }
      case "activations" -> {
        Conv2dShape source = Conv2dShape.parse(text + " o1k1");
        for (int batch : List.of(16, 64)) {
          ActivationShape shape = new ActivationShape(batch, source.c(), source.h(), source.w());
          for (ActivationWork.Pass pass : ActivationWork.Pass.values()) {
            all.add(
                new Entry(
                    id(pass.stem(), name, pass.direction(), batch),
                    () -> new ActivationWork(pass, name, shape)));
          }
        }
      }
      case "select" ->
          all.add(
              new Entry(
                  id("magnitude_threshold", name, Direction.SELECT, 0),
                  () -> new SelectWork(name, (int) number(text, "c"), 0.5)));
      case "step" -> {
        int batch = (int) number(text, "n");
        String[] parts = name.split(":");
        all.add(
            new Entry(
                id("train_step", name, Direction.STEP, batch),
                () -> new StepWork(parts[0], parts[1], number(text, "keep="), batch)));
      }
      default -> throw new IllegalStateException(FILE + " has a line of kind '" + kind + "'");
    }
  }

  private static long activations(Conv2dShape s) {
    return (long) s.n() * (s.c() * s.h() * s.w() + s.o() * s.oh() * s.ow());
  }

  private static String id(String benchmark, String problem, Direction direction, int batch) {
    return benchmark + "/" + problem + "/" + direction.word() + "/n" + batch;
  }

  private static double number(String text, String key) {
    Matcher matcher = NUMBER.matcher(text);
    while (matcher.find()) {
      if (matcher.group(1).equals(key)) {
        return Double.parseDouble(matcher.group(2));
      }
    }
    throw new IllegalStateException(FILE + ": '" + text + "' lacks " + key);
  }

  private static List<String> lines() {
    try (InputStream in = Catalogue.class.getResourceAsStream(FILE)) {
      return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
