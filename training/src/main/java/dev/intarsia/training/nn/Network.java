// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.Tensor;
import dev.intarsia.ops.Reorder;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * One shared body and one {@link Head} per task. Which head answers and which normalisation state
 * is used is selected between passes; which weights are visible stands in the parameters' masks.
 *
 * <p>All initial values are a function of the seed. Owns everything it is made of but the context.
 * Not thread-safe.
 */
public final class Network implements AutoCloseable {
  private final Context context;
  private final String name;
  private final long seed;
  private final Tensor border; // [N, C, H, W] row-major
  private final Activation input;
  private final Reorder reorder;
  private final Layer body;
  private final Head.Factory headFactory;
  private final List<Parameter> shared;
  private final SortedMap<Integer, Head> heads = new TreeMap<>();
  private Workshop workshop; // made when a parameter is first mixed
  private Head head;
  private List<Parameter> active = List.of(); // frozen ones too
  private boolean pretrained;
  private int batch;

  /**
   * Builds a net and draws its weights.
   *
   * @param name for messages
   * @param input [N, C, H, W] of the images; N is the most one pass may have
   * @param seed all initial weights and all dropout are derived from it
   * @param body makes the shared layers from the input
   */
  public Network(
      Context context,
      String name,
      ActivationShape input,
      long seed,
      Function<Activation, Layer> body) {
    this(context, name, input, seed, body, ClassHead::new);
  }

  /** The same, with heads of another kind than classifiers of images. */
  Network(
      Context context,
      String name,
      ActivationShape input,
      long seed,
      Function<Activation, Layer> body,
      Head.Factory headFactory) {
    this.headFactory = headFactory;
    this.context = context;
    this.name = name;
    this.seed = seed;
    this.batch = input.n();
    border = Tensor.plain(context, input.n(), input.c(), input.h(), input.w());
    this.input = new Activation(input, Activation.tensor(context, input), null);
    reorder = Reorder.bind(context, input).src(border).dst(this.input.value());
    this.body = body.apply(this.input);
    shared = this.body.parameters().stream().filter(Parameter::isMaskable).toList();
    for (int i = 0; i < shared.size(); i++) {
      shared.get(i).initialize(CounterRandom.of(seed, "init", i));
    }
  }

  /**
   * Lets the head of a task answer from now on; a task seen for the first time gets a new head.
   *
   * @param task index of the task, from 0
   * @param classes outputs of the head
   */
  public void selectHead(int task, int classes) {
    head =
        heads.computeIfAbsent(
            task,
            key ->
                headFactory.make(
                    "head" + key, body.out(), classes, CounterRandom.of(seed, "head", key)));
    head.batch(batch);
    collectActive();
  }

  /** Lets normalisation layers use the state of a key; see {@link Layer#selectNorms}. */
  public void selectNorms(int key) {
    body.selectNorms(key);
    collectActive();
  }

  /**
   * Lets sets of norms that are first selected from now on start as copies of the set of a key; see
   * {@link Layer#normsFrom}.
   */
  public void normsFrom(int key) {
    body.normsFrom(key);
  }

  /**
   * Lets a layer multiply an overlay in place of its shared weights, whose parameters are learned
   * in their stead.
   *
   * @param layer one of {@link #maskedLayers}
   * @param overlay borrowed until the layer gets another one; null for the weights themselves
   */
  public void overlay(MaskedLayer layer, Overlay overlay) {
    layer.overlay(overlay);
    collectActive();
  }

  /** Freezes or thaws the shared weights and the norms that are selected now, not the heads. */
  public void freezeBody(boolean freeze) {
    shared.forEach(parameter -> parameter.freeze(freeze));
    for (Parameter parameter : body.parameters()) {
      if (parameter.isNorm()) {
        parameter.freeze(freeze);
      }
    }
  }

  /** Notes that the shared weights were learned elsewhere, and read from a file. */
  public void markPretrained() {
    pretrained = true;
  }

  /** Whether the shared weights were learned elsewhere. */
  public boolean pretrained() {
    return pretrained;
  }

  /**
   * Lets passes outside training execute codes instead of the shared weights, until called again.
   *
   * @param packed one per shared parameter, borrowed; empty for the weights again
   */
  public void execute(List<PackedWeights> packed) {
    if (!packed.isEmpty() && packed.size() != shared.size()) {
      throw new IllegalArgumentException(
          "%s has %d shared parameters, there are codes for %d"
              .formatted(name, shared.size(), packed.size()));
    }
    for (int i = 0; i < shared.size(); i++) {
      shared.get(i).execute(packed.isEmpty() ? null : packed.get(i));
    }
  }

  /**
   * Lets a shared parameter train on {@linkplain MixedWeights mixed weights} until {@link
   * Parameter#unmix}: codes stand for those that are not trainable now, and what is dense is freed.
   * No bit of a weight changes. An optimizer that has stepped the parameter cannot step it any
   * more.
   *
   * @param parameter one of {@link #shared}, with dense weights
   * @param frozen a code for each weight that is not trainable, borrowed
   * @throws IllegalArgumentException if a code does not mean the weight it stands for; nothing was
   *     changed then
   */
  public void mix(Parameter parameter, PackedWeights frozen) {
    if (!shared.contains(parameter)) {
      throw new IllegalArgumentException(
          "parameter " + parameter.name() + " is not shared in " + name + " and is never frozen");
    }
    if (workshop == null) {
      workshop =
          new Workshop(context, shared.stream().mapToLong(Parameter::count).max().orElseThrow());
    }
    parameter.mix(frozen, workshop);
  }

  private void collectActive() {
    List<Parameter> parameters = new ArrayList<>(body.parameters());
    if (head != null) {
      parameters.add(head.weights());
    }
    active = List.copyOf(parameters);
  }

  /**
   * Answers images.
   *
   * @param images row-major [count, C, H, W], or longer
   * @param count from 1 to {@link #capacity}
   * @return the selected head, which holds the logits
   */
  public Head forward(float[] images, int count, Phase phase) {
    requireHead();
    if (count != batch) {
      resize(count);
    }
    border.upload(images, 0, count * input.features());
    reorder.pack();
    body.forward(phase);
    head.forward();
    return head;
  }

  /**
   * Answers images of several tasks in one pass, in which a layer of codes reads its codes once.
   *
   * @param images row-major [N, C, H, W] or longer, those of a run from its first on; what lies
   *     between runs is computed and means nothing
   * @param runs in ascending order, each from a multiple of {@link #block} on; a head was selected
   *     for each task before, and packed weights know the runs
   * @return logits of each run, [count, classes]
   * @throws UnsupportedOperationException on the reference backend, see {@link #mixesTasks}
   */
  public List<float[]> forward(float[] images, List<Run> runs) {
    requireHead();
    requireRuns(runs);
    int count = runs.get(runs.size() - 1).end();
    if (count != batch) {
      resize(count);
    }
    border.upload(images, 0, count * input.features());
    reorder.pack();
    body.selectNorms(runs);
    body.forward(Phase.EVALUATE);
    body.selectNorms(List.of());
    return runs.stream().map(run -> heads.get(run.task()).answer(run)).toList();
  }

  private void requireRuns(List<Run> runs) {
    if (!mixesTasks()) {
      throw new UnsupportedOperationException(
          "the reference backend answers one task at a time; pass the runs one by one");
    }
    int end = 0;
    for (Run run : runs) {
      if (run.first() < end || run.first() % block() != 0 || !heads.containsKey(run.task())) {
        throw new IllegalArgumentException(
            "%s starts below image %d or inside a block of %d, or its task has no head of %s"
                .formatted(run, end, block(), heads.keySet()));
      }
      end = run.end();
    }
    if (runs.isEmpty()) {
      throw new IllegalArgumentException("there are no runs, expected at least one");
    }
  }

  /** Whether a pass may have images of several tasks: on every backend but the reference. */
  public boolean mixesTasks() {
    return !context.backend().equals("reference");
  }

  /** Images that lie side by side and obey one mask: 16, or 1 where they are row-major. */
  public int block() {
    return input.value().layout().block();
  }

  /**
   * Computes the gradients of the active parameters for the latest forward pass, after {@link
   * Head#judge}. They replace the earlier ones. Where all below is frozen nothing is computed.
   */
  public void backward() {
    requireHead();
    for (Parameter parameter : active) {
      if (parameter.scores() == null) { // with scores the gradient is written, not added to
        parameter.clearGradient();
      }
    }
    head.backward();
    body.backwardToLearners();
  }

  private void resize(int count) {
    if (count < 1 || count > capacity()) {
      throw new IllegalArgumentException(
          "a pass of %d images, must be from 1 to %d; build %s for larger batches"
              .formatted(count, capacity(), name));
    }
    batch = count;
    reorder.batch(count);
    body.batch(count);
    head.batch(count);
  }

  private void requireHead() {
    if (head == null) {
      throw new IllegalStateException("no head is selected in " + name + "; activate a task first");
    }
  }

  /** The most images of a pass. */
  public int capacity() {
    return input.shape().n();
  }

  /** C of an image. */
  public int channels() {
    return input.shape().c();
  }

  /** H of an image. */
  public int height() {
    return input.shape().h();
  }

  /** W of an image. */
  public int width() {
    return input.shape().w();
  }

  /** Where everything lives. */
  public Context context() {
    return context;
  }

  /** Name of the model. */
  public String name() {
    return name;
  }

  /** The seed the net was built with. */
  public long seed() {
    return seed;
  }

  /** The parameters that tasks share and may divide, from input to output; unmodifiable. */
  public List<Parameter> shared() {
    return shared;
  }

  /** The layers of {@link #shared}, in the same order. */
  public List<MaskedLayer> maskedLayers() {
    return body.maskedLayers();
  }

  /**
   * What learns: all parameters of the selected head, the selected normalisation state and the
   * layers, but for {@linkplain Parameter#freeze frozen} ones.
   */
  public List<Parameter> active() {
    for (Parameter parameter : active) {
      if (parameter.isFrozen()) {
        return active.stream().filter(p -> !p.isFrozen()).toList();
      }
    }
    return active;
  }

  /** Weights of {@link #shared}. */
  public long sharedCount() {
    return shared.stream().mapToLong(Parameter::count).sum();
  }

  /** Normalisation parameters and running statistics of the selected state, in a fixed order. */
  public List<Tensor> norms() {
    List<Tensor> norms = new ArrayList<>();
    for (Parameter parameter : body.parameters()) {
      if (parameter.isNorm()) {
        norms.add(parameter.weights());
      }
    }
    norms.addAll(body.statistics());
    return norms;
  }

  /** Whether normalisation keeps running statistics of what it saw. */
  public boolean hasStatistics() {
    return !body.statistics().isEmpty();
  }

  /** The selected head. */
  public Head head() {
    requireHead();
    return head;
  }

  @Override
  public void close() {
    heads.values().forEach(Head::close);
    body.close();
    if (workshop != null) {
      workshop.close();
    }
    input.close();
    border.close();
  }
}
