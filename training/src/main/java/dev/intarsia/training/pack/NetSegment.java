// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import com.fasterxml.jackson.databind.JsonNode;
import dev.intarsia.training.data.DataException;

/** The first segment of a pack: how the net is built, and of what format the file is. */
final class NetSegment {
  private static final String MANIFEST = "net";
  private static final int MAX_SIDE = 1 << 10; // pixels; what streams take at most
  private static final int MAX_CHANNELS = 16;

  private NetSegment() {}

  /**
   * What it says.
   *
   * @param tasks how many the file was written with, at least; 0 if it grew task by task
   */
  record Content(PackedModel.Net net, int tasks) {}

  static byte[] encode(PackedModel.Net net, int tasks) {
    String json =
        Json.text(
            Json.object()
                .put("model", net.model())
                .put("width", net.width())
                .put("channels", net.channels())
                .put("height", net.height())
                .put("image_width", net.imageWidth())
                .put("tasks", tasks));
    return new Safetensors.Writer().finish(TaskSegment.metadata(MANIFEST, json), Frame.BYTES);
  }

  static Content decode(Safetensors in, Place place) {
    String format = in.metadata("format");
    String version = in.metadata("version");
    if (!format.equals(TaskSegment.FORMAT) || !version.equals(TaskSegment.VERSION)) {
      throw new DataException(
          place.file(),
          "is '%s' version '%s', this program reads '%s' version '%s'"
              .formatted(format, version, TaskSegment.FORMAT, TaskSegment.VERSION),
          "update the program");
    }
    JsonNode json = Json.parse(in.metadata(MANIFEST), place);
    PackedModel.Net net =
        new PackedModel.Net(
            Json.string(json, "model", place),
            Json.number(json, "width", place),
            Json.integer(json, "channels", 1, MAX_CHANNELS, place),
            Json.integer(json, "height", 1, MAX_SIDE, place),
            Json.integer(json, "image_width", 1, MAX_SIDE, place));
    return new Content(net, Json.integer(json, "tasks", 0, Segments.MAX, place));
  }
}
