// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.tsn;

import static dev.intarsia.training.run.Knobs.require;
import static dev.intarsia.training.run.Knobs.requireWord;

import dev.intarsia.training.run.Knobs;
import dev.intarsia.training.run.RunConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The knobs of {@code tsn}; docs/methods/tinysubnets.md says which value is the paper's, the
 * published code's and ours.
 *
 * @param epochs passes over a task's training images before anything is pruned, at least 1
 * @param keep fraction of the candidates of each layer in a subnetwork, in (0, 1]; the most that
 *     schedule {@code adaptive} starts from
 * @param keepSchedule one of {@link #SCHEDULES}
 * @param plannedTasks how many tasks will come; only schedule {@code equal} needs it
 * @param keepStep factor between two keep fractions that {@code adaptive} tries, in (0, 1)
 * @param keepLeast the smallest it tries, in (0, 1]
 * @param keepEpochs passes of fine-tuning after each of its cuts, at least 0
 * @param tolerance accuracy on the validation images that the searches for keep fraction and
 *     codebook may cost, each, in [0, 1]
 * @param scores one of {@link #SCORES}
 * @param candidates one of {@link #CANDIDATES}
 * @param validation fraction of a task's training images held out, in (0, 0.5]
 * @param patience epochs without a smaller validation loss until the rate is halved, at least 1
 * @param leastRate rate below which learning ends, at least 0
 * @param augment whether training images are shifted and mirrored where the stream does so
 * @param pruneRounds how often each layer may be pruned after training, at least 0
 * @param pruneFraction of a task's own weights in one pruning, in (0, 1)
 * @param pruneTolerance accuracy on the validation images that pruning may cost in all, in [0, 1]
 * @param clusters centres of every codebook, from 2 to 256; 0 searches for the fewest
 * @param centreEpochs passes that fine-tune the centres, at least 0
 * @param centreRate factor on the learning rate for centres, above 0
 * @param shareThreshold divergence up to which earlier tasks' weights are used, in nats
 * @param copyThreshold divergence above which a task gets a copy of its own, in nats
 * @param maxCopies copies of the shared weights, at least 1
 * @param mixed whether frozen weights are codes in training too, or floats beside their codes
 * @param width the setting of that name of the model, for the pack
 */
public record Options(
    int epochs,
    double keep,
    String keepSchedule,
    int plannedTasks,
    double keepStep,
    double keepLeast,
    int keepEpochs,
    double tolerance,
    String scores,
    String candidates,
    double validation,
    int patience,
    double leastRate,
    boolean augment,
    int pruneRounds,
    double pruneFraction,
    double pruneTolerance,
    int clusters,
    int centreEpochs,
    double centreRate,
    double shareThreshold,
    double copyThreshold,
    int maxCopies,
    boolean mixed,
    double width) {

  /** Words for {@code keepSchedule}. */
  public static final List<String> SCHEDULES = List.of("adaptive", "constant", "equal");

  /** Words for {@code scores}: what a task starts from. */
  public static final List<String> SCORES = List.of("carry", "reset", "same");

  /** Words for {@code candidates}: which weights a task may choose among. */
  public static final List<String> CANDIDATES = List.of("auto", "all", "free");

  private static final int MOST_CLUSTERS = 256;

  /** Checks every value. */
  public Options {
    require(epochs >= 1, "epochs", epochs, "at least 1; a task is learned by passing over it");
    require(keep > 0 && keep <= 1, "keep", keep, "above 0 and at most 1; 0.5 keeps half");
    requireWord("keepSchedule", keepSchedule, SCHEDULES);
    require(
        plannedTasks >= 1 || !keepSchedule.equals("equal"),
        "plannedTasks",
        plannedTasks,
        "at least 1 with keepSchedule=equal, which divides the free weights among tasks to come");
    require(keepStep > 0 && keepStep < 1, "keepStep", keepStep, "above 0 and below 1; 0.7 is ours");
    require(keepLeast > 0 && keepLeast <= 1, "keepLeast", keepLeast, "above 0 and at most 1");
    require(keepEpochs >= 0, "keepEpochs", keepEpochs, "at least 0; 0 only cuts");
    requireFraction("tolerance", tolerance);
    requireWord("scores", scores, SCORES);
    requireWord("candidates", candidates, CANDIDATES);
    require(
        validation > 0 && validation <= 0.5,
        "validation",
        validation,
        "above 0 and at most 0.5; 0.05 is the published fraction");
    require(patience >= 1, "patience", patience, "at least 1 epoch; 6 is published");
    require(leastRate >= 0, "leastRate", leastRate, "at least 0; 1e-5 is published");
    require(pruneRounds >= 0, "pruneRounds", pruneRounds, "at least 0; 0 prunes nothing");
    require(
        pruneFraction > 0 && pruneFraction < 1,
        "pruneFraction",
        pruneFraction,
        "above 0 and below 1; 0.2 is published");
    requireFraction("pruneTolerance", pruneTolerance);
    require(
        clusters == 0 || clusters >= 2 && clusters <= MOST_CLUSTERS,
        "clusters",
        clusters,
        "from 2 to 256, or 0 to search; 16 is published");
    require(centreEpochs >= 0, "centreEpochs", centreEpochs, "at least 0; 0 leaves the centres");
    require(centreRate > 0, "centreRate", centreRate, "above 0; 0.1 is ours");
    require(shareThreshold >= 0, "shareThreshold", shareThreshold, "at least 0 nats");
    require(
        copyThreshold >= shareThreshold,
        "copyThreshold",
        copyThreshold,
        "at least shareThreshold; tasks too different to share come before those too far to meet");
    require(maxCopies >= 1, "maxCopies", maxCopies, "at least 1; 1 never copies");
  }

  /** Every knob but those that all methods have, with its default. */
  public static Map<String, Object> defaults() {
    Map<String, Object> knobs = new LinkedHashMap<>();
    knobs.put("keep", 0.5);
    knobs.put("keepSchedule", "adaptive");
    knobs.put("plannedTasks", 0);
    knobs.put("keepStep", 0.7);
    knobs.put("keepLeast", 0.05);
    knobs.put("keepEpochs", 1);
    knobs.put("tolerance", 0.01);
    knobs.put("scores", "carry");
    knobs.put("candidates", "auto");
    knobs.put("validation", 0.05);
    knobs.put("patience", 6);
    knobs.put("leastRate", 1e-5);
    knobs.put("augment", true);
    knobs.put("pruneRounds", 2);
    knobs.put("pruneFraction", 0.2);
    knobs.put("pruneTolerance", 0.002);
    knobs.put("clusters", 16);
    knobs.put("centreEpochs", 1);
    knobs.put("centreRate", 0.1);
    knobs.put("shareThreshold", 0.5);
    knobs.put("copyThreshold", 1.0);
    knobs.put("maxCopies", 1);
    knobs.put("mixed", true);
    return knobs;
  }

  /**
   * Reads the knobs of a configuration.
   *
   * @param width of the model, where it has one
   * @throws IllegalArgumentException if one is out of range
   */
  public static Options read(RunConfig config, double width) {
    Knobs knobs = new Knobs(config, defaults());
    return new Options(
        config.epochs(),
        knobs.number("keep"),
        knobs.word("keepSchedule"),
        knobs.whole("plannedTasks"),
        knobs.number("keepStep"),
        knobs.number("keepLeast"),
        knobs.whole("keepEpochs"),
        knobs.number("tolerance"),
        knobs.word("scores"),
        knobs.word("candidates"),
        knobs.number("validation"),
        knobs.whole("patience"),
        knobs.number("leastRate"),
        knobs.flag("augment"),
        knobs.whole("pruneRounds"),
        knobs.number("pruneFraction"),
        knobs.number("pruneTolerance"),
        knobs.whole("clusters"),
        knobs.whole("centreEpochs"),
        knobs.number("centreRate"),
        knobs.number("shareThreshold"),
        knobs.number("copyThreshold"),
        knobs.whole("maxCopies"),
        knobs.flag("mixed"),
        width);
  }

  /** The most epochs a task may take. */
  public int mostEpochs() {
    return epochs + centreEpochs + (keepSchedule.equals("adaptive") ? cuts() * keepEpochs : 0);
  }

  /** How many smaller keep fractions the adaptive schedule may try. */
  private int cuts() {
    int cuts = 0;
    for (double next = keep * keepStep; next >= keepLeast; next *= keepStep) {
      cuts++;
    }
    return cuts;
  }

  private static void requireFraction(String name, double value) {
    require(value >= 0 && value <= 1, name, value, "from 0 to 1; 0.01 is one point of accuracy");
  }
}
