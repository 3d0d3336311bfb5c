// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

/** One implementation of one piece of work, ready to run. Closing frees it. */
public interface Contender extends AutoCloseable {
  /**
   * Name in tables. Contenders of one library that differ in layout alone share a name and are told
   * apart by {@link #variety}: the fastest of them stands for the name.
   */
  String name();

  /** Layout or algorithm and why it was chosen, for people. */
  default String variety() {
    return "";
  }

  /** What of the weights it multiplies by. */
  Structure structure();

  /** Whether it keeps to one thread in a run of several: what a speed-up is measured against. */
  default boolean oneThread() {
    return false;
  }

  /** Most relative error; above the usual where the contender rounds more by design. */
  default double bound() {
    return Sample.BOUND;
  }

  /** Does the work once, to its end. */
  void run();

  /** The result of the last run in the layout of the work, copied; see {@link Work}. */
  float[] result();

  @Override
  void close();
}
