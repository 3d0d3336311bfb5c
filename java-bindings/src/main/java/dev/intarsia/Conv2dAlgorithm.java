// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

/**
 * How the CPU computes a masked convolution. Backends without a choice ignore it.
 *
 * <p>KERNELS and both WINOGRADs need a 3x3 filter of stride 1, dilation 1, one group and padding of
 * at most 2; the weight gradient of KERNELS takes any stride on blocked activations. Row-major
 * activations (of fewer than eight images) have TAPS and KERNELS alone. An op forced to one that
 * its shape does not fit throws {@link UnsupportedOperationException}.
 */
public enum Conv2dAlgorithm {
  /**
   * Chosen by shape, mask and instruction set, never by a measured time or the size of the batch.
   */
  AUTO,
  /** Lists of live weights; any shape, any mask. */
  TAPS,
  /** Lists of live 3x3 kernels; a sum of products as well. */
  KERNELS,
  /** F(4x4, 3x3) over all kernels (Lavin and Gray 2016); relative error up to 1e-5. */
  WINOGRAD,
  /** F(4x4, 3x3) over live kernels. */
  WINOGRAD_SKIP,
  /** A matrix product: 1x1 filters of stride 1, no padding, one group. */
  POINTWISE,
  /** All weights, dead ones as zeros; any shape. */
  DENSE
}
