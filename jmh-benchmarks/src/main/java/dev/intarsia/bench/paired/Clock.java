// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/**
 * Seconds. One thread is timed by its processor time, so that a core taken away for other work does
 * not count; several are timed by the wall clock, where it does.
 */
enum Clock {
  THREAD {
    @Override
    long nanos() {
      return THREADS.getCurrentThreadCpuTime();
    }
  },
  WALL {
    @Override
    long nanos() {
      return System.nanoTime();
    }
  };

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  abstract long nanos();

  static Clock forThreads(int threads) {
    return threads == 1 && THREADS.isCurrentThreadCpuTimeSupported() ? THREAD : WALL;
  }

  /** Seconds that a task takes. */
  double seconds(Runnable task) {
    long begun = nanos();
    task.run();
    return (nanos() - begun) * 1e-9;
  }
}
