// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import dev.intarsia.training.data.ImageDecoder.Size;
import java.nio.file.Path;
import java.util.List;

/**
 * Images without a split: every image file in a folder or a zip, at any depth.
 *
 * @param files their paths below the root, sorted
 * @param pixels [N, C, H, W], unsigned bytes
 */
public record ImageFiles(List<String> files, byte[] pixels) {

  /**
   * Reads all images, scaled to one size where theirs differs.
   *
   * @param root folder or zip
   * @param channels 1 or 3
   * @throws DataException if it is missing, holds no image, holds more than fit into memory, or one
   *     cannot be decoded
   */
  public static ImageFiles read(Path root, int channels, int height, int width) {
    try (FileTree tree = FileTree.open(root)) {
      List<String> files = tree.paths().stream().filter(ImageDecoder::readable).toList();
      long bytes = (long) files.size() * channels * height * width;
      if (files.isEmpty() || bytes > Integer.MAX_VALUE - 8) {
        throw new DataException(
            root,
            "holds %d PNG, JPEG, BMP or GIF images of %d bytes in all"
                .formatted(files.size(), bytes),
            "give a folder or zip with 1 image to %d bytes".formatted(Integer.MAX_VALUE - 8));
      }
      byte[] pixels = new byte[(int) bytes];
      int at = 0;
      for (String file : files) {
        byte[] image =
            ImageDecoder.decode(
                    tree.display(file), tree.bytes(file), channels, new Size(height, width))
                .pixels();
        System.arraycopy(image, 0, pixels, at, image.length);
        at += image.length;
      }
      return new ImageFiles(files, pixels);
    }
  }

  /** The folder right above an image, which may name its class; empty if there is none. */
  public String folder(int image) {
    String[] parts = files.get(image).split("/");
    return parts.length < 2 ? "" : parts[parts.length - 2];
  }
}
