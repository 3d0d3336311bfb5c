// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/**
 * Which build of the program this is.
 *
 * @param version version of the program
 * @param commit commit it was built from
 */
public record BuildInfo(String version, String commit) {
  private static final String RESOURCE = "/intarsia-version.properties";

  /** The build that is running; {@code unknown} where the build did not say. */
  public static BuildInfo current() {
    Properties properties = new Properties();
    try (InputStream in = BuildInfo.class.getResourceAsStream(RESOURCE)) {
      if (in != null) {
        properties.load(in);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("resource " + RESOURCE + " cannot be read", e);
    }
    return new BuildInfo(filled(properties, "version"), filled(properties, "commit"));
  }

  /** A placeholder the build left unfilled says nothing. */
  private static String filled(Properties properties, String key) {
    String value = properties.getProperty(key, "").strip();
    return value.isEmpty() || value.startsWith("${") ? "unknown" : value;
  }
}
