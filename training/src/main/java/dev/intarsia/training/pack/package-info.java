// SPDX-License-Identifier: Apache-2.0
/**
 * What tasks leave behind, as data: codes of the weights each was the first to use, its codebooks,
 * masks, head and norms. Knows nothing of training; {@code nn.PackedWeights} executes it.
 */
package dev.intarsia.training.pack;
