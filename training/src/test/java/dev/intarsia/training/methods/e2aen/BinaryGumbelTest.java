// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.e2aen;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.CounterRandom;
import dev.intarsia.training.run.RunConfig;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BinaryGumbelTest {
  private static final double SIX_DIGITS = 5e-7;
  private static final double TWO_THIRDS = 2.0 / 3;

  private static ExpansionConfig config(Map<String, Object> settings) {
    return ExpansionConfig.read(run(settings));
  }

  private static RunConfig run(Map<String, Object> settings) {
    var builder = RunConfig.builder().method("e2aen").epochs(2);
    settings.forEach(builder::setting);
    return builder.build();
  }

  /** The golden values of the two forms of the noise. */
  @Test
  void gateGoldens() {
    double[][] cases = {{2, .3, .7, 0.764077}, {2, .7, .3, 0.992036}, {-1, .5, .5, 0.182426}};
    for (double[] c : cases) {
      double noise = BinaryGumbel.noise(c[1], c[2]);
      assertEquals(c[3], BinaryGumbel.sample(c[0], noise, TWO_THIRDS).relaxed(), SIX_DIGITS);
    }
    assertEquals(-0.847298, BinaryGumbel.noise(.3), SIX_DIGITS);
  }

  @Test
  void uniformsAreNeverZeroOrOne() {
    CounterRandom random = CounterRandom.of(1, "gate", 0);
    for (int i = 0; i < 100_000; i++) {
      double u = BinaryGumbel.uniform(random);
      assertTrue(u >= 0x1p-24 && u <= 1 - 0x1p-24);
      assertEquals(u, (float) u, "exact in single precision");
    }
  }

  /** The slope is the derivative of the relaxed gate. */
  @Test
  void slopeIsTheDerivative() {
    double step = 1e-6;
    for (double theta : new double[] {-1.5, 0, 2}) {
      double up = BinaryGumbel.sample(theta + step, 0.3, TWO_THIRDS).relaxed();
      double down = BinaryGumbel.sample(theta - step, 0.3, TWO_THIRDS).relaxed();
      double slope = BinaryGumbel.sample(theta, 0.3, TWO_THIRDS).slope();
      assertEquals((up - down) / (2 * step), slope, 1e-8);
    }
  }

  /** A gate opens as often as its logit says, and every draw is a function of its name alone. */
  @Test
  void drawsAreCountedFromTheirNames() {
    ExpansionConfig config = config(Map.of());
    Gates gates = new Gates(config, 7, 3, 4);
    Gates again = new Gates(config, 7, 3, 4);
    double open = 0;
    for (int step = 1000; step < 2000; step++) {
      float[] values = gates.values(step, 10_000);
      for (float value : values) {
        open += value / 4000.0;
      }
    }
    assertEquals(0.88, open, 0.02);
    assertArrayEquals(gates.values(1234, 10_000), again.values(1234, 10_000));
  }

  @Test
  void stagesFollowEachOther() {
    ExpansionConfig config = config(Map.of());
    assertEquals(ExpansionConfig.Stage.WARM, config.stageAt(9, 100));
    assertEquals(ExpansionConfig.Stage.GATE, config.stageAt(10, 100));
    assertEquals(ExpansionConfig.Stage.GATE, config.stageAt(89, 100));
    assertEquals(ExpansionConfig.Stage.FIXED, config.stageAt(90, 100));
    assertEquals(ExpansionConfig.Stage.WARM, config(Map.of("lambdaS", 0)).stageAt(95, 100));
    assertEquals(5, config.temperatureAt(99));
    assertEquals(5 * 0.965, config.temperatureAt(100), 1e-12);
    assertEquals(0.5, config.temperatureAt(100_000));
    assertEquals(0.5, config(Map.of("temperature", 0.5)).temperatureAt(0));
  }

  @Test
  void settingsOutOfRangeAreRefused() {
    Map<String, Object> bad =
        Map.of("adapter", "2x2", "gates", "net", "regulariser", "R4", "lambdaS", -1, "warm", 1);
    bad.forEach(
        (name, value) ->
            assertThrows(IllegalArgumentException.class, () -> config(Map.of(name, value)), name));
    assertThrows(IllegalArgumentException.class, () -> config(Map.of("warm", 0.5, "fixed", 0.5)));
  }

  /** R1 and R2 price parameters, R3 the distance from a rate. */
  @Test
  void sparsityGradientsAreDerivatives() {
    double[] costs = {10, 30};
    for (String reading : new String[] {"R1", "R3"}) {
      ExpansionConfig config = config(Map.of("regulariser", reading));
      Gates gates = new Gates(config, 1, 0, 2);
      double p = gates.probability(0);
      double[] gradient = SparsityActivation.gradient(config, gates, costs);
      double slope = p * (1 - p) * 0.1;
      double first = reading.equals("R1") ? 0.25 * slope : (p - 0.3) * slope;
      double second = reading.equals("R1") ? 0.75 * slope : (p - 0.3) * slope;
      assertArrayEquals(new double[] {first, second}, gradient, 1e-12, reading);
    }
  }
}
