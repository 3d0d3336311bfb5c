// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

/**
 * Where the bytes of a pack, or of one task in it, are.
 *
 * @param codes of owned weights
 * @param codebooks their centres
 * @param masks as coded
 * @param heads of the tasks
 * @param norms of the tasks
 * @param replay what routing keeps of images
 * @param frame all else: manifests, checksums, how pixels become numbers, padding
 */
public record PackSizes(
    long codes, long codebooks, long masks, long heads, long norms, long replay, long frame) {

  /** Nothing. */
  public static final PackSizes NONE = new PackSizes(0, 0, 0, 0, 0, 0, 0);

  /** The two together. */
  public PackSizes plus(PackSizes other) {
    return new PackSizes(
        codes + other.codes,
        codebooks + other.codebooks,
        masks + other.masks,
        heads + other.heads,
        norms + other.norms,
        replay + other.replay,
        frame + other.frame);
  }

  /** All of it: bytes in the file. */
  public long total() {
    return codes + codebooks + masks + heads + norms + replay + frame;
  }
}
