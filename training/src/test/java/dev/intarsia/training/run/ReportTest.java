// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xml.sax.InputSource;

class ReportTest {
  private static final double TEXT_CONTRAST = 4.5;
  private static final double LINE_CONTRAST = 3.0;

  private static final List<MetricsCsv.Loss> LOSSES =
      IntStream.range(0, 1000)
          .mapToObj(i -> new MetricsCsv.Loss(i / 500, i, 1.0 / (i + 1)))
          .toList();

  private static String page(int tasks, double loss) {
    return Report.of(
        MadeResults.of(MadeResults.config("wsn"), tasks, loss), tasks == 1 ? List.of() : LOSSES);
  }

  @Test
  void loadsNothingAndRunsNothing() {
    String page = page(3, 0);
    assertFalse(page.contains("<script"), "no scripts");
    assertFalse(
        Pattern.compile("\\b(src|href)=|url\\((?!#)|@import").matcher(page).find(), "no loads");
    assertTrue(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
  }

  @Test
  void everyTextIsEscaped() {
    String page = page(2, 0);
    assertFalse(page.contains("<task>"));
    assertTrue(page.contains("1 &lt;task&gt; &amp; &quot;0&quot;"));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 20})
  void bodyIsWellFormed(int tasks) {
    RunResult result = MadeResults.of(MadeResults.config("wsn"), tasks, 0.0625);
    List<MetricsCsv.Loss> losses = List.of(new MetricsCsv.Loss(0, 0, 0.5));
    for (String page :
        List.of(Report.of(result, losses), Report.compare(List.of(result, result)))) {
      String body = page.substring(page.indexOf("<main>"), page.indexOf("</body>"));
      String xml = body.replace("&middot;", "&#183;");
      assertDoesNotThrow(
          () ->
              DocumentBuilderFactory.newInstance()
                  .newDocumentBuilder()
                  .parse(new InputSource(new java.io.StringReader(xml))));
    }
  }

  @Test
  void saysInWordsWhatWasForgotten() {
    assertTrue(
        page(3, 0).contains("75.00 % of the test images rightly and has forgotten nothing."));
    assertTrue(page(2, 0.25).contains("has forgotten 25.00 pp of what it knew."));
    assertTrue(page(1, 0).contains("After 1 task the net answers 75.00 % of the test images"));
  }

  @Test
  void heatMapIsATableOfEveryMeasurement() {
    String page = page(2, 0.25);
    assertEquals(3, count(page, "<td( class=\"own\")? style=\"background:"));
    assertEquals(3, count(page, "aria-label=\"not measured\""));
    assertTrue(page.contains(">50.0</td>"));
  }

  @Test
  void chartsAreLabelledAndRepeatable() {
    Assumptions.assumeTrue(Report.chartsUnavailable() == null, "no fonts: charts are sentences");
    String page = page(3, 0);
    assertEquals(1, count(Report.compare(List.of(made(), made())), "<svg role"), "equal names");
    assertEquals(3, count(page, "<svg role=\"img\" aria-label=\"Line chart"));
    assertEquals(page, page(3, 0));
    List<String> ids = new ArrayList<>();
    Matcher matcher = Pattern.compile(" id=\"([^\"]+)\"").matcher(page);
    while (matcher.find()) {
      ids.add(matcher.group(1));
    }
    assertEquals(ids.stream().distinct().toList(), ids, "ids are unique on the page");
  }

  @Test
  void capacityStandsTermByTermBesideThePublishedFigures() {
    String page = page(2, 0);
    assertTrue(page.contains("<th scope=\"row\">masks</th><td>200</td><td>5.000 %</td>"), page);
    assertTrue(page.contains("<th scope=\"row\">sum</th><td>2,246</td><td>56.150 %</td>"));
    assertTrue(
        page.contains(
            "<th scope=\"row\">WSN</th><td>used weights at 32 bits, masks in Huffman codes; no"
                + " heads</td><td>55.625 %</td>"));
    assertTrue(
        page.contains(
            "At the rate of the last task, 1 more task fits into the bytes of one dense net"));
    assertTrue(
        page.contains("<td>30.0 %</td><td>0.8000</td><td>0.9000</td><td>0.8105</td><td>0.8813"));
  }

  @Test
  void textReadsOnEveryHeat() {
    for (int i = 0; i <= 1000; i++) {
      int[] color = ReportTables.heat(i / 1000.0);
      double contrast = ReportTables.contrast(ReportTables.textOn(color), color);
      assertTrue(contrast >= TEXT_CONTRAST, "accuracy " + i / 1000.0 + ": contrast " + contrast);
    }
  }

  @Test
  void linesShowOnBothPages() {
    for (String page : List.of("#ffffff", "#14181f")) {
      for (String line : ReportCharts.COLORS) {
        double contrast = ReportTables.contrast(rgb(line), rgb(page));
        assertTrue(contrast >= LINE_CONTRAST, line + " on " + page + ": contrast " + contrast);
      }
    }
  }

  @Test
  void comparesRunsSideBySide() {
    RunResult forgets = MadeResults.of(MadeResults.config("finetune"), 3, 0.25);
    RunResult keeps = MadeResults.of(MadeResults.config("wsn"), 3, 0);
    String page = Report.compare(List.of(forgets, keeps));
    assertEquals(2, count(page, "<table class=\"heat\">"));
    assertTrue(page.contains("<tr><th scope=\"row\">wsn</th><td>75.00 %</td><td>0 pp</td>"));
    assertTrue(
        page.contains("<tr><th scope=\"row\">finetune</th><td>50.00 %</td><td>37.50 pp</td>"));
    var e = assertThrows(IllegalArgumentException.class, () -> Report.compare(List.of()));
    assertTrue(e.getMessage().contains("0 runs, give at least 1"), e.getMessage());
  }

  private static RunResult made() {
    return MadeResults.of(MadeResults.config("wsn"), 2, 0);
  }

  private static int count(String text, String regex) {
    return (int) Pattern.compile(regex).matcher(text).results().count();
  }

  private static int[] rgb(String hex) {
    Color color = Color.decode(hex);
    return new int[] {color.getRed(), color.getGreen(), color.getBlue()};
  }
}
