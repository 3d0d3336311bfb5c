// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.tsn;

import dev.intarsia.training.pack.PackedModel;
import dev.intarsia.training.pack.PackedTask;

/**
 * Where a task goes: to the copy of the shared weights in which the nearest earlier task lives, or
 * to a copy of its own, and whether it may use what is frozen there.
 *
 * @param copy index of the copy; the number of those before for a new one
 * @param shares whether all weights of the copy are candidates, or only the free ones
 * @param nearest the nearest earlier task, -1 for the first task
 * @param divergence from it, in nats; 0 for the first task
 */
public record Route(int copy, boolean shares, int nearest, double divergence) {

  /** Chooses by the divergence from the nearest task, ties to the earlier one. */
  public static Route of(PackedModel model, float[] statistic, Options options) {
    int nearest = -1;
    double least = Double.POSITIVE_INFINITY;
    for (int t = 0; t < model.tasks().size(); t++) {
      double far = ReplayStatistic.divergence(statistic, model.tasks().get(t).replay());
      if (far < least) {
        nearest = t;
        least = far;
      }
    }
    if (nearest < 0) {
      return new Route(0, true, -1, 0);
    }
    if (least > options.copyThreshold() && model.copies() < options.maxCopies()) {
      return new Route(model.copies(), true, nearest, least);
    }
    PackedTask neighbour = model.tasks().get(nearest);
    boolean shares =
        switch (options.candidates()) {
          case "all" -> true;
          case "free" -> false;
          default -> least <= options.shareThreshold();
        };
    return new Route(neighbour.copy(), shares, nearest, least);
  }
}
