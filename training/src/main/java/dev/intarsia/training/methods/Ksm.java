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
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/**
 * Yang, He, Zhang and Fan 2021, <em>KSM: Fast Multiple Task Adaption via Kernel-wise Soft Mask
 * Learning</em>, with the constants of its published code: a task learns one factor per kernel of a
 * frozen net. A kernel whose score reaches the threshold is kept as it is; the others are scaled by
 * their score's place in the layer's range, or dropped where masks are binary.
 *
 * <p>Stored of a task are a bit for each kernel, a byte for each scaled one, its norms and its
 * head. The body never changes, so no task forgets.
 */
public final class Ksm extends SoftMaskMethod {
  /** The method over a pretrained net, or a fresh one, which the first task then trains. */
  public Ksm(Network net, Config config) {
    super(
        net,
        new SoftMaskOverlay.Rule(
            config.soft ? SoftMaskMode.SOFT : SoftMaskMode.BINARY,
            config.granularity,
            config.group,
            false,
            config.threshold,
            config.scale,
            Surrogate.SIGMOID,
            config.steepness / config.temperature),
        config.training());
  }

  /**
   * The method's knobs.
   *
   * @param epochs passes over a task's training images, at least 1
   * @param granularity which weights share a factor
   * @param group input channels of a group, with GROUP; at least 1
   * @param soft whether dropped units are scaled, or 0
   * @param threshold scores from here on are kept (tau)
   * @param initial score that every unit starts from (m0)
   * @param scale largest factor of a dropped unit (c), in [0, 1)
   * @param steepness of the logistic function (beta), above 0
   * @param temperature of the softmax over it (T), above 0
   * @param maskRate of Adam for scores, above 0
   * @param releaseCosine whether the schedule counts epochs from 1, as the published code does
   * @param validation fraction of the training images that choose the best epoch, in [0, 0.5]
   * @param selectOnTest whether the test images choose it, as the published code does
   */
  public record Config(
      int epochs,
      Granularity granularity,
      int group,
      boolean soft,
      double threshold,
      double initial,
      double scale,
      double steepness,
      double temperature,
      double maskRate,
      boolean releaseCosine,
      double validation,
      boolean selectOnTest) {

    private static final List<String> WORDS =
        Arrays.stream(Granularity.values()).map(g -> g.name().toLowerCase(Locale.ROOT)).toList();

    /** Checks every value. */
    public Config {
      if (!(scale >= 0 && scale < 1)) {
        throw new IllegalArgumentException(
            "scale is " + scale + ", must be at least 0 and below 1, which is a kept unit's");
      }
      if (!(steepness > 0 && temperature > 0)) {
        throw new IllegalArgumentException(
            "steepness is "
                + steepness
                + " and temperature "
                + temperature
                + ", both must be above 0; 1200 and 100 are usual");
      }
      if (group < 1) {
        throw new IllegalArgumentException(
            "group is " + group + ", must be at least 1; 8 input channels are usual");
      }
      new SoftMasks.Training(epochs, initial, maskRate, x -> 1, validation, selectOnTest);
    }

    /** Every knob but the epochs with its default: the published code's. */
    public static Map<String, Object> defaults() {
      Map<String, Object> knobs = new LinkedHashMap<>();
      knobs.put("granularity", "kernel");
      knobs.put("group", 8);
      knobs.put("soft", true);
      knobs.put("threshold", 5e-3);
      knobs.put("initial", 1e-2);
      knobs.put("scale", 0.5);
      knobs.put("steepness", 1200);
      knobs.put("temperature", 100);
      knobs.put("maskRate", 2e-4);
      knobs.put("releaseCosine", false);
      knobs.put("validation", 0.1);
      knobs.put("selectOnTest", false);
      return knobs;
    }

    /** Reads the knobs of a run. */
    public static Config read(RunConfig run) {
      Knobs knobs = new Knobs(run, defaults());
      return new Config(
          run.epochs(),
          granularity(knobs.word("granularity")),
          knobs.whole("group"),
          knobs.flag("soft"),
          knobs.number("threshold"),
          knobs.number("initial"),
          knobs.number("scale"),
          knobs.number("steepness"),
          knobs.number("temperature"),
          knobs.number("maskRate"),
          knobs.flag("releaseCosine"),
          knobs.number("validation"),
          knobs.flag("selectOnTest"));
    }

    private static Granularity granularity(String word) {
      Knobs.requireWord("granularity", word, WORDS);
      return Granularity.valueOf(word.toUpperCase(Locale.ROOT));
    }

    SoftMasks.Training training() {
      DoubleUnaryOperator cosine = cosine(releaseCosine ? 1.0 / epochs : 0);
      return new SoftMasks.Training(epochs, initial, maskRate, cosine, validation, selectOnTest);
    }
  }

  /**
   * Half a cosine from 1 to 0.
   *
   * @param ahead how far it is ahead of the steps: an epoch in the published code, where the last
   *     epoch climbs again
   */
  static DoubleUnaryOperator cosine(double ahead) {
    return done -> 0.5 * (1 + Math.cos(Math.PI * (done + ahead)));
  }

  @Override
  public String name() {
    return "ksm";
  }
}
