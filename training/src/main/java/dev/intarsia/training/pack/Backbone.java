// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.training.data.Batch;
import dev.intarsia.training.data.DataException;
import dev.intarsia.training.data.Dataset;
import dev.intarsia.training.data.Loader;
import dev.intarsia.training.data.Preprocessing;
import dev.intarsia.training.nn.Models;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.nn.Phase;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Weights that were learned elsewhere, in a safetensors file with the names of the published CIFAR
 * nets: {@code conv1}, {@code bn1}, {@code layer1.0.conv1} to {@code layer3.4.bn2}, {@code linear}.
 * Convolutions are [O, I, KH, KW] and have no bias; a norm is {@code weight}, {@code bias}, {@code
 * running_mean} and {@code running_var}, each [C]; {@code linear} is [10, C] with a bias. All are
 * F32; tensors of other names are left alone.
 */
public final class Backbone {
  /** Normalises pixels as the published nets saw them in training: ImageNet's mean, deviation. */
  public static final Preprocessing PREPROCESSING =
      Preprocessing.normalising(
          new float[] {0.485f, 0.456f, 0.406f}, new float[] {0.229f, 0.224f, 0.225f});

  /** Height and width of the images that the published nets were trained on. */
  public static final int SIDE = 32;

  private static final int EXAM_BATCH = 100;
  private static final String WEIGHT = ".weight";
  private static final String REMEDY = "give the weights of a net with this layout";

  private final Path path;
  private final Safetensors file;
  private final String model;

  private Backbone(Path path, Safetensors file, String model) {
    this.path = path;
    this.file = file;
    this.model = model;
  }

  /**
   * Opens a file and tells which model it is of by its number of blocks.
   *
   * @throws DataException if it is missing, damaged or of no model known here
   */
  public static Backbone open(Path path) {
    Safetensors file = Safetensors.open(path);
    int blocks = 0;
    while (file.contains("layer1." + blocks + ".conv1" + WEIGHT)) {
      blocks++;
    }
    if (blocks != 3 && blocks != 5) {
      throw new DataException(
          path,
          "has %d blocks (tensors layer1.K.conv1.weight), expected 3 or 5".formatted(blocks),
          "give the weights of resnet20 or resnet32");
    }
    return new Backbone(path, file, blocks == 3 ? "resnet20" : "resnet32");
  }

  /** The model that the weights fit. */
  public String model() {
    return model;
  }

  /** What the file holds, a line a tensor: name, dtype, sizes. */
  public List<String> listing() {
    return file.names().stream()
        .map(name -> name + "  " + file.dtype(name) + " " + file.shape(name))
        .toList();
  }

  /**
   * Writes weights, scales, shifts and running statistics into a net, those of norms into key 0,
   * which is selected; later keys start as copies of it. Everything is read and checked before
   * anything is written.
   *
   * @throws IllegalArgumentException if the net is of another model or takes other images
   * @throws DataException if a tensor is missing, is not F32 or has other sizes
   */
  public void load(Network net) {
    if (!net.name().equals(model)) {
      throw new IllegalArgumentException(
          "backbone %s holds a %s, the net is a %s; set model=%s or leave it out"
              .formatted(path, model, net.name(), model));
    }
    net.selectNorms(0);
    List<String> layers = new ArrayList<>();
    List<float[]> weights = new ArrayList<>();
    for (Parameter parameter : net.shared()) {
      String layer = parameter.name().substring(0, parameter.name().lastIndexOf('.'));
      layers.add(layer);
      weights.add(floats(layer + WEIGHT, parameter.weights()));
    }
    List<Tensor> norms = net.norms(); // scale and shift of each, then mean and variance of each
    int count = layers.size();
    List<float[]> values = new ArrayList<>();
    for (int i = 0; i < norms.size(); i++) {
      String norm = layers.get(i / 2 % count).replace("conv", "bn");
      boolean statistics = i >= 2 * count;
      String part =
          i % 2 == 0
              ? statistics ? ".running_mean" : WEIGHT
              : statistics ? ".running_var" : ".bias";
      values.add(floats(norm + part, norms.get(i)));
    }
    for (int i = 0; i < count; i++) {
      net.shared().get(i).weights().upload(weights.get(i));
    }
    for (int i = 0; i < norms.size(); i++) {
      norms.get(i).upload(values.get(i));
    }
    net.normsFrom(0);
    net.markPretrained();
  }

  private float[] floats(String name, Tensor tensor) {
    return floats(name, LongStream.of(tensor.dims()).mapToInt(Math::toIntExact).boxed().toList());
  }

  private float[] floats(String name, List<Integer> expected) {
    if (!file.contains(name)) {
      throw new DataException(path, "has no tensor '" + name + "'", REMEDY);
    }
    if (!file.dtype(name).equals("F32")) {
      throw new DataException(
          path,
          "tensor '%s' is of dtype %s, expected F32".formatted(name, file.dtype(name)),
          "convert the file to F32");
    }
    if (!file.shape(name).equals(expected)) {
      throw new DataException(
          path,
          "tensor '%s' is %s, the net has %s".formatted(name, file.shape(name), expected),
          "backbones need images of 3 channels and width=1");
    }
    return file.floats(name);
  }

  /**
   * Reads and checks everything that {@link #load} would.
   *
   * @throws DataException as it would
   */
  public void check(Context context) {
    ActivationShape shape = new ActivationShape(1, PREPROCESSING.channels(), SIDE, SIDE);
    try (Network net = Models.build(model, context, shape, 0, Models.PUBLISHED_WIDTH)) {
      load(net);
    }
  }

  /**
   * Lets the file's own classifier answer images, on the context's kernels but for its bias.
   *
   * @param images [N, 3, 32, 32] of the ten classes of CIFAR-10, in its order
   * @return how many answers are right
   * @throws DataException as {@link #load} would
   */
  public int examine(Context context, Dataset images) {
    int batch = Math.min(EXAM_BATCH, images.size());
    ActivationShape shape =
        new ActivationShape(batch, images.channels(), images.height(), images.width());
    try (Network net = Models.build(model, context, shape, 0, Models.PUBLISHED_WIDTH);
        Loader loader = Loader.evaluation(images, PREPROCESSING, batch)) {
      load(net);
      net.selectHead(0, images.classes());
      Tensor weights = net.head().weights().weights(); // [classes, features]
      Classifier own = classifier(images.classes(), Math.toIntExact(weights.dims()[1]));
      weights.upload(own.weights);
      int right = 0;
      for (Batch next; (next = loader.next()) != null; next.release()) {
        float[] logits =
            net.forward(next.images(), next.size(), Phase.EVALUATE).readLogits(next.size());
        for (int i = 0; i < next.size(); i++) {
          right += best(logits, i * own.bias.length, own.bias) == next.labels()[i] ? 1 : 0;
        }
      }
      return right;
    }
  }

  /** The class of the largest logit, its bias added. */
  private static int best(float[] logits, int from, float[] bias) {
    int best = 0;
    for (int k = 1; k < bias.length; k++) {
      if (logits[from + k] + bias[k] > logits[from + best] + bias[best]) {
        best = k;
      }
    }
    return best;
  }

  /**
   * The file's own classifier.
   *
   * @param weights [classes, features], row-major
   * @param bias [classes]
   */
  public record Classifier(float[] weights, float[] bias) {}

  /**
   * Reads the classifier.
   *
   * @param classes expected
   * @param features expected
   * @throws DataException if it is missing, is not F32 or has other sizes
   */
  public Classifier classifier(int classes, int features) {
    return new Classifier(
        floats("linear" + WEIGHT, List.of(classes, features)),
        floats("linear.bias", List.of(classes)));
  }
}
