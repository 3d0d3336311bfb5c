// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * The files under a folder or in a zip, by their paths relative to it, {@code /} between the parts,
 * in the order of their characters. Hidden files and the resource forks of {@code __MACOSX} are
 * left out. Nothing is ever unpacked to disk.
 */
final class FileTree implements Closeable {
  /** The most bytes one file may have, packed or not: what a zip bomb cannot get past. */
  static final int MAX_FILE_BYTES = 64 << 20;

  private static final int MAX_FILES = 5_000_000;

  private final Path root;
  private final ZipFile zip; // null for a folder
  private final TreeMap<String, String> entries; // path -> entry name or file path

  private FileTree(Path root, ZipFile zip, Map<String, String> entries) {
    this.root = root;
    this.zip = zip;
    this.entries = new TreeMap<>(entries);
  }

  static FileTree open(Path root) {
    if (Files.isDirectory(root)) {
      return ofFolder(root);
    }
    if (!Files.isRegularFile(root)) {
      throw new DataException(root, "no such folder or zip", "check the path");
    }
    try {
      ZipFile zip = new ZipFile(root.toFile());
      if (zip.size() > MAX_FILES) {
        zip.close();
        throw tooMany(root);
      }
      Map<String, String> entries = new HashMap<>();
      zip.stream()
          .filter(entry -> !entry.isDirectory())
          .map(ZipEntry::getName)
          .filter(FileTree::visible)
          .forEach(name -> entries.put(name, name));
      return new FileTree(root, zip, entries);
    } catch (IOException e) {
      throw new DataException(
          root,
          "is neither a folder nor a readable zip (" + e.getMessage() + ")",
          "give a folder of class folders or a zip of one",
          e);
    }
  }

  private static FileTree ofFolder(Path root) {
    Map<String, String> entries = new HashMap<>();
    try (Stream<Path> walk = Files.walk(root, FileVisitOption.FOLLOW_LINKS)) {
      walk.filter(Files::isRegularFile)
          .forEach(
              file -> {
                String path = root.relativize(file).toString().replace('\\', '/');
                if (visible(path)) {
                  entries.put(path, file.toString());
                  if (entries.size() > MAX_FILES) {
                    throw tooMany(root);
                  }
                }
              });
    } catch (IOException | UncheckedIOException e) {
      throw new DataException(
          root, "cannot be listed (" + e.getMessage() + ")", "check its permissions", e);
    }
    return new FileTree(root, null, entries);
  }

  private static DataException tooMany(Path root) {
    return new DataException(
        root, "more than " + MAX_FILES + " files", "give a folder of images alone");
  }

  private static boolean visible(String path) {
    return !path.startsWith(".") && !path.contains("/.") && !path.startsWith("__MACOSX/");
  }

  /** All paths, sorted. */
  List<String> paths() {
    return List.copyOf(entries.keySet());
  }

  boolean contains(String path) {
    return entries.containsKey(path);
  }

  /** A path as a message should show it. */
  String display(String path) {
    return zip == null ? entries.get(path) : root + "!" + path;
  }

  /** The content of one file. */
  byte[] bytes(String path) {
    try (InputStream stream = stream(path)) {
      byte[] content = stream.readNBytes(MAX_FILE_BYTES + 1);
      if (content.length > MAX_FILE_BYTES) {
        throw new DataException(
            display(path),
            "unpacks to more than %d MiB".formatted(MAX_FILE_BYTES >> 20),
            "an image must be smaller, remove the file");
      }
      return content;
    } catch (IOException e) {
      throw new DataException(
          display(path), "cannot be read (" + e.getMessage() + ")", "fetch the data again", e);
    }
  }

  private InputStream stream(String path) throws IOException {
    String entry = entries.get(path);
    return zip == null
        ? Files.newInputStream(Path.of(entry))
        : zip.getInputStream(zip.getEntry(entry));
  }

  @Override
  public void close() {
    if (zip != null) {
      try {
        zip.close();
      } catch (IOException e) {
        throw new DataException(root, "cannot be closed (" + e + ")", "check the disk", e);
      }
    }
  }
}
