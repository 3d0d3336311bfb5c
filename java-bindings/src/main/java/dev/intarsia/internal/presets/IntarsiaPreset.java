// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal.presets;

import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/** How {@code intarsia.h} maps to Java; read at build time and, for its annotations, at load. */
@Properties(
    value =
        @Platform(
            value = {"linux", "macosx"},
            cinclude = "intarsia/intarsia.h",
            link = "intarsia",
            library = "jniintarsia"),
    target = "dev.intarsia.internal.ffi",
    global = "dev.intarsia.internal.ffi.Ita")
@NoException
public class IntarsiaPreset implements InfoMapper {
  @Override
  public void map(InfoMap map) {
    map.put(new Info("ITA_API").cppTypes().annotations());
    map.put(
        new Info(
                "ita_status",
                "ita_device",
                "ita_isa",
                "ita_layout",
                "ita_ties",
                "ita_upsample_mode",
                "ita_conv2d_algorithm",
                "ita_direction")
            .cast()
            .valueTypes("int"));
  }
}
