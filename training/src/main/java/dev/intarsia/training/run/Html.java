// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The frame of a self-contained page. */
final class Html {
  private static final String STYLE = "report.css";

  private Html() {}

  /** Text as it may stand in an element or a quoted attribute. */
  static String escape(Object text) {
    return String.valueOf(text)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /** A whole page; its policy forbids scripts and any load, so nothing can reach the network. */
  static String page(String title, String body) {
    return """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>%s</title>
    <style>
    %s</style>
    </head>
    <body>
    <main>
    %s</main>
    </body>
    </html>
    """
        .formatted(escape(title), style(), body);
  }

  /** A section with a heading. */
  static String section(String heading, String body) {
    return "<section>\n<h2>" + escape(heading) + "</h2>\n" + body + "</section>\n";
  }

  /** A table in a region that scrolls by itself, by touch and by keyboard, on narrow screens. */
  static String scrolling(String label, String table) {
    return "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\""
        + escape(label)
        + "\">\n"
        + table
        + "</div>\n";
  }

  private static String style() {
    try (InputStream in = Html.class.getResourceAsStream(STYLE)) {
      if (in == null) {
        throw new IllegalStateException("resource " + STYLE + " is missing from the jar");
      }
      String css = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return css.substring(css.indexOf("*/") + 2).strip() + "\n";
    } catch (IOException e) {
      throw new UncheckedIOException("resource " + STYLE + " cannot be read", e);
    }
  }
}
