// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.Layout;
import dev.intarsia.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Some images of activations as a tensor of their own. */
class ImagesTest {
  private static final int IMAGE = 6;

  @ParameterizedTest
  @EnumSource(Layout.class)
  void imagesAreThoseOfTheTensor(Layout layout) {
    try (Context context = Context.cpu()) {
      Tensor all = Tensor.activations(context, layout, 37, 2, 3, 1);
      float[] values = new float[37 * IMAGE];
      for (int i = 0; i < values.length; i++) {
        values[i] = i;
      }
      all.upload(values);
      long used = context.usedBytes();
      Tensor some = all.images(16, 19);
      assertEquals(used, context.usedBytes());
      assertEquals(layout, some.layout());
      assertArrayEquals(new long[] {19, 2, 3, 1}, some.dims());
      assertArrayEquals(Arrays.copyOfRange(values, 16 * IMAGE, 35 * IMAGE), some.download());
      float[] changed = new float[19 * IMAGE];
      some.upload(changed);
      System.arraycopy(changed, 0, values, 16 * IMAGE, changed.length);
      assertArrayEquals(values, all.download());
      some.close();
      assertFalse(all.isClosed());
      all.close();
      assertTrue(some.isClosed());
    }
  }

  @Test
  void whatIsNotThereIsRefused() {
    try (Context context = Context.cpu();
        Context reference = Context.reference()) {
      Tensor all = Tensor.activations(context, Layout.NCHW16, 37, 2, 3, 1);
      for (int[] range : new int[][] {{8, 4}, {16, 0}, {32, 6}, {-16, 4}, {0, 38}}) {
        String message =
            assertThrows(IllegalArgumentException.class, () -> all.images(range[0], range[1]))
                .getMessage();
        assertTrue(message.contains("from a multiple of 16 on"), message);
      }
      Tensor plain = Tensor.plain(context, 37, 6);
      assertThrows(IllegalArgumentException.class, () -> plain.images(0, 1));
      Tensor java = Tensor.activations(reference, 4, 2, 3, 1);
      assertThrows(UnsupportedOperationException.class, () -> java.images(1, 2));
    }
  }
}
