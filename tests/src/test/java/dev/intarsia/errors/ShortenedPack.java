// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.errors;

import dev.intarsia.PlaneShape;
import dev.intarsia.training.data.DataException;
import dev.intarsia.training.data.Preprocessing;
import dev.intarsia.training.pack.PackFile;
import dev.intarsia.training.pack.PackedLayer;
import dev.intarsia.training.pack.PackedModel;
import dev.intarsia.training.pack.PackedTask;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;

/**
 * A process whose packs are shortened by another hand while they are mapped. Prints how many of the
 * reads after that ended in a sentence.
 */
final class ShortenedPack {
  static final int ROUNDS = 20;

  private static final int VALUES = 50_000;
  private static final int KEPT = 2048; // frames and headers

  private ShortenedPack() {}

  /** The folder to write into. */
  public static void main(String[] args) throws IOException {
    int sentences = 0;
    for (int round = 0; round < ROUNDS; round++) {
      Path path = Path.of(args[0], round + ".itp");
      PackFile.create(path, new PackedModel.Net("mlp", 1, 1, 2, 2)).append(task());
      PackFile.open(path).task(0);
      PackFile mapped = PackFile.open(path);
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.truncate(KEPT);
      }
      try {
        mapped.task(0);
      } catch (DataException e) {
        sentences += e.getMessage().contains("was shortened while it was in use") ? 1 : 0;
      }
    }
    System.out.println(sentences);
  }

  private static PackedTask task() {
    PlaneShape shape = new PlaneShape(1, 4);
    PackedLayer layer =
        new PackedLayer("fc1.weights", shape, 1, new int[1], 1, new float[0], new byte[0]);
    return new PackedTask(
        "cut",
        List.of("a", "b"),
        Preprocessing.normalising(new float[1], new float[] {1}),
        0,
        List.of(layer),
        new float[VALUES],
        List.of(),
        new float[VALUES],
        Map.of());
  }
}
