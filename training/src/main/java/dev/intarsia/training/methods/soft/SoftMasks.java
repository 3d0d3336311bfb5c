// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.soft;

import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Holdout;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.nn.MaskedLayer;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.nn.SoftMaskOverlay;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/**
 * One set of factors per task over a body that never changes: what methods that learn nothing but
 * masks, norms and heads have in common.
 *
 * <p>A pretrained body is used as it is. Otherwise the first task trains it and answers without
 * factors. Norms of every later task start as copies of the body's and are its own.
 */
public final class SoftMasks implements AutoCloseable {
  private static final int BODY = 0; // key of the body's norms

  private final Network net;
  private final SoftMaskOverlay.Rule rule;
  private final Training training;
  private final List<SoftMaskOverlay> overlays = new ArrayList<>(); // of net.maskedLayers()
  private final Map<Integer, List<StoredMask>> stored = new HashMap<>(); // per task
  private boolean ready; // the body is what tasks are learned on

  /**
   * How scores are learned.
   *
   * @param epochs passes over a task's training images, at least 1
   * @param initial the value every score starts from
   * @param rate of Adam for scores, above 0
   * @param schedule factor on all rates, of the fraction of steps that were taken
   * @param validation fraction of the training images that choose the best epoch, in [0, 0.5]; 0
   *     keeps the last one
   * @param selectOnTest whether the test images choose it, as published code does
   */
  public record Training(
      int epochs,
      double initial,
      double rate,
      DoubleUnaryOperator schedule,
      double validation,
      boolean selectOnTest) {

    /** Checks every value. */
    public Training {
      if (epochs < 1) {
        throw new IllegalArgumentException(
            "epochs is " + epochs + ", must be at least 1; a task is learned by passing over it");
      }
      if (!(rate > 0) || Double.isInfinite(rate)) {
        throw new IllegalArgumentException(
            "maskRate is " + rate + ", must be above 0 and finite; 2e-4 is usual");
      }
      if (!Double.isFinite(initial)) {
        throw new IllegalArgumentException(
            "initial is " + initial + ", must be finite; 0.01 is usual");
      }
      if (!(validation >= 0 && validation <= 0.5)) {
        throw new IllegalArgumentException(
            "validation is "
                + validation
                + ", must be from 0 to 0.5; 0 keeps the last epoch instead of the best");
      }
    }
  }

  /** Factors over a net's shared layers. */
  public SoftMasks(Network net, SoftMaskOverlay.Rule rule, Training training) {
    this.net = net;
    this.rule = rule;
    this.training = training;
    if (net.pretrained()) {
      freezeBody();
    }
  }

  private void freezeBody() {
    net.selectNorms(BODY);
    net.freezeBody(true);
    net.normsFrom(BODY);
    for (MaskedLayer layer : net.maskedLayers()) {
      overlays.add(new SoftMaskOverlay(layer, rule));
    }
    ready = true;
  }

  /**
   * Learns a task.
   *
   * @return whether it has factors: the task that trained the body has none
   */
  public boolean learn(Task task, Trainer trainer) {
    if (!ready) {
      activate(task);
      trainer.fit(task, training.epochs());
      freezeBody();
      stored.put(task.index(), List.of());
      return false;
    }
    open(task);
    boolean holds = training.validation() > 0 && !training.selectOnTest();
    Task split = holds ? Holdout.of(task, training.validation(), true, net.seed()) : task;
    Task judge = holds || training.selectOnTest() ? split : null;
    List<Parameter> scores =
        overlays.stream().flatMap(overlay -> overlay.parameters().stream()).toList();
    try (Fitting fitting =
        new Fitting(net, trainer, judge, scores, training.rate(), training.schedule())) {
      trainer.fit(split, training.epochs(), fitting);
      fitting.restore();
    }
    overlays.forEach(SoftMaskOverlay::touched);
    stored.put(task.index(), store());
    activate(task);
    return true;
  }

  /** A head, norms and scores of the task's own. */
  private void open(Task task) {
    overlays.forEach(overlay -> overlay.start(training.initial()));
    overlay(true);
    net.selectHead(task.index(), task.classes());
    net.selectNorms(keyOf(task));
  }

  private List<StoredMask> store() {
    return overlays.stream()
        .map(overlay -> StoredMask.of(overlay.factors(), rule.mode(), (float) rule.scale()))
        .toList();
  }

  /** Answers as the stored mask does; for a task that is not learned, as the body does. */
  public void activate(Task task) {
    List<StoredMask> masks = stored.getOrDefault(task.index(), List.of());
    for (int i = 0; i < masks.size(); i++) {
      overlays.get(i).fold(masks.get(i).factors());
    }
    overlay(!masks.isEmpty());
    net.selectHead(task.index(), task.classes());
    net.selectNorms(masks.isEmpty() ? BODY : keyOf(task));
  }

  private void overlay(boolean in) {
    for (int i = 0; i < overlays.size(); i++) {
      net.overlay(net.maskedLayers().get(i), in ? overlays.get(i) : null);
    }
  }

  private static int keyOf(Task task) {
    return BODY + 1 + task.index();
  }

  /** Bytes that a task's masks take. */
  public long bytes(Task task) {
    return stored.get(task.index()).stream().mapToLong(StoredMask::bytes).sum();
  }

  /** Units that a task kept, over all of them; 1 for the task that trained the body. */
  public double kept(Task task) {
    long units = overlays.stream().mapToLong(SoftMaskOverlay::count).sum();
    List<StoredMask> masks = stored.get(task.index());
    return masks.isEmpty() ? 1 : (double) masks.stream().mapToLong(StoredMask::kept).sum() / units;
  }

  /** Shared weights that the activated task multiplies. */
  public long live() {
    return overlays.stream().mapToLong(SoftMaskOverlay::live).sum();
  }

  @Override
  public void close() {
    overlay(false);
    overlays.forEach(SoftMaskOverlay::close);
  }
}
