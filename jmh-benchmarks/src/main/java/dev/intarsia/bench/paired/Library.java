// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import java.util.List;

/**
 * Somebody who can do the work: this library, or a peer found through {@link
 * java.util.ServiceLoader}. Loaded before anything is timed.
 */
public interface Library extends AutoCloseable {
  /** Name and version, for the report. */
  String version();

  /** Fixes instruction set and threads for all work to come. */
  void open(Settings settings);

  /** Makes contenders; none for work that the library does not know. */
  List<Contender> contenders(Work work);

  @Override
  default void close() {}

  /**
   * What holds for a whole run.
   *
   * @param isa {@code avx512}, {@code avx2} or {@code scalar}
   * @param threads CPU threads
   */
  record Settings(String isa, int threads) {}
}
