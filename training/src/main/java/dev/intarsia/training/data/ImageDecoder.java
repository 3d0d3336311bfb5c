// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Iterator;
import java.util.Locale;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * An encoded image (PNG, JPEG, BMP, GIF) as planes of unsigned bytes, in a wanted size.
 *
 * <p>Alpha is ignored. Grey becomes three equal planes where RGB is wanted; RGB becomes luma (ITU-R
 * BT.601 weights) where grey is wanted. Scaling stretches to the wanted size with a triangle filter
 * that widens when it shrinks: bilinear upwards, area-weighted downwards.
 */
final class ImageDecoder {
  private static final Set<String> SUFFIXES = Set.of("png", "jpg", "jpeg", "bmp", "gif");
  private static final int MAX_SIDE = 1 << 14;
  private static final int MAX_PIXELS = 1 << 26;

  private ImageDecoder() {}

  /** Height and width in pixels. */
  record Size(int height, int width) {}

  /** Planes [C, H, W] of unsigned bytes. */
  record Planes(byte[] pixels, Size size) {}

  /** Whether a path ends like an image this class can read. */
  static boolean readable(String path) {
    return SUFFIXES.contains(path.substring(path.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT));
  }

  /**
   * Decodes and scales.
   *
   * @param file for messages
   * @param encoded the file's content
   * @param channels 1 or 3
   * @param wanted the size to scale to, or null for the image's own
   */
  static Planes decode(String file, byte[] encoded, int channels, Size wanted) {
    BufferedImage image = read(file, encoded);
    Size own = new Size(image.getHeight(), image.getWidth());
    byte[] planes = planes(image, channels); // [C, H, W]
    if (wanted == null || wanted.equals(own)) {
      return new Planes(planes, own);
    }
    return new Planes(scale(planes, channels, own, wanted), wanted);
  }

  private static BufferedImage read(String file, byte[] encoded) {
    // A memory stream: ImageIO's own choice may write a cache file.
    try (ImageInputStream stream =
        new MemoryCacheImageInputStream(new ByteArrayInputStream(encoded))) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(stream);
      if (!readers.hasNext()) {
        throw new DataException(
            file, "is not a PNG, JPEG, BMP or GIF image", "fetch it again or remove it");
      }
      ImageReader reader = readers.next();
      try {
        reader.setInput(stream, true, true);
        int height = reader.getHeight(0);
        int width = reader.getWidth(0);
        // Checked before decoding: a few bytes can declare an image of gigabytes.
        if (height > MAX_SIDE || width > MAX_SIDE || (long) height * width > MAX_PIXELS) {
          throw new DataException(
              file,
              "is %d x %d, the limit is %d a side and %d pixels"
                  .formatted(height, width, MAX_SIDE, MAX_PIXELS),
              "scale it down");
        }
        return reader.read(0);
      } finally {
        reader.dispose();
      }
    } catch (IOException | RuntimeException e) {
      if (e instanceof DataException known) {
        throw known;
      }
      // Decoders meet corrupt data with IOException and with unchecked exceptions alike.
      throw new DataException(
          file,
          "cannot be decoded (" + e.getMessage() + ")",
          "fetch it again, convert it to RGB or remove it",
          e);
    }
  }

  private static byte[] planes(BufferedImage image, int channels) {
    int height = image.getHeight();
    int width = image.getWidth();
    int area = height * width;
    byte[] planes = new byte[channels * area]; // [C, H, W]
    Raster raster = image.getRaster();
    boolean grey = raster.getNumBands() <= 2 && !(image.getColorModel() instanceof IndexColorModel);
    // BufferedImage.getRGB would bend grey levels through a linear grey colour space.
    int shift = grey ? raster.getSampleModel().getSampleSize(0) - 8 : 0;
    int[] row = new int[width];
    for (int h = 0; h < height; h++) {
      if (grey) {
        raster.getSamples(0, h, width, 1, 0, row);
      } else {
        image.getRGB(0, h, width, 1, row, 0, width);
      }
      for (int w = 0; w < width; w++) {
        int p = h * width + w;
        int red = grey ? level(row[w], shift) : row[w] >> 16 & 0xFF;
        int green = grey ? red : row[w] >> 8 & 0xFF;
        int blue = grey ? red : row[w] & 0xFF;
        if (channels == 1) {
          planes[p] = (byte) (grey ? red : (299 * red + 587 * green + 114 * blue + 500) / 1000);
        } else {
          planes[p] = (byte) red;
          planes[area + p] = (byte) green;
          planes[2 * area + p] = (byte) blue;
        }
      }
    }
    return planes;
  }

  /** A grey sample of 8 + shift bits as a level 0..255. */
  private static int level(int sample, int shift) {
    return shift >= 0 ? sample >> shift : sample * 255 / ((1 << 8 + shift) - 1);
  }

  private static byte[] scale(byte[] planes, int channels, Size from, Size to) {
    float[][] down = weights(from.height, to.height);
    float[][] across = weights(from.width, to.width);
    byte[] scaled = new byte[channels * to.height * to.width]; // [C, to.H, to.W]
    float[] narrow = new float[from.height * to.width]; // [from.H, to.W], one plane at a time
    for (int c = 0; c < channels; c++) {
      for (int h = 0; h < from.height; h++) {
        for (int w = 0; w < to.width; w++) {
          float sum = 0;
          float[] taps = across[w];
          int first = (c * from.height + h) * from.width + (int) taps[0];
          for (int k = 1; k < taps.length; k++) {
            sum += taps[k] * (planes[first + k - 1] & 0xFF);
          }
          narrow[h * to.width + w] = sum;
        }
      }
      for (int h = 0; h < to.height; h++) {
        float[] taps = down[h];
        for (int w = 0; w < to.width; w++) {
          float sum = 0;
          for (int k = 1; k < taps.length; k++) {
            sum += taps[k] * narrow[((int) taps[0] + k - 1) * to.width + w];
          }
          int value = Math.max(0, Math.min(255, Math.round(sum)));
          scaled[(c * to.height + h) * to.width + w] = (byte) value;
        }
      }
    }
    return scaled;
  }

  /** Per target pixel: the first source pixel, then the weights of it and its followers, sum 1. */
  private static float[][] weights(int from, int to) {
    float[][] weights = new float[to][];
    double ratio = (double) from / to;
    double reach = Math.max(1, ratio);
    for (int t = 0; t < to; t++) {
      double centre = (t + 0.5) * ratio - 0.5;
      int first = Math.max(0, (int) Math.ceil(centre - reach));
      int last = Math.min(from - 1, (int) Math.floor(centre + reach));
      float[] taps = new float[last - first + 2];
      taps[0] = first;
      double sum = 0;
      for (int s = first; s <= last; s++) {
        sum += reach - Math.abs(s - centre);
      }
      for (int s = first; s <= last; s++) {
        taps[s - first + 1] = (float) ((reach - Math.abs(s - centre)) / sum);
      }
      weights[t] = taps;
    }
    return weights;
  }
}
