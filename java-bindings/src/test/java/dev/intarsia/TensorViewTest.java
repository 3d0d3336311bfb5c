// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class TensorViewTest {
  @Test
  void aViewIsTheFirstElements() {
    try (Context context = Context.reference()) {
      Tensor tensor = Tensor.plain(context, 6);
      tensor.upload(new float[] {1, 2, 3, 4, 5, 6});
      long used = context.usedBytes();
      Tensor view = tensor.view(2, 2);
      assertEquals(used, context.usedBytes());
      assertArrayEquals(new float[] {1, 2, 3, 4}, view.download());
      view.upload(new float[] {7, 8, 9, 10});
      assertArrayEquals(new float[] {7, 8, 9, 10, 5, 6}, tensor.download());
      Tensor other = Tensor.plain(context, 2, 2);
      view.copyFrom(other);
      assertArrayEquals(new float[] {0, 0, 0, 0, 5, 6}, tensor.download());
      tensor.upload(new float[] {1, 2, 3, 4, 5, 6});
      view.zero();
      assertArrayEquals(new float[] {0, 0, 0, 0, 5, 6}, tensor.download());
    }
  }

  @Test
  void aViewLivesAsLongAsItsTensor() {
    try (Context context = Context.reference()) {
      Tensor tensor = Tensor.plain(context, 3);
      Tensor view = tensor.view(3);
      view.close();
      assertFalse(view.isClosed());
      assertFalse(tensor.isClosed());
      tensor.close();
      assertTrue(view.isClosed());
      assertThrows(IllegalStateException.class, view::download);
    }
  }

  @Test
  void whatIsNotThereIsRefused() {
    try (Context context = Context.reference()) {
      Tensor tensor = Tensor.plain(context, 2, 3);
      String message =
          assertThrows(IllegalArgumentException.class, () -> tensor.view(7)).getMessage();
      assertTrue(message.contains("[7]") && message.contains("[2, 3]"), message);
      Tensor images = Tensor.activations(context, 2, 1, 1, 1);
      assertThrows(IllegalArgumentException.class, () -> images.view(2));
    }
  }
}
