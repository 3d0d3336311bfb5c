// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.SoftMaskMode;
import dev.intarsia.Surrogate;
import dev.intarsia.training.methods.soft.SoftMasks;
import dev.intarsia.training.nn.Granularity;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.SoftMaskOverlay;
import dev.intarsia.training.run.Knobs;
import dev.intarsia.training.run.RunConfig;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Mallya, Davis and Lazebnik 2018, <em>Piggyback: Adapting a Single Network to Multiple Tasks by
 * Learning to Mask Weights</em>: a task learns one score per weight of a frozen net, by the
 * straight-through estimator, and uses the weights whose score is above a threshold; in the ternary
 * variant those below zero change their sign.
 */
public final class Piggyback extends SoftMaskMethod {
  /** The method over a pretrained net, or a fresh one, which the first task then trains. */
  public Piggyback(Network net, Config config) {
    super(
        net,
        new SoftMaskOverlay.Rule(
            config.ternary ? SoftMaskMode.TERNARY : SoftMaskMode.BINARY,
            Granularity.ELEMENT,
            1,
            true,
            config.threshold,
            0,
            Surrogate.IDENTITY,
            0),
        config.training());
  }

  /**
   * The method's knobs.
   *
   * @param epochs passes over a task's training images, at least 1
   * @param ternary whether scores below zero mean -1
   * @param threshold scores above it are kept
   * @param initial score that every weight starts from
   * @param maskRate of Adam for scores, above 0; a tenth of it in the second half
   * @param validation fraction of the training images that choose the best epoch, in [0, 0.5]
   * @param selectOnTest whether the test images choose it, as the published code does
   */
  public record Config(
      int epochs,
      boolean ternary,
      double threshold,
      double initial,
      double maskRate,
      double validation,
      boolean selectOnTest) {

    /** Checks every value. */
    public Config {
      new SoftMasks.Training(epochs, initial, maskRate, x -> 1, validation, selectOnTest);
    }

    /** Every knob but the epochs with its default: the published code's. */
    public static Map<String, Object> defaults() {
      Map<String, Object> knobs = new LinkedHashMap<>();
      knobs.put("ternary", false);
      knobs.put("threshold", 5e-3);
      knobs.put("initial", 1e-2);
      knobs.put("maskRate", 1e-4);
      knobs.put("validation", 0.1);
      knobs.put("selectOnTest", false);
      return knobs;
    }

    /** Reads the knobs of a run. */
    public static Config read(RunConfig run) {
      Knobs knobs = new Knobs(run, defaults());
      return new Config(
          run.epochs(),
          knobs.flag("ternary"),
          knobs.number("threshold"),
          knobs.number("initial"),
          knobs.number("maskRate"),
          knobs.number("validation"),
          knobs.flag("selectOnTest"));
    }

    SoftMasks.Training training() {
      return new SoftMasks.Training(
          epochs, initial, maskRate, done -> done < 0.5 ? 1 : 0.1, validation, selectOnTest);
    }
  }

  @Override
  public String name() {
    return "piggyback";
  }
}
