// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The formulas against worked figures of the literature. */
class CapacityTest {
  private static final long ALEXNET = 6_499_328; // shared weights of AlexNet-CIFAR

  private static double published(Capacity capacity, String key) {
    return capacity.published().stream()
        .filter(figure -> figure.key().equals(key))
        .findFirst()
        .orElseThrow()
        .ofDense();
  }

  private static List<String> keys(Capacity capacity) {
    return capacity.published().stream().map(Capacity.Published::key).toList();
  }

  @ParameterizedTest
  @CsvSource({"0.5,16,6.25", "0.9,16,11.25", "1,16,12.5", "0.7,8,6.5625", "0.7,32,10.9375"})
  void usedWeightsAtTheBitsOfACodeAreTheTinySubNetsFigure(
      double used, int centres, double percent) {
    long owned = Math.round(used * 1000);
    int bits = Integer.numberOfTrailingZeros(centres);
    var use = new Use(1000, owned, owned, owned * bits, owned * bits);
    var share = new Footprint.Share(0, Terms.NONE, use, null);
    var capacity = new Capacity(new Footprint(4000, List.of(share)));
    assertEquals(percent, 100 * published(capacity, "tsn_code"), 1e-9);
    assertEquals(used, published(capacity, "tsn_affinity"), 1e-9);
    assertEquals(List.of("tsn_code", "ada_qpacknet", "tsn_affinity"), keys(capacity));
  }

  @Test
  void usedWeightsAndHuffmanCodedMasksAreTheWsnFigure() {
    List<Footprint.Share> shares = new ArrayList<>();
    for (int task = 0; task < 10; task++) {
      var use = new Use(task == 0 ? 1000 : 0, 60, 100, 60 * 32, 100 * 32);
      var masks = new MaskBits(1000, 100, 300, 220, 200, 250);
      shares.add(new Footprint.Share(task, Terms.NONE, use, masks));
    }
    var capacity = new Capacity(new Footprint(4000, shares));
    assertEquals(0.66875, published(capacity, "wsn"), 1e-12);
    assertEquals(List.of("tsn_affinity", "wsn"), keys(capacity), "no codes, no formula of codes");
  }

  @Test
  void selectedWeightsOfEveryTaskAreTheAdaQpacknetFigure() {
    var first = new Footprint.Share(0, Terms.NONE, new Use(1000, 500, 500, 2000, 2000), null);
    var second = new Footprint.Share(1, Terms.NONE, new Use(0, 250, 500, 500, 1000), null);
    var capacity = new Capacity(new Footprint(4000, List.of(first, second)));
    assertEquals((4 * 0.5 + 2 * 0.5) / 32, published(capacity, "ada_qpacknet"), 1e-12);
    assertEquals((4 * 0.5 + 2 * 0.25) / 32, published(capacity, "tsn_code"), 1e-12);
  }

  /** Ten tasks, 16 centres in 5 layers, 90 % of the weights used, heads of ten classes. */
  private static Capacity alexnet(double maskBitsPerWeight) {
    List<Footprint.Share> shares = new ArrayList<>();
    for (int task = 0; task < 10; task++) {
      long codes = 2_924_698L * (task + 1) / 10 - 2_924_698L * task / 10;
      long masks = Math.round(maskBitsPerWeight * ALEXNET / 8);
      long owned = 5_849_395L * (task + 1) / 10 - 5_849_395L * task / 10;
      var terms = new Terms(codes, 5 * 16 * 4, masks, 2048 * 10 * 4, 0, 0);
      var use = new Use(task == 0 ? ALEXNET : 0, owned, owned, 4.0 * owned, 4.0 * owned);
      shares.add(new Footprint.Share(task, terms, use, null));
    }
    return new Capacity(new Footprint(4 * ALEXNET, shares));
  }

  @Test
  void theFullCountOfAlexNetIsTheWorkedExample() {
    Capacity capacity = alexnet(1);
    Terms terms = capacity.bytes().terms();
    assertEquals(25_997_312, capacity.bytes().dense());
    assertEquals(new Terms(2_924_698, 3_200, 8_124_160, 819_200, 0, 0), terms);
    assertEquals(11.25, 100 * capacity.ofDense().get("weights"), 0.0001);
    assertEquals(0.0123, 100 * capacity.ofDense().get("codebooks"), 0.00005);
    assertEquals(31.25, 100 * capacity.ofDense().get("masks"), 1e-9);
    assertEquals(3.15, 100 * capacity.ofDense().get("heads"), 0.005);
    assertEquals(45.66, 100 * capacity.full(), 0.005);
    assertEquals(11.25, 100 * published(capacity, "tsn_code"), 0.0001);
    assertEquals(24.41, 100 * alexnet(0.32).full(), 0.005);
    assertEquals(24.375, 100 * alexnet(0.78).ofDense().get("masks"), 0.0001);
    assertEquals(14.69, 100 * alexnet(0.47).ofDense().get("masks"), 0.005);
  }

  @Test
  void theForecastCarriesTheLastTaskOn() {
    var first = share(0, 1500, 1000, 500);
    assertEquals(forecast(1, 1), forecast(first), "1500 + 1500 fit into 4000; 500 + 500 of 1000");
    assertEquals(forecast(9, 1), forecast(first, share(1, 250, 0, 200)), "2250 left; 300 left");
    assertEquals(forecast(0, 0), forecast(share(0, 5000, 1000, 600)), "the bytes have passed");
    assertEquals(
        new Forecast(OptionalLong.empty(), OptionalLong.empty()),
        forecast(first, share(1, 0, 0, 0)));
    assertEquals(new Forecast(OptionalLong.empty(), OptionalLong.empty()), forecast());
    assertEquals(forecast(4, 1), forecast(first, share(1, 500, 1000, 600)), "a copy has room");
    assertEquals(
        "At the rate of the last task, 1 more task fits into the bytes of one dense net and any number"
            + " of tasks into its free weights.",
        new Forecast(OptionalLong.of(1), OptionalLong.empty()).sentence());
  }

  private static Footprint.Share share(int task, long bytes, long room, long owned) {
    var use = new Use(room, owned, owned, 32.0 * owned, 32.0 * owned);
    return new Footprint.Share(task, new Terms(bytes, 0, 0, 0, 0, 0), use, null);
  }

  private static Forecast forecast(Footprint.Share... shares) {
    return Forecast.of(new Footprint(4000, List.of(shares)));
  }

  private static Forecast forecast(long untilDense, long untilNoFree) {
    return new Forecast(OptionalLong.of(untilDense), OptionalLong.of(untilNoFree));
  }
}
