// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** JSON from files that nobody vouches for: depth and sizes bounded, every type checked. */
final class Json {
  /** The longest text that is parsed; the manifest of a task takes a few thousand bytes. */
  static final int MAX_BYTES = 4 << 20;

  private static final int MAX_DEPTH = 8;
  private static final int MAX_NUMBER = 40;

  private static final ObjectMapper MAPPER =
      new ObjectMapper(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxStringLength(MAX_BYTES)
                          .maxNameLength(MAX_BYTES)
                          .maxNumberLength(MAX_NUMBER)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private Json() {}

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  static String text(JsonNode json) {
    try {
      return MAPPER.writeValueAsString(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of plain values could not be written as JSON", e);
    }
  }

  /** Parses text that must be one object. */
  static JsonNode parse(String text, Place place) {
    if (text.length() > MAX_BYTES) {
      throw place.altered(
          "the text has %d characters, the limit is %d".formatted(text.length(), MAX_BYTES));
    }
    try {
      JsonNode json = MAPPER.readTree(text);
      if (json == null || !json.isObject()) {
        throw place.altered("the text is no JSON object");
      }
      return json;
    } catch (JsonProcessingException e) {
      throw place.altered("the text is no JSON (" + e.getOriginalMessage() + ")", e);
    }
  }

  private static JsonNode field(JsonNode json, String key, Place place) {
    JsonNode value = json.get(key);
    if (value == null) {
      throw place.altered("has no '" + key + "'");
    }
    return value;
  }

  static String string(JsonNode json, String key, Place place) {
    JsonNode value = field(json, key, place);
    if (!value.isTextual()) {
      throw place.altered("'" + key + "' is no text");
    }
    return value.textValue();
  }

  /** A whole number from {@code least} to {@code most}. */
  static int integer(JsonNode json, String key, int least, int most, Place place) {
    JsonNode value = field(json, key, place);
    if (!value.canConvertToInt() || !value.isIntegralNumber()) {
      throw place.altered("'" + key + "' is no whole number of 32 bits");
    }
    if (value.intValue() < least || value.intValue() > most) {
      throw place.altered(
          "'%s' is %d, must be from %d to %d".formatted(key, value.intValue(), least, most));
    }
    return value.intValue();
  }

  static double number(JsonNode json, String key, Place place) {
    JsonNode value = field(json, key, place);
    if (!value.isNumber()) {
      throw place.altered("'" + key + "' is no number");
    }
    return value.doubleValue();
  }

  static boolean flag(JsonNode json, String key, Place place) {
    JsonNode value = field(json, key, place);
    if (!value.isBoolean()) {
      throw place.altered("'" + key + "' is neither true nor false");
    }
    return value.booleanValue();
  }

  static JsonNode child(JsonNode json, String key, Place place) {
    JsonNode value = field(json, key, place);
    if (!value.isObject()) {
      throw place.altered("'" + key + "' is no object");
    }
    return value;
  }

  static List<JsonNode> list(JsonNode json, String key, Place place) {
    JsonNode value = field(json, key, place);
    if (!value.isArray()) {
      throw place.altered("'" + key + "' is no list");
    }
    List<JsonNode> items = new ArrayList<>();
    value.forEach(items::add);
    return items;
  }
}
