// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import com.fasterxml.jackson.databind.JsonNode;
import dev.intarsia.training.data.DataException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * and U8 occur in a pack, and each tensor has its CRC-32C in the metadata. Files of other programs
 * may hold any type of the format, of which F32 can be read, and need no checksums.
 */
final class Safetensors {
  /** Opens the metadata key of a tensor's checksum. */
  static final String CRC = "crc32c.";

  static final String METADATA = "__metadata__";

  private static final String OFFSETS = "data_offsets";
  private static final int MAX_DIMS = 8;
  private static final Map<String, Integer> PACK_TYPES = Map.of("F32", Float.BYTES, "U8", 1);
  private static final Map<String, Integer> ALL_TYPES =
      Map.ofEntries(
          Map.entry("BOOL", 1),
          Map.entry("U8", 1),
          Map.entry("I8", 1),
          Map.entry("F8_E5M2", 1),
          Map.entry("F8_E4M3", 1),
          Map.entry("U16", 2),
          Map.entry("I16", 2),
          Map.entry("F16", 2),
          Map.entry("BF16", 2),
          Map.entry("U32", 4),
          Map.entry("I32", 4),
          Map.entry("F32", Float.BYTES),
          Map.entry("U64", 8),
          Map.entry("I64", 8),
          Map.entry("F64", 8));

  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final MappedBytes data;
  private final Place place;
  private final Map<String, Integer> types; // bytes of a value of each dtype that may occur

  private record Entry(String name, String dtype, List<Integer> shape, int begin, int end) {}

  private Safetensors(MappedBytes data, Place place, Map<String, Integer> types) {
    this.data = data;
    this.place = place;
    this.types = types;
  }

  /**
   * Opens a file that another program wrote.
   *
   * @throws DataException if it is missing, of 2 GiB or more, or no safetensors file
   */
  static Safetensors open(Path path) {
    if (!Files.isRegularFile(path)) {
      throw new DataException(path, "no such file", "give a safetensors file");
    }
    Place place = new Place(path, "header");
    try {
      FileChannel channel = FileChannel.open(path);
      long size = channel.size();
      if (size < Long.BYTES || size > Integer.MAX_VALUE) {
        throw new DataException(
            path,
            "has %d bytes, must be from %d to %d".formatted(size, Long.BYTES, Integer.MAX_VALUE),
            "give a safetensors file of one net");
      }
      MappedBytes all = MappedBytes.of(channel, 0, (int) size);
      long length =
          ByteBuffer.wrap(all.copy(0, Long.BYTES, place)).order(ByteOrder.LITTLE_ENDIAN).getLong();
      if (length < 0 || length > Math.min(Json.MAX_BYTES, size - Long.BYTES)) {
        throw place.altered(
            "its length is given as %d bytes, the file has %d after it"
                .formatted(length, size - Long.BYTES));
      }
      byte[] header = all.copy(Long.BYTES, (int) length, place);
      return parse(header, all.from(Long.BYTES + (int) length), place, ALL_TYPES);
    } catch (IOException e) {
      throw new DataException(path, "cannot be read (" + e + ")", "check disk and permissions", e);
    }
  }

  /**
   * Reads the header.
   *
   * @param header the JSON text, UTF-8
   * @param data what follows it; read when a tensor is asked for
   */
  static Safetensors parse(byte[] header, MappedBytes data, Place place) {
    return parse(header, data, place, PACK_TYPES);
  }

  private static Safetensors parse(
      byte[] header, MappedBytes data, Place place, Map<String, Integer> types) {
    Safetensors file = new Safetensors(data, place, types);
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
    if (!types.containsKey(dtype)) {
      throw at.altered(
          "is of dtype '%s', expected %s"
              .formatted(
                  dtype, types == PACK_TYPES ? "F32 or U8" : "one of the format such as F32"));
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
    long bytes = types.get(dtype);
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
    List<Integer> dims = shape.stream().map(JsonNode::intValue).toList();
    entries.put(name, new Entry(name, dtype, dims, begin, end));
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

  /** Whether there is a tensor of that name. */
  boolean contains(String name) {
    return entries.containsKey(name);
  }

  /** The dtype of a tensor that there is, as the format writes it. */
  String dtype(String name) {
    return entries.get(name).dtype;
  }

  /** The sizes of a tensor that there is. */
  List<Integer> shape(String name) {
    return entries.get(name).shape;
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
    return read(name, "U8");
  }

  /** The values of an F32 tensor, checked. */
  float[] floats(String name) {
    byte[] bytes = read(name, "F32");
    float[] values = new float[bytes.length / Float.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  /** Copies first and checks the copy: what was checked is what is used. */
  private byte[] read(String name, String dtype) {
    Place at = place.of(name);
    Entry entry = entries.get(name);
    if (entry == null || !entry.dtype.equals(dtype)) {
      throw at.altered(entry == null ? "is missing" : "is of another dtype");
    }
    byte[] bytes = data.copy(entry.begin, entry.end - entry.begin, at);
    if (types == ALL_TYPES && !metadata.containsKey(CRC + name)) {
      return bytes; // other programs write no checksums
    }
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
