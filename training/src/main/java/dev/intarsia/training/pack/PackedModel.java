// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import dev.intarsia.PlaneShape;
import dev.intarsia.training.coding.BitString;
import dev.intarsia.training.coding.CorruptCodeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * One net and every task that was written on it. Tasks are only ever added, and adding one changes
 * nothing of those before. Not thread-safe.
 */
public final class PackedModel {
  private final Net net;
  private final List<PackedTask> tasks = new ArrayList<>();

  /** A model without tasks. */
  public PackedModel(Net net) {
    this.net = net;
  }

  /**
   * How the net is built again.
   *
   * @param model as {@code Models} knows it
   * @param width its setting of that name
   * @param channels C of an image
   * @param height H of an image
   * @param imageWidth W of an image
   */
  public record Net(String model, double width, int channels, int height, int imageWidth) {
    /** Checks that there is a name. */
    public Net {
      Objects.requireNonNull(model, "model");
    }
  }

  /** How the net is built again. */
  public Net net() {
    return net;
  }

  /** All tasks, in the order of learning; unmodifiable. */
  public List<PackedTask> tasks() {
    return List.copyOf(tasks);
  }

  /** Returns how many copies of the shared weights there are. */
  public int copies() {
    return tasks.stream().mapToInt(task -> task.copy() + 1).max().orElse(0);
  }

  /**
   * Adds a task.
   *
   * @throws IllegalArgumentException if its layers are not those of the tasks before, its copy is
   *     out of order, or a layer has more or fewer codes than weights it owns; nothing is added
   */
  public void add(PackedTask task) {
    if (task.copy() > copies()) {
      throw new IllegalArgumentException(
          "task '%s' is in copy %d, must be at most %d, a new one"
              .formatted(task.name(), task.copy(), copies()));
    }
    if (!tasks.isEmpty()) {
      requireSameLayers(tasks.get(0), task);
    }
    tasks.add(task);
    try {
      for (int layer = 0; layer < task.layers().size(); layer++) {
        requireCodes(task, layer);
      }
    } catch (RuntimeException e) {
      removeLast();
      throw e;
    }
  }

  /** Takes back the latest task, which could not be stored. */
  void removeLast() {
    tasks.remove(tasks.size() - 1);
  }

  private static void requireSameLayers(PackedTask first, PackedTask task) {
    List<PlaneShape> expected = first.layers().stream().map(PackedLayer::shape).toList();
    List<PlaneShape> given = task.layers().stream().map(PackedLayer::shape).toList();
    if (!given.equals(expected)) {
      throw new IllegalArgumentException(
          "task '%s' has layers %s, expected those of the first task, %s"
              .formatted(task.name(), given, expected));
    }
  }

  private void requireCodes(PackedTask task, int index) {
    PackedLayer layer = task.layers().get(index);
    int count = count(owned(tasks.size() - 1, index));
    byte[] codes;
    try {
      codes = BitString.unpack(layer.codes(), layer.bits(), count);
    } catch (CorruptCodeException e) {
      throw new IllegalArgumentException(
          "task '%s', layer %s: %s".formatted(task.name(), layer.name(), e.getMessage()), e);
    }
    for (byte code : codes) {
      if ((code & 0xFF) >= layer.codebook().length) {
        throw new IllegalArgumentException(
            "task '%s', layer %s: a code is %d, the codebook has %d centres"
                .formatted(task.name(), layer.name(), code & 0xFF, layer.codebook().length));
      }
    }
  }

  /**
   * Returns the mask words of the weights of a layer that a task owns: those of its mask that no
   * earlier task of its copy has in its own.
   */
  public int[] owned(int task, int layer) {
    PackedTask owner = tasks.get(task);
    int[] words = owner.layers().get(layer).mask().clone();
    for (PackedTask earlier : tasks.subList(0, task)) {
      if (earlier.copy() == owner.copy()) {
        int[] taken = earlier.layers().get(layer).mask();
        for (int i = 0; i < words.length; i++) {
          words[i] &= ~taken[i];
        }
      }
    }
    return words;
  }

  static int count(int[] words) {
    int count = 0;
    for (int word : words) {
      count += Integer.bitCount(word);
    }
    return count;
  }
}
