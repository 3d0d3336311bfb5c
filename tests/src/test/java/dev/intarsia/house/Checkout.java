// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.house;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * The sources these tests were built from; without them, as in a bundle, house tests are skipped.
 */
final class Checkout {
  private Checkout() {}

  /** Returns the top folder, or ends the test as skipped. */
  static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (folder != null && !Files.exists(folder.resolve("native/src/ops.inc"))) {
      folder = folder.getParent();
    }
    Assumptions.assumeTrue(folder != null, "no checkout around the working directory");
    return folder;
  }

  /** Returns the files under a folder that match, sorted; none if there is no such folder. */
  static List<Path> files(String folder, Predicate<Path> wanted) {
    Path start = root().resolve(folder);
    if (!Files.isDirectory(start)) {
      return List.of();
    }
    try (Stream<Path> paths = Files.walk(start)) {
      return paths
          .filter(path -> !inBuildFolder(start.relativize(path)))
          .filter(Files::isRegularFile)
          .filter(wanted)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean inBuildFolder(Path path) {
    for (Path name : path) {
      if (List.of("target", ".git", ".idea", "runs").contains(name.toString())) {
        return true;
      }
    }
    return false;
  }

  /** Returns the files under a folder whose name ends so. */
  static List<Path> files(String folder, String suffix) {
    return files(folder, path -> path.toString().endsWith(suffix));
  }

  static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(file + " is not UTF-8 text", e);
    }
  }

  static String text(String file) {
    return text(root().resolve(file));
  }

  /** Returns Java or C++ without its comments; strings are short here and hold none. */
  static String code(Path file) {
    return text(file).replaceAll("(?s)/\\*.*?\\*/", "").replaceAll("(?m)//.*$", "");
  }

  /** Returns the name of a file without its last suffix. */
  static String stem(Path file) {
    return file.getFileName().toString().replaceFirst("\\.[^.]*$", "");
  }
}
