// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.peers;

import java.io.IOException;
import org.bytedeco.javacpp.Loader;

/** Versions of the presets, as their jars tell them. */
final class Versions {
  private Versions() {}

  static String of(String name, String artifact) {
    try {
      return name + " " + Loader.getVersion("org.bytedeco", artifact);
    } catch (IOException e) {
      return name;
    }
  }
}
