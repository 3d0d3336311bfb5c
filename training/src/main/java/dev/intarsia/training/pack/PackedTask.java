// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import dev.intarsia.training.data.Preprocessing;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What one task stored: enough, with the tasks before it in the same copy, to answer as it.
 *
 * @param name of the task
 * @param classNames one per output of the head
 * @param preprocessing how its pixels become numbers
 * @param copy which set of shared weights it lives in, from 0; a new one is the number of those
 *     before
 * @param layers one per shared parameter, from input to output
 * @param head [classes, features]
 * @param norms normalisation parameters and statistics, as {@code Network.norms} orders them
 * @param replay what routing keeps of its images, [values]; empty if nothing
 * @param provenance where it comes from, text by key: method, seed, stream, version
 */
public record PackedTask(
    String name,
    List<String> classNames,
    Preprocessing preprocessing,
    int copy,
    List<PackedLayer> layers,
    float[] head,
    List<float[]> norms,
    float[] replay,
    Map<String, String> provenance) {

  /** Copies the lists; arrays are handed over. */
  public PackedTask {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(preprocessing, "preprocessing");
    classNames = List.copyOf(classNames);
    layers = List.copyOf(layers);
    norms = List.copyOf(norms);
    provenance = Map.copyOf(provenance);
    if (copy < 0) {
      throw new IllegalArgumentException("task '" + name + "' is in copy " + copy + ", below 0");
    }
  }
}
