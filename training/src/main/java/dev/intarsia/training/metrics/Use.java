// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

/**
 * What a task takes of the shared weights; the published formulas of capacity are made of these.
 *
 * @param room weights that came into being with this task: all of a net with the first task, and
 *     with every task that starts a copy of its own; else 0
 * @param owned weights it is the first to use
 * @param selected weights that it uses, its predecessors' included
 * @param ownedBits sum over owned weights of log2 k, with k the centres of their codebook; 32 for
 *     f32 weights
 * @param selectedBits sum over selected weights of the task's own bits per code; 32 for f32 weights
 */
public record Use(long room, long owned, long selected, double ownedBits, double selectedBits) {

  /** Checks that no value is negative. */
  public Use {
    Require.notNegative("room", room);
    Require.notNegative("owned", owned);
    Require.notNegative("selected", selected);
    Require.notNegative("ownedBits", ownedBits);
    Require.notNegative("selectedBits", selectedBits);
  }
}
