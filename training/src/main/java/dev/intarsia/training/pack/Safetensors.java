// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One safetensors file, read: eight bytes with the length of a JSON header, the header, the data.
 * Everything the header says is checked against the bytes there are before anything is allocated by
 * it; the tensors must cover the data without a gap or an overlap, as the format demands. Only F32
 * and U8 occur in a pack, and each tensor has its CRC-32C in the metadata.
 */
final class Safetensors {
  /** Opens the metadata key of a tensor's checksum. */
  static final String CRC = "crc32c.";

  static final String METADATA = "__metadata__";

  private static final String OFFSETS = "data_offsets";
  private static final int MAX_DIMS = 8;

  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final MappedBytes data;
  private final Place place;

  private record Entry(String name, boolean floats, int begin, int end) {}

  private Safetensors(MappedBytes data, Place place) {
    this.data = data;
    this.place = place;
  }

  /**
   * Reads the header.
   *
   * @param header the JSON text, UTF-8
   * @param data what follows it; read when a tensor is asked for
   */
  static Safetensors parse(byte[] header, MappedBytes data, Place place) {
    Safetensors file = new Safetensors(data, place);
    JsonNode json = Json.parse(new String(header, StandardCharsets.UTF_8), place);
    json.properties()
        .forEach(
            field -> {
              if (field.getKey().equals(METADATA)) {
                file.readMetadata(field.getValue());
              } else {
                file.readEntry(field.getKey(), field.getValue());
              }
            });
    file.requireCovered();
    return file;
  }

  private void readMetadata(JsonNode json) {
    json.properties()
        .forEach(field -> metadata.put(field.getKey(), Json.string(json, field.getKey(), place)));
  }

  private void readEntry(String name, JsonNode json) {
    Place at = place.of(name);
    String dtype = Json.string(json, "dtype", at);
    if (!dtype.equals("F32") && !dtype.equals("U8")) {
      throw at.altered("is of dtype '" + dtype + "', expected F32 or U8");
    }
    List<JsonNode> offsets = Json.list(json, OFFSETS, at);
    if (offsets.size() != 2 || !offsets.stream().allMatch(JsonNode::canConvertToInt)) {
      throw at.altered("data_offsets are not two numbers of 32 bits");
    }
    int begin = offsets.get(0).intValue();
    int end = offsets.get(1).intValue();
    if (begin < 0 || end < begin || end > data.length()) {
      throw at.altered(
          "lies at bytes %d to %d of %d bytes of data".formatted(begin, end, data.length()));
    }
    long bytes = dtype.equals("F32") ? Float.BYTES : 1;
    List<JsonNode> shape = Json.list(json, "shape", at);
    if (shape.size() > MAX_DIMS) {
      throw at.altered("has %d dimensions, at most %d".formatted(shape.size(), MAX_DIMS));
    }
    for (JsonNode dim : shape) {
      if (!dim.canConvertToInt() || dim.intValue() < 0) {
        throw at.altered("a size in its shape is not from 0 to 2147483647");
      }
      bytes = saturated(bytes, dim.intValue());
    }
    if (bytes != end - begin) {
      throw at.altered(
          "its shape takes %d bytes, its offsets give %d".formatted(bytes, end - begin));
    }
    entries.put(name, new Entry(name, dtype.equals("F32"), begin, end));
  }

  /** A product that stays out of reach of any file once it is. */
  private static long saturated(long bytes, int dim) {
    return bytes > Integer.MAX_VALUE && dim != 0 ? bytes : bytes * dim;
  }

  private void requireCovered() {
    List<Entry> sorted = new ArrayList<>(entries.values());
    sorted.sort(Comparator.comparingInt(Entry::begin).thenComparingInt(Entry::end));
    int covered = 0;
    for (Entry entry : sorted) {
      if (entry.begin != covered) {
        throw place
            .of(entry.name)
            .altered(
                "begins at byte %d, the one before ends at %d".formatted(entry.begin, covered));
      }
      covered = entry.end;
    }
    if (covered != data.length()) {
      throw place.altered(
          "the tensors end at byte %d of %d bytes of data".formatted(covered, data.length()));
    }
  }

  /** A text of the metadata. */
  String metadata(String key) {
    String value = metadata.get(key);
    if (value == null) {
      throw place.altered("its metadata has no '" + key + "'");
    }
    return value;
  }

  /** Bytes of a tensor, 0 if there is none of that name. */
  int length(String name) {
    Entry entry = entries.get(name);
    return entry == null ? 0 : entry.end - entry.begin;
  }

  /** Names of all tensors. */
  List<String> names() {
    return List.copyOf(entries.keySet());
  }

  /** The bytes of a U8 tensor, checked. */
  byte[] bytes(String name) {
    return read(name, false);
  }

  /** The values of an F32 tensor, checked. */
  float[] floats(String name) {
    byte[] bytes = read(name, true);
    float[] values = new float[bytes.length / Float.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  /** Copies first and checks the copy: what was checked is what is used. */
  private byte[] read(String name, boolean floats) {
    Place at = place.of(name);
    Entry entry = entries.get(name);
    if (entry == null || entry.floats != floats) {
      throw at.altered(entry == null ? "is missing" : "is of another dtype");
    }
    byte[] bytes = data.copy(entry.begin, entry.end - entry.begin, at);
    String expected = metadata(CRC + name);
    if (!Checksum.crcText(bytes).equals(expected)) {
      throw at.altered(
          "its CRC-32C is %s, expected %s".formatted(Checksum.crcText(bytes), expected));
    }
    return bytes;
  }

  /** Tensors on their way into a file; F32 first, so that all are aligned. */
  static final class Writer {
    private record Tensor(String name, boolean floats, long[] shape, byte[] bytes) {}

    private final List<Tensor> tensors = new ArrayList<>();

    /** Adds an F32 tensor. */
    void add(String name, float[] values, long... shape) {
      ByteBuffer bytes =
          ByteBuffer.allocate(Math.multiplyExact(values.length, Float.BYTES))
              .order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(values);
      tensors.add(
          new Tensor(name, true, shape.length == 0 ? dims(values.length) : shape, bytes.array()));
    }

    /** Adds a U8 tensor. */
    void add(String name, byte[] bytes) {
      tensors.add(new Tensor(name, false, dims(bytes.length), bytes));
    }

    private static long[] dims(int length) {
      return new long[] {length};
    }

    /** The whole file; its data starts at a multiple of {@code align}. */
    byte[] finish(Map<String, String> metadata, int align) {
      var json = Json.object();
      var texts = json.putObject(METADATA);
      metadata.forEach(texts::put);
      tensors.sort(Comparator.comparing(tensor -> !tensor.floats));
      int at = 0;
      for (Tensor tensor : tensors) {
        texts.put(CRC + tensor.name, Checksum.crcText(tensor.bytes));
        var entry = json.putObject(tensor.name).put("dtype", tensor.floats ? "F32" : "U8");
        Arrays.stream(tensor.shape).forEach(entry.putArray("shape")::add);
        int end = Math.addExact(at, tensor.bytes.length);
        entry.putArray(OFFSETS).add(at).add(end);
        at = end;
      }
      byte[] text = Json.text(json).getBytes(StandardCharsets.UTF_8);
      int first = (Long.BYTES + text.length + align - 1) / align * align;
      ByteBuffer file =
          ByteBuffer.allocate(Math.addExact(first, at)).order(ByteOrder.LITTLE_ENDIAN);
      file.putLong(first - Long.BYTES).put(text);
      while (file.position() < first) {
        file.put((byte) ' '); // the format lets a header end in spaces
      }
      tensors.forEach(tensor -> file.put(tensor.bytes));
      return file.array();
    }
  }
}
