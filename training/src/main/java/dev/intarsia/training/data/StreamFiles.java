// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Where a stream finds its files. */
final class StreamFiles {
  private StreamFiles() {}

  /** The data path, which must be given. */
  static Path path(String stream, StreamOptions options, String files) {
    if (options.data() == null) {
      throw new IllegalArgumentException(
          "stream '%s' reads files and no --data was given; give %s".formatted(stream, files));
    }
    return options.data();
  }

  /** The data path, which must be given and a folder. */
  static Path folder(String stream, StreamOptions options, String files) {
    Path folder = path(stream, options, "a folder with " + files);
    if (!Files.isDirectory(folder)) {
      throw new DataException(
          folder,
          Files.exists(folder) ? "is a file, expected a folder" : "no such folder",
          "stream '%s' looks there for %s".formatted(stream, files));
    }
    return folder;
  }

  /** The files whose names match, sorted; of {@code x} and {@code x.gz} only the plain one. */
  static List<Path> matching(Path folder, Pattern name, String files) {
    try (Stream<Path> list = Files.list(folder)) {
      List<Path> found =
          list.filter(path -> name.matcher(path.getFileName().toString()).matches())
              .filter(path -> !hasPlainTwin(path))
              .sorted()
              .toList();
      if (found.isEmpty()) {
        throw new DataException(folder, "has no file matching " + name, "it should hold " + files);
      }
      return found;
    } catch (IOException e) {
      throw new DataException(folder, "cannot be listed (" + e + ")", "check permissions", e);
    }
  }

  private static boolean hasPlainTwin(Path path) {
    String text = path.getFileName().toString();
    return text.endsWith(".gz")
        && Files.exists(path.resolveSibling(text.substring(0, text.length() - ".gz".length())));
  }

  /** The non-blank lines of a names file, or the fallback where there is no such file. */
  static List<String> names(Path file, int count, List<String> fallback) {
    if (!Files.exists(file)) {
      return fallback;
    }
    try (Stream<String> lines = Files.lines(file)) {
      List<String> names = lines.map(String::strip).filter(line -> !line.isEmpty()).toList();
      if (names.size() != count) {
        throw new DataException(
            file, "has %d names, expected %d".formatted(names.size(), count), "remove or mend it");
      }
      return names;
    } catch (IOException e) {
      throw new DataException(file, "cannot be read (" + e + ")", "check permissions", e);
    }
  }

  /** Image files: the data path itself, or the one zip in it. */
  static Path images(String stream, StreamOptions options, String files) {
    Path path = path(stream, options, files);
    if (!Files.isDirectory(path)) {
      return path;
    }
    try (Stream<Path> list = Files.list(path)) {
      List<Path> zips = list.filter(file -> file.toString().endsWith(".zip")).sorted().toList();
      if (zips.size() > 1) {
        throw new DataException(path, "has " + zips.size() + " zips", "name one of them");
      }
      return zips.isEmpty() ? path : zips.get(0);
    } catch (IOException e) {
      throw new DataException(path, "cannot be listed (" + e + ")", "check permissions", e);
    }
  }

  /** A file of a folder, or the same with {@code .gz}. */
  static Path plainOrPacked(Path folder, String name, String files) {
    Path plain = folder.resolve(name);
    Path packed = folder.resolve(name + ".gz");
    if (Files.exists(plain)) {
      return plain;
    }
    if (Files.exists(packed)) {
      return packed;
    }
    throw new DataException(folder, "has no " + name + "[.gz]", "it should hold " + files);
  }
}
