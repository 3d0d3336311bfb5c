// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import dev.intarsia.training.Nearest;
import dev.intarsia.training.data.Dataset;
import dev.intarsia.training.data.ImageFiles;
import dev.intarsia.training.data.Streams;
import dev.intarsia.training.data.TaskStream;
import dev.intarsia.training.pack.PackFile;
import dev.intarsia.training.pack.PackedModel;
import dev.intarsia.training.run.Experiment;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunConfigBuilder;
import dev.intarsia.training.run.RunConfigYaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What {@code predict} is asked.
 *
 * @param names of the images, for people
 * @param pixels [N, C, H, W], unsigned bytes
 * @param tasks [N], the task to answer each as
 * @param labels name of the right class where one is known, else no class's name
 */
record Questions(List<String> names, byte[] pixels, int[] tasks, List<String> labels) {

  /** The images of a folder or zip; each as {@code task}, or as the file of tasks says. */
  static Questions ofImages(PackFile file, String task, Path tasks, Path data) {
    PackedModel.Net net = file.net();
    Map<String, Integer> given = tasks == null ? Map.of() : read(file, tasks);
    ImageFiles images = ImageFiles.read(data, net.channels(), net.height(), net.imageWidth());
    int[] asked = new int[images.files().size()];
    if (tasks == null) {
      Arrays.fill(asked, index(file, task));
    } else {
      Arrays.setAll(asked, i -> taskOf(images.files().get(i), given, tasks));
    }
    return new Questions(
        images.files(),
        images.pixels(),
        asked,
        IntStream.range(0, asked.length).mapToObj(images::folder).toList());
  }

  private static int taskOf(String name, Map<String, Integer> given, Path tasks) {
    Integer task = given.get(name);
    if (task == null) {
      throw new IllegalArgumentException(
          "--tasks " + tasks + " has no line for '" + name + "'; add 'file,task' for each image");
    }
    return task;
  }

  private static Map<String, Integer> read(PackFile file, Path tasks) {
    try {
      Map<String, Integer> given = new HashMap<>();
      for (String line : Files.readAllLines(tasks)) {
        List<String> cells = Csv.cells(line);
        if (cells.size() >= 2 && !line.startsWith("file,task")) {
          given.put(cells.get(0), index(file, cells.get(1).strip()));
        } else if (!line.isBlank() && cells.size() < 2) {
          throw new IllegalArgumentException(
              "--tasks " + tasks + ": line '" + line + "' is not 'file,task'");
        }
      }
      return given;
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "--tasks " + tasks + " cannot be read (" + e + "); check the path", e);
    }
  }

  /** The test images of a stream's task. */
  static Questions ofStream(
      PackFile file, int task, String stream, Path data, List<String> assignments) {
    Failures.requireKnown("stream", stream, Streams.names());
    RunConfigBuilder builder = RunConfig.builder().set("stream", stream);
    String seed = file.provenance(task).get("seed");
    if (seed != null && seed.matches("-?\\d{1,18}")) {
      builder.set("seed", Long.parseLong(seed));
    }
    if (data != null) {
      builder.set("data", data);
    }
    assignments.forEach(assignment -> RunConfigYaml.applyAssignment(assignment, builder));
    TaskStream opened = Streams.open(stream, Experiment.options(builder.build()));
    PackedModel.Net net = file.net();
    if (opened.channels() != net.channels()
        || opened.height() != net.height()
        || opened.width() != net.imageWidth()
        || task >= opened.tasks().size()) {
      throw new IllegalArgumentException(
          "stream '%s' has %d tasks of %d x %d x %d pixels, the pack's net reads %d x %d x %d; %s"
              .formatted(
                  stream,
                  opened.tasks().size(),
                  opened.channels(),
                  opened.height(),
                  opened.width(),
                  net.channels(),
                  net.height(),
                  net.imageWidth(),
                  "name the stream, and --set what the run had set"));
    }
    Dataset test = opened.tasks().get(task).test();
    byte[] pixels = new byte[Math.multiplyExact(test.size(), test.imageLength())];
    List<String> names = new ArrayList<>();
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < test.size(); i++) {
      test.copyPixels(i, pixels, i * test.imageLength());
      names.add(test.name() + " " + i);
      labels.add(test.classNames().get(test.label(i)));
    }
    int[] tasks = new int[test.size()];
    Arrays.fill(tasks, task);
    return new Questions(names, pixels, tasks, labels);
  }

  /** The task of an index or a name. */
  static int index(PackFile file, String task) {
    List<String> names = IntStream.range(0, file.tasks()).mapToObj(file::name).toList();
    int index = names.indexOf(task);
    if (index >= 0) {
      return index;
    }
    if (!task.matches("\\d{1,9}")) {
      throw new IllegalArgumentException(Nearest.unknown("task", task, names));
    }
    index = Integer.parseInt(task);
    if (index >= file.tasks()) {
      throw new IllegalArgumentException(
          "--task is %d, must be from 0 to %d: %s"
              .formatted(index, file.tasks() - 1, String.join(", ", names)));
    }
    return index;
  }
}
