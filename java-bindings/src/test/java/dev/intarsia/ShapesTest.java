// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ShapesTest {
  @ParameterizedTest
  @CsvSource({
    "n8c3h32w32 o64k7 s2p3, 16, 16",
    "n1c4h9w7 o4k3x2 s2x1p1x0d2g2, 4, 5",
    "n2c1h5w5 o1k5 s1p0, 1, 1",
    "n2c1h6w6 o3k3 s4p0, 1, 1"
  })
  void convolutionsParsePrintAndMeasure(String text, int oh, int ow) {
    Conv2dShape shape = Conv2dShape.parse(text);
    assertEquals(text, shape.toString());
    assertEquals(oh, shape.oh());
    assertEquals(ow, shape.ow());
  }

  @Test
  void absentLettersMeanOne() {
    assertEquals(Conv2dShape.square(1, 2, 8, 8, 4, 3, 1, 0), Conv2dShape.parse("n1c2h8w8 o4k3"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "n1c2h8w8", "n1c2h8w8 o4k3 z1", "n1c2h8w8 o4k3k3", "n1c2h8w8 o4k3 s"})
  void unreadableShapesAreRefused(String text) {
    assertThrows(IllegalArgumentException.class, () -> Conv2dShape.parse(text));
  }

  @Test
  void indicesFollowOihwAndNchw() {
    Conv2dShape shape = Conv2dShape.parse("n2c4h5w6 o6k3x2 s1p1g2");
    assertEquals(2, shape.i());
    assertEquals(12, shape.reductionLength());
    assertEquals(((5 * 2 + 1) * 3 + 2) * 2 + 1, shape.weightIndex(5, 1, 2, 1));
    assertEquals(((1 * 4 + 3) * 5 + 4) * 6 + 5, shape.srcIndex(1, 3, 4, 5));
    assertEquals(1, shape.channel(2, 1));
    assertEquals(2, shape.channel(3, 0));
    assertEquals(8, shape.withN(8).n());
  }

  @Test
  void globalPoolingLeavesOneValue() {
    Pool2dShape shape = Pool2dShape.global(2, 3, 7, 5);
    assertEquals(1, shape.oh());
    assertEquals(1, shape.ow());
  }

  @Test
  void refusalsNameValueAndLimit() {
    refused("strideH is 0, expected at least 1", () -> Conv2dShape.square(1, 1, 8, 8, 1, 3, 0, 0));
    refused("n is -1, expected at least 1", () -> new LinearShape(-1, 2, 3));
    refused("padH is -1", () -> Conv2dShape.square(1, 1, 8, 8, 1, 3, 1, -1));
    refused(
        "groups is 2, expected a divisor of c 3",
        () -> new Conv2dShape(1, 3, 8, 8, 4, 3, 3, 1, 1, 0, 0, 1, 1, 2));
    refused(
        "the padded height is 2, expected at least 3",
        () -> Conv2dShape.square(1, 1, 2, 8, 1, 3, 1, 0));
    refused("padding is 2x2", () -> Pool2dShape.square(1, 1, 4, 4, 2, 2, 2));
    refused("more than 2147483647", () -> new ActivationShape(1 << 16, 1 << 8, 1 << 8, 1));
    refused("more than 2147483647", () -> new PlaneShape(Integer.MAX_VALUE, Integer.MAX_VALUE));
  }

  private static void refused(String part, Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.contains(part), message);
  }
}
