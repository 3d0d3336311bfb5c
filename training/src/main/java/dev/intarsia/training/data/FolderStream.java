// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import dev.intarsia.training.data.ImageFolder.Split;
import java.nio.file.Path;
import java.util.List;

/** The stream over a user's own images; see {@link ImageFolder} for the layouts. */
final class FolderStream {
  private static final String FILES =
      "a folder or zip with train/<class>/* and test/<class>/*,"
          + " train/<class>/* and val/<class>/*, or <class>/*";
  private static final int FEW_CLASSES = 10;
  private static final int SMALL_IMAGE = 40;

  private FolderStream() {}

  static TaskStream open(String name, String description, StreamOptions options) {
    Path path = StreamFiles.path(name, options, FILES);
    Split split =
        ImageFolder.read(path, new ImageFolder.Options(options.imageSize(), 3, options.seed()));
    Dataset train = split.train();
    int classes = train.classes();
    int perTask = classes < 4 ? classes : classes <= FEW_CLASSES ? 2 : 5;
    ClassSplit cut = ClassSplit.of(name, classes, perTask, options);
    // No mirror images: the classes may be letters.
    Preprocessing preprocessing =
        Preprocessing.measured(train).augmented(Math.min(train.height(), train.width()) / 8, false);
    List<Task> tasks = cut.cut(train, split.test(), preprocessing, options);
    boolean small = Math.max(train.height(), train.width()) <= SMALL_IMAGE;
    return TaskStream.of(name, description, tasks, small ? "alexnet" : "resnet18");
  }
}
