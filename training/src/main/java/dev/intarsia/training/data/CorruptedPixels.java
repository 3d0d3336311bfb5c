// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import dev.intarsia.CounterRandom;
import java.util.Arrays;

/**
 * Images of a dataset as one {@link Corruption} shows them, computed when they are asked for. What
 * is random is a function of seed, part, image and factor; the levels of a factor share it, so that
 * they differ in strength alone.
 *
 * @param part tells training images from test images
 */
record CorruptedPixels(Dataset base, Corruption corruption, int level, long seed, int part)
    implements Pixels {
  private static final float PIECE = 0.3f; // side of a piece of clutter, of the image's
  private static final float CENTRE = 0.25f; // no piece is centred closer, of the image's side

  @Override
  public void copy(int row, byte[] dst, int offset) {
    base.copyPixels(row, dst, offset);
    CounterRandom random = CounterRandom.of(seed, "corruption", part, corruption.ordinal(), row);
    float strength = corruption.strength(level);
    switch (corruption) {
      case ILLUMINATION -> darken(dst, offset, strength, random);
      case OCCLUSION -> hide(dst, offset, strength, random);
      case SCALE -> shrink(dst, offset, strength, random);
      case CLUTTER -> surround(row, dst, offset, Math.round(strength), random);
    }
  }

  /** Light falls off linearly along a random direction, to 1 - strength at the far corner. */
  private void darken(byte[] dst, int offset, float strength, CounterRandom random) {
    double turn = random.uniform(0, (float) (2 * Math.PI));
    float cos = (float) StrictMath.cos(turn);
    float sin = (float) StrictMath.sin(turn);
    float reach = Math.abs(cos) * base.width() / 2 + Math.abs(sin) * base.height() / 2;
    int area = base.height() * base.width();
    for (int p = 0; p < area; p++) {
      float x = p % base.width() + 0.5f - base.width() / 2f;
      float y = p / base.width() + 0.5f - base.height() / 2f;
      float light = 1 - strength * (0.5f + 0.5f * (x * cos + y * sin) / reach);
      for (int c = 0; c < base.channels(); c++) {
        int at = offset + c * area + p;
        dst[at] = (byte) Math.round((dst[at] & 0xFF) * light);
      }
    }
  }

  /** A rectangle of the same proportions as the image. */
  private void hide(byte[] dst, int offset, float strength, CounterRandom random) {
    float side = (float) Math.sqrt(strength);
    int height = Math.max(1, Math.round(base.height() * side));
    int width = Math.max(1, Math.round(base.width() * side));
    int top = (int) (random.nextFloat() * (base.height() - height + 1));
    int left = (int) (random.nextFloat() * (base.width() - width + 1));
    for (int c = 0; c < base.channels(); c++) {
      byte colour = (byte) random.nextInt(256);
      for (int y = top; y < top + height; y++) {
        int from = offset + (c * base.height() + y) * base.width() + left;
        Arrays.fill(dst, from, from + width, colour);
      }
    }
  }

  /** The small image lies at a random place. */
  private void shrink(byte[] dst, int offset, float strength, CounterRandom random) {
    int height = Math.max(1, Math.round(base.height() * strength));
    int width = Math.max(1, Math.round(base.width() * strength));
    int top = (int) (random.nextFloat() * (base.height() - height + 1));
    int left = (int) (random.nextFloat() * (base.width() - width + 1));
    byte[] small = new byte[height * width];
    int area = base.height() * base.width();
    for (int c = 0; c < base.channels(); c++) {
      int plane = offset + c * area;
      AreaScale.plane(dst, plane, base.height(), base.width(), small, 0, height, width);
      Arrays.fill(dst, plane, plane + area, borderMean(dst, plane));
      for (int y = 0; y < height; y++) {
        System.arraycopy(small, y * width, dst, plane + (top + y) * base.width() + left, width);
      }
    }
  }

  private byte borderMean(byte[] dst, int plane) {
    long sum = 0;
    int count = 0;
    for (int p = 0; p < base.height() * base.width(); p++) {
      int y = p / base.width();
      int x = p % base.width();
      if (y == 0 || x == 0 || y == base.height() - 1 || x == base.width() - 1) {
        sum += dst[plane + p] & 0xFF;
        count++;
      }
    }
    return (byte) (sum / count);
  }

  /** Pieces from the middle of other images, centred off the centre of this one. */
  private void surround(int row, byte[] dst, int offset, int pieces, CounterRandom random) {
    int height = Math.max(1, Math.round(base.height() * PIECE));
    int width = Math.max(1, Math.round(base.width() * PIECE));
    byte[] other = new byte[base.imageLength()];
    for (int k = 0; k < pieces; k++) {
      int from = random.nextInt(Math.max(1, base.size() - 1));
      base.copyPixels(from < row || base.size() == 1 ? from : from + 1, other, 0);
      // On a square ring about the centre: a place on its outline, at a random distance.
      float along = random.uniform(-1, 1);
      float distance = random.uniform(CENTRE, 0.5f);
      int edge = random.nextInt(4);
      float x = edge < 2 ? along * distance : edge == 2 ? -distance : distance;
      float y = edge >= 2 ? along * distance : edge == 0 ? -distance : distance;
      int top = place(y, base.height(), height);
      int left = place(x, base.width(), width);
      int middle = (base.height() - height) / 2 * base.width() + (base.width() - width) / 2;
      for (int c = 0; c < base.channels(); c++) {
        for (int line = 0; line < height; line++) {
          int plane = c * base.height() * base.width();
          System.arraycopy(
              other,
              plane + middle + line * base.width(),
              dst,
              offset + plane + (top + line) * base.width() + left,
              width);
        }
      }
    }
  }

  /** The first pixel of a piece whose centre lies at so much of the side from the middle. */
  private static int place(float at, int side, int piece) {
    int first = Math.round((0.5f + at) * side - piece / 2f);
    return Math.max(0, Math.min(side - piece, first));
  }
}
