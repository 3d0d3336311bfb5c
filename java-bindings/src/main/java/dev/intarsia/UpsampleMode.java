// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

/** How an upsampling finds a pixel of the larger image. */
public enum UpsampleMode {
  /** Each pixel repeated over a rectangle of the scale's size. */
  NEAREST,
  /** Linear between pixel centres, which lie half a pixel inside the border; constant beyond. */
  BILINEAR
}
