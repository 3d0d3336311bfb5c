// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What a call does, as columns beside calls per second: both are per second, too. */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Rate {
  /** GFLOP/s that count: additions and multiplications by weights inside the mask alone. */
  public double effectiveGflop;

  /** GB/s that have to move at least once, mask bits included. */
  public double gbyte;

  /** Starts an iteration from nothing. */
  @Setup(Level.Iteration)
  public void reset() {
    effectiveGflop = 0;
    gbyte = 0;
  }

  void count(double flops, double bytes) {
    effectiveGflop += flops * 1e-9;
    gbyte += bytes * 1e-9;
  }
}
