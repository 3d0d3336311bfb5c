// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xml.sax.InputSource;

class ComparisonTest {
  @TempDir private Path folder;

  private static RunSummary summary(String method, long seed, int tasks, double loss) {
    RunConfig config = MadeResults.config(method).toBuilder().seed(seed).build();
    return RunSummary.of("made", ResultsJson.toJson(MadeResults.of(config, tasks, loss)));
  }

  private static ComparisonPlan.Builder builder(String methods, String seeds) {
    return new ComparisonPlan.Builder().set("methods", methods).set("seeds", seeds);
  }

  /** Two seeds of finetune, which differ, and two of wsn, which do not. */
  private static Comparison two() {
    return new Comparison(
        builder("finetune,wsn", "1,2").build(),
        List.of(
            summary("finetune", 1, 3, 0.25),
            summary("finetune", 2, 3, 0.125),
            summary("wsn", 1, 3, 0),
            summary("wsn", 2, 3, 0)),
        List.of());
  }

  @Test
  void markdownIsAsWorkedOutByHand() {
    // Accuracies after three tasks: 0.5 and 0.625, so s = 0.0884 and t / sqrt(2) = 8.984.
    assertEquals(
        """
        # Methods compared

        shapes, 2 seeds: mean +- half the 95 % interval (Student's t).

        | method | runs | average accuracy | forgetting | backward transfer | forward transfer \
        | bytes | of dense | seconds |
        | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
        | finetune | 2 | 56.25 +- 79.41 % | 28.13 +- 119.12 pp | -28.13 +- 119.12 pp | - \
        | 3.3 KiB | 84.23 % | 13.0 s |
        | wsn | 2 | 75.00 % | 0 pp | 0 pp | - | 3.3 KiB | 84.23 % | 13.0 s |
        """,
        ComparisonText.markdown(two()));
  }

  @Test
  void csvHoldsFullPrecisionAndNothingWhereNothingIsClaimed() {
    Comparison one =
        new Comparison(builder("wsn", "1").build(), List.of(summary("wsn", 1, 3, 0)), List.of());
    assertEquals(
        """
        method,runs,average_accuracy,average_accuracy_ci95,forgetting,forgetting_ci95,\
        backward_transfer,backward_transfer_ci95,forward_transfer,forward_transfer_ci95,\
        bytes,bytes_ci95,bytes_of_dense,bytes_of_dense_ci95,seconds,seconds_ci95,on_front
        wsn,1,0.75,,0.0,,0.0,,,,3369.0,,0.84225,,13.0,,true
        """,
        ComparisonText.csv(one));
    assertTrue(ComparisonText.markdown(one).contains("one seed: no interval is claimed"));
    assertFalse(ComparisonText.markdown(one).contains("+-"));
  }

  @Test
  void frontIsOfThoseThatNoneBeatsInBoth() {
    Comparison comparison = two();
    assertFalse(comparison.isOnFront(comparison.methods().get(0)), "as many bytes, less accurate");
    assertTrue(comparison.isOnFront(comparison.methods().get(1)));
  }

  @Test
  void meanMatrixIsCellByCell() {
    var matrix = two().methods().get(0).meanMatrix();
    assertEquals((0.25 + 0.5) / 2, matrix.get(3, 0));
    assertEquals(0.75, matrix.get(3, 2));
    assertFalse(matrix.measured(0, 0));
  }

  @Test
  void summaryIsWhatWasWritten() {
    RunResult result = MadeResults.of(MadeResults.config("wsn"), 3, 0.25);
    RunSummary read = summary("wsn", 1, 3, 0.25);
    assertEquals(result.accuracy(), read.accuracy());
    assertEquals(result.bytes().total(), read.bytes());
    assertEquals(result.bytes().terms().byName(), read.terms());
    assertEquals(result.seconds().total(), read.seconds());
    assertEquals("cpu, avx2, 2 threads", read.machine());
    assertTrue(read.answers(result.config().toBuilder().out(folder).overwrite(true).build()));
    RunConfig other = result.config().toBuilder().epochs(9).build();
    assertFalse(read.answers(other));
    assertEquals("epochs 5 instead of 9", read.difference(other));
  }

  @Test
  void pageHoldsEveryMatrixAndLoadsNothing() throws Exception {
    List<String> names =
        List.of("wsn", "tsn", "packnet", "finetune", "joint", "separate", "features", "replay");
    List<RunSummary> runs = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      runs.add(summary(names.get(i), 1, 12, 0.01 * i));
      runs.add(summary(names.get(i), 2, 12, 0.012 * i));
    }
    ComparisonPlan plan =
        builder(String.join(",", names) + ",", "1,2").set("out", folder.toString()).build();
    Comparison comparison =
        new Comparison(plan, runs, List.of(new Comparison.Failure("ewc", 3, "no <room>")));
    ComparisonFolder.write(comparison);
    String page = Files.readString(folder.resolve(ComparisonFolder.PAGE));
    assertEquals(names.size(), count(page, "<table class=\"heat compact-heat\">"));
    for (String name : names) {
      assertEquals(1, count(page, "<caption>" + name + "</caption>"));
      assertTrue(count(page, "<text [^>]*>" + name + "</text>") == 1, name + " is labelled");
    }
    assertEquals(names.size() * 12 * 13 / 2, count(page, "<td[^>]*style=\"background:"));
    assertTrue(page.contains("ewc, seed 3: no &lt;room&gt;"));
    assertFalse(Pattern.compile("<script|\\b(src|href)=|url\\((?!#)|@import").matcher(page).find());
    String body = page.substring(page.indexOf("<main>"), page.indexOf("</body>"));
    String xml = body.replace("&middot;", "&#183;").replace("&plusmn;", "&#177;");
    assertDoesNotThrow(
        () ->
            DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(xml))));
    assertEquals(page, ComparisonPage.of(comparison), "repeatable");
    assertTrue(Files.readString(folder.resolve(ComparisonFolder.JSON)).contains("\"half_ci95\""));
  }

  private static int count(String text, String regex) {
    return (int) Pattern.compile(regex).matcher(text).results().count();
  }

  @Test
  void knobsGoToThoseThatHaveThem() {
    ComparisonPlan plan =
        builder("finetune, wsn", "4,5")
            .applyAssignment("epochs=7")
            .applyAssignment("settings.keep=0.3")
            .applyAssignment("finetune.learningRate=0.02")
            .build();
    assertEquals(4, plan.runs().size());
    RunConfig finetune = plan.runs().get(0);
    RunConfig wsn = plan.runs().get(3);
    assertEquals(0.02, finetune.learningRate());
    assertEquals(0.001, wsn.learningRate());
    assertTrue(finetune.settings().isEmpty());
    assertEquals(0.3, wsn.settings().get("keep"));
    assertEquals(7, wsn.epochs());
    assertEquals(5, wsn.seed());
    assertEquals(Path.of("runs", "compare-shapes", "wsn-5"), wsn.out());
  }

  @Test
  void filesMayHoldAllOfIt() throws Exception {
    Path file = folder.resolve("c.yaml");
    Files.writeString(
        file, "methods: [finetune, wsn]\nseeds: [1, 2]\nepochs: 2\nwsn: {keep: 0.25}\n");
    ComparisonPlan plan = new ComparisonPlan.Builder().apply(file).build();
    assertEquals(List.of("finetune", "wsn"), plan.methods());
    assertEquals(List.of(1L, 2L), plan.seeds());
    assertEquals(0.25, plan.runs().get(2).settings().get("keep"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "wns | 1 | epochs=1 | unknown method 'wns', did you mean 'wsn'?",
        "'' | 1 | epochs=1 | methods is empty; give at least one",
        "wsn,wsn | 1 | epochs=1 | methods names wsn twice",
        "wsn | '' | epochs=1 | seeds is empty; give at least one",
        "wsn | 1,2,1 | epochs=1 | seeds names 1 twice",
        "wsn | one | epochs=1 | seed is 'one', must be a whole number",
        "wsn | 1 | wsn.tasks=3 | wsn.tasks would compare unlike runs; set tasks for all",
        "wsn | 1 | packnet.prune=0.5 | a setting is for method packnet, which is not compared",
        "wsn | 1 | settings.kep=0.5 | unknown setting of the methods compared 'kep', did you mean",
        "wsn | 1 | wsn.kep=0.5 | unknown setting of method wsn 'kep', did you mean 'keep'?",
        "wsn | 1 | wsn.keep=2 | keep",
        "wsn | 1 | seed=3 | seed is of one run; a comparison has seeds",
      })
  void slipsGetASentence(String methods, String seeds, String assignment, String sentence) {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> builder(methods, seeds).applyAssignment(assignment).build());
    assertTrue(e.getMessage().contains(sentence), e.getMessage());
  }
}
