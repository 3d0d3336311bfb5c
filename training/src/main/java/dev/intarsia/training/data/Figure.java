// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.util.Locale;

/**
 * The classes of the shapes stream, in label order. A figure is a signed distance: negative inside,
 * 0 on the edge, in units of the figure's radius, exact enough near the edge for soft drawing.
 */
enum Figure {
  RISING(Constants.SLIGHT_TURN) {
    @Override
    float distance(float x, float y) {
      return window(x, y, waves(0.70710678f * (x + y)));
    }
  },
  FALLING(Constants.SLIGHT_TURN) {
    @Override
    float distance(float x, float y) {
      return window(x, y, waves(0.70710678f * (x - y)));
    }
  },
  DISC(Constants.ANY_TURN) {
    @Override
    float distance(float x, float y) {
      return length(x, y) - 0.9f;
    }
  },
  CROSS(Constants.ANY_TURN) {
    @Override
    float distance(float x, float y) {
      return Math.min(box(x, y, 1, 0.3f), box(x, y, 0.3f, 1));
    }
  },
  CHECKER(Constants.ANY_TURN) {
    @Override
    float distance(float x, float y) {
      float across = waves(x);
      float down = waves(y);
      float oneOfTwo = Math.max(Math.min(across, down), -Math.max(across, down));
      return window(x, y, oneOfTwo);
    }
  },
  DOTS(Constants.ANY_TURN) {
    @Override
    float distance(float x, float y) {
      return window(x, y, length(fold(x), fold(y)) - 0.17f);
    }
  },
  TRIANGLE(Constants.ANY_TURN) {
    @Override
    float distance(float x, float y) {
      float slanted = 0.8660254f * Math.abs(x) - 0.5f * y; // half-plane at 60 degrees
      return Math.max(y, slanted) - 0.5f;
    }
  },
  RING(Constants.ANY_TURN) {
    @Override
    float distance(float x, float y) {
      return Math.abs(length(x, y) - 0.75f) - 0.2f;
    }
  },
  SQUARE(Constants.ANY_TURN) {
    @Override
    float distance(float x, float y) {
      return box(x, y, 0.8f, 0.8f);
    }
  },
  FRAME(Constants.ANY_TURN) {
    @Override
    float distance(float x, float y) {
      return Math.abs(box(x, y, 0.65f, 0.65f)) - 0.18f;
    }
  };

  /** Enum constants cannot see static fields of their own class; they can see these. */
  private static final class Constants {
    static final float ANY_TURN = (float) Math.PI;
    static final float SLIGHT_TURN = 0.35f;
    static final float PERIOD = 0.6f;
  }

  private final float turn;

  Figure(float turn) {
    this.turn = turn;
  }

  /** Signed distance of a point to the edge, in radii; y points down. */
  abstract float distance(float x, float y);

  /** The figure may be turned by up to so many radians either way and stay itself. */
  float turn() {
    return turn;
  }

  /** Name for people. */
  String title() {
    return name().toLowerCase(Locale.ROOT);
  }

  static float length(float x, float y) {
    return (float) Math.sqrt(x * x + y * y);
  }

  private static float box(float x, float y, float halfWidth, float halfHeight) {
    float beyondX = Math.abs(x) - halfWidth;
    float beyondY = Math.abs(y) - halfHeight;
    float outside = length(Math.max(beyondX, 0), Math.max(beyondY, 0));
    return outside + Math.min(Math.max(beyondX, beyondY), 0);
  }

  /** Position within a period, -PERIOD/2..PERIOD/2. */
  private static float fold(float v) {
    return v - Constants.PERIOD * (float) Math.rint(v / Constants.PERIOD);
  }

  /** Stripes across the axis, as wide as the gaps. */
  private static float waves(float v) {
    return Math.abs(fold(v)) - Constants.PERIOD / 4;
  }

  /** A texture seen through a round window. */
  private static float window(float x, float y, float texture) {
    return Math.max(texture, length(x, y) - 1.1f);
  }
}
