// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.intarsia.PlaneShape;
import dev.intarsia.training.coding.BitString;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a task's segment says in words: everything of a {@link PackedTask} that is no tensor.
 *
 * @param name of the task
 * @param classNames one per output of the head
 * @param cropPad of the preprocessing
 * @param flip of the preprocessing
 * @param copy which set of shared weights it lives in
 * @param layers one per shared parameter
 * @param norms how many normalisation tensors it has
 * @param provenance where it comes from
 */
record TaskManifest(
    String name,
    List<String> classNames,
    int cropPad,
    boolean flip,
    int copy,
    List<LayerManifest> layers,
    int norms,
    Map<String, String> provenance) {

  private static final int MOST = 1 << 16; // layers, classes, norms: more than any net has

  /** One layer of a task. */
  record LayerManifest(String name, PlaneShape shape, int kernel, int bits) {
    String codes() {
      return name + ".codes";
    }

    String codebook() {
      return name + ".codebook";
    }

    String mask() {
      return name + ".mask";
    }

    boolean isLike(LayerManifest other) {
      return name.equals(other.name) && shape.equals(other.shape) && kernel == other.kernel;
    }
  }

  static TaskManifest of(PackedTask task) {
    return new TaskManifest(
        task.name(),
        task.classNames(),
        task.preprocessing().cropPad(),
        task.preprocessing().flip(),
        task.copy(),
        task.layers().stream()
            .map(l -> new LayerManifest(l.name(), l.shape(), l.kernel(), l.bits()))
            .toList(),
        task.norms().size(),
        task.provenance());
  }

  String toJson() {
    ObjectNode json = Json.object();
    json.put("name", name);
    classNames.forEach(json.putArray("classes")::add);
    json.put("crop_pad", cropPad).put("flip", flip).put("copy", copy);
    ArrayNode list = json.putArray("layers");
    for (LayerManifest layer : layers) {
      list.addObject()
          .put("name", layer.name)
          .put("rows", layer.shape.rows())
          .put("cols", layer.shape.cols())
          .put("kernel", layer.kernel)
          .put("bits", layer.bits);
    }
    json.put("norms", norms);
    ObjectNode texts = json.putObject("provenance");
    new TreeMap<>(provenance).forEach(texts::put); // equal tasks give equal bytes
    return Json.text(json);
  }

  static TaskManifest parse(String text, Place place) {
    JsonNode json = Json.parse(text, place);
    List<String> classNames = new ArrayList<>();
    for (JsonNode name : Json.list(json, "classes", place)) {
      if (!name.isTextual()) {
        throw place.altered("the name of a class is no text");
      }
      classNames.add(name.textValue());
    }
    if (classNames.isEmpty() || classNames.size() > MOST) {
      throw place.altered(
          "has %d classes, must have from 1 to %d".formatted(classNames.size(), MOST));
    }
    Map<String, String> provenance = new TreeMap<>();
    JsonNode texts = Json.child(json, "provenance", place);
    texts
        .properties()
        .forEach(e -> provenance.put(e.getKey(), Json.string(texts, e.getKey(), place)));
    return new TaskManifest(
        Json.string(json, "name", place),
        classNames,
        Json.integer(json, "crop_pad", 0, MOST, place),
        Json.flag(json, "flip", place),
        Json.integer(json, "copy", 0, Segments.MAX, place),
        layers(json, place),
        Json.integer(json, "norms", 0, MOST, place),
        provenance);
  }

  private static List<LayerManifest> layers(JsonNode json, Place place) {
    List<LayerManifest> layers = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (JsonNode node : Json.list(json, "layers", place)) {
      String name = Json.string(node, "name", place);
      Place at = place.of("layer " + name);
      PlaneShape shape;
      int kernel;
      int bits;
      try {
        shape =
            new PlaneShape(
                Json.integer(node, "rows", 1, Integer.MAX_VALUE, at),
                Json.integer(node, "cols", 1, Integer.MAX_VALUE, at));
        kernel = Json.integer(node, "kernel", 1, shape.cols(), at);
        bits = Json.integer(node, "bits", 1, Byte.SIZE, at);
        BitString.bytes(shape.elements(), bits);
      } catch (IllegalArgumentException e) {
        throw at.altered(e.getMessage(), e);
      }
      if (!names.add(name)) {
        throw at.altered("is there twice");
      }
      layers.add(new LayerManifest(name, shape, kernel, bits));
    }
    if (layers.isEmpty() || layers.size() > MOST) {
      throw place.altered("has %d layers, must have from 1 to %d".formatted(layers.size(), MOST));
    }
    return layers;
  }

  /** Weights of all layers. */
  long weights() {
    return layers.stream().mapToLong(layer -> layer.shape().elements()).sum();
  }
}
