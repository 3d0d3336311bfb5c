// SPDX-License-Identifier: Apache-2.0
/**
 * What tasks leave behind, as data: codes of the weights each was the first to use, its codebooks,
 * masks, head and norms; the file that holds them all, and the net that answers from it. Knows
 * nothing of training; {@code nn.PackedWeights} executes the codes.
 */
package dev.intarsia.training.pack;
