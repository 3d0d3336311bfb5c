// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

/**
 * A row and what it was made of.
 *
 * @param row the figures
 * @param seconds of one call, per round
 */
record Timed(Row row, double[] seconds) {}
