// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import dev.intarsia.training.coding.ContextMasks;
import dev.intarsia.training.coding.CorruptCodeException;
import dev.intarsia.training.data.Preprocessing;
import dev.intarsia.training.pack.TaskManifest.LayerManifest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** A task as a segment, and back. */
final class TaskSegment {
  static final String FORMAT = "intarsia-pack";
  static final String VERSION = "1";
  static final String MANIFEST = "task";

  private static final String HEAD = "head";
  private static final String REPLAY = "replay";
  private static final String MEAN = "mean";
  private static final String STD = "std";
  private static final String NORM = "norm.";

  private TaskSegment() {}

  /** Metadata that every segment begins with. */
  static Map<String, String> metadata(String key, String manifest) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", FORMAT);
    metadata.put("version", VERSION);
    metadata.put(key, manifest);
    return metadata;
  }

  /**
   * Writes a task.
   *
   * @param earlier per layer, the masks of the tasks before, of all copies
   */
  static byte[] encode(PackedTask task, List<List<int[]>> earlier, MaskCode code) {
    TaskManifest manifest = TaskManifest.of(task);
    List<byte[]> masks =
        IntStream.range(0, task.layers().size())
            .parallel()
            .mapToObj(
                i -> {
                  PackedLayer layer = task.layers().get(i);
                  return code.encode(layer.shape(), layer.kernel(), earlier.get(i), layer.mask());
                })
            .toList();
    Safetensors.Writer out = new Safetensors.Writer();
    out.add(MEAN, task.preprocessing().mean());
    out.add(STD, task.preprocessing().std());
    int classes = task.classNames().size();
    out.add(HEAD, task.head(), classes, task.head().length / classes);
    for (int i = 0; i < task.norms().size(); i++) {
      out.add(NORM + i, task.norms().get(i));
    }
    out.add(REPLAY, task.replay());
    for (int i = 0; i < task.layers().size(); i++) {
      LayerManifest layer = manifest.layers().get(i);
      out.add(layer.codebook(), task.layers().get(i).codebook());
      out.add(layer.codes(), task.layers().get(i).codes());
      out.add(layer.mask(), masks.get(i));
    }
    return out.finish(metadata(MANIFEST, manifest.toJson()), Frame.BYTES);
  }

  /** Reads the mask of one layer. */
  static int[] mask(Safetensors in, LayerManifest layer, List<int[]> earlier, Place place) {
    byte[] code = in.bytes(layer.mask());
    try {
      return ContextMasks.decode(layer.shape(), layer.kernel(), earlier, code);
    } catch (CorruptCodeException e) {
      throw place.of(layer.mask()).altered(e.getMessage(), e);
    }
  }

  /** Reads the rest, around masks that were read already. */
  static PackedTask decode(
      Safetensors in, TaskManifest manifest, List<int[]> masks, int channels, Place place) {
    List<PackedLayer> layers = new ArrayList<>();
    for (int i = 0; i < masks.size(); i++) {
      LayerManifest layer = manifest.layers().get(i);
      byte[] codes = in.bytes(layer.codes());
      float[] codebook = in.floats(layer.codebook());
      try {
        layers.add(
            new PackedLayer(
                layer.name(),
                layer.shape(),
                layer.kernel(),
                masks.get(i),
                layer.bits(),
                codebook,
                codes));
      } catch (IllegalArgumentException e) {
        throw place.altered(e.getMessage(), e);
      }
    }
    List<float[]> norms = new ArrayList<>();
    for (int i = 0; i < manifest.norms(); i++) {
      norms.add(in.floats(NORM + i));
    }
    float[] head = in.floats(HEAD);
    if (head.length == 0 || head.length % manifest.classNames().size() != 0) {
      throw place
          .of(HEAD)
          .altered(
              "has %d weights for %d classes".formatted(head.length, manifest.classNames().size()));
    }
    return new PackedTask(
        manifest.name(),
        manifest.classNames(),
        preprocessing(in, manifest, channels, place),
        manifest.copy(),
        layers,
        head,
        norms,
        in.floats(REPLAY),
        manifest.provenance());
  }

  private static Preprocessing preprocessing(
      Safetensors in, TaskManifest manifest, int channels, Place place) {
    float[] mean = in.floats(MEAN);
    if (mean.length != channels) {
      throw place
          .of(MEAN)
          .altered("has %d channels, the net has %d".formatted(mean.length, channels));
    }
    try {
      return new Preprocessing(mean, in.floats(STD), manifest.cropPad(), manifest.flip());
    } catch (IllegalArgumentException e) {
      throw place.of(STD).altered(e.getMessage(), e);
    }
  }

  /** Bytes by term, of a segment that takes {@code bytes} in the file. */
  static PackSizes sizes(Safetensors in, TaskManifest manifest, long bytes) {
    long codes = 0;
    long codebooks = 0;
    long masks = 0;
    for (LayerManifest layer : manifest.layers()) {
      codes += in.length(layer.codes());
      codebooks += in.length(layer.codebook());
      masks += in.length(layer.mask());
    }
    long norms = 0;
    for (int i = 0; i < manifest.norms(); i++) {
      norms += in.length(NORM + i);
    }
    long head = in.length(HEAD);
    long replay = in.length(REPLAY);
    return new PackSizes(
        codes,
        codebooks,
        masks,
        head,
        norms,
        replay,
        bytes - codes - codebooks - masks - head - norms - replay);
  }
}
