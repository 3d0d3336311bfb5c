// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContextTest {
  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void memoryIsCountedAndFreed(String backend) {
    Context context = open(backend);
    Tensor tensor = Tensor.plain(context, 10, 10);
    Mask mask = Mask.empty(context, 3, 33);
    assertEquals(400 + 24, context.usedBytes());
    tensor.close();
    tensor.close();
    assertEquals(24, context.usedBytes());
    assertEquals(424, context.peakBytes());
    context.close();
    context.close();
    assertEquals(0, context.usedBytes());
    assertTrue(mask.isClosed());
    mask.close();
    assertThrows(IllegalStateException.class, () -> Tensor.plain(context, 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void tensorsGiveBackWhatTheyWereGiven(String backend) {
    try (Context context = open(backend)) {
      float[] values = new float[17 * 2 * 3 * 5];
      for (int i = 0; i < values.length; i++) {
        values[i] = i + 1;
      }
      Tensor activations = Tensor.activations(context, 17, 2, 3, 5);
      activations.upload(values);
      assertArrayEquals(values, activations.download());

      Tensor copy = Tensor.activations(context, 17, 2, 3, 5);
      copy.copyFrom(activations);
      copy.upload(new float[60], 0, 60); // two images; the others stay
      assertEquals(61, copy.download()[60]);
      assertEquals(0, copy.download()[59]);
      copy.zero();
      assertArrayEquals(new float[values.length], copy.download());

      Tensor labels = Tensor.plain(context, DType.I32, 3);
      labels.upload(new int[] {1, -2, 3});
      labels.upload(new int[] {9, 7}, 1, 1);
      assertArrayEquals(new int[] {7, -2, 3}, labels.downloadInts());
      assertArrayEquals(new long[2], Tensor.plain(context, DType.I64, 2).downloadLongs());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void badUseOfTensorsIsRefused(String backend) {
    try (Context context = open(backend);
        Context other = Context.reference()) {
      Tensor tensor = Tensor.plain(context, 2, 3);
      refused("has 5 values", () -> tensor.upload(new float[5]));
      refused("expected I32", () -> tensor.upload(new int[6]));
      refused("takes 6", () -> tensor.upload(new float[9], 0, 7));
      refused("[3, 2]", () -> tensor.copyFrom(Tensor.plain(context, 3, 2)));
      refused("another context", () -> tensor.copyFrom(Tensor.plain(other, 2, 3)));
      refused("at least 1 everywhere", () -> Tensor.plain(context, 2, 0));
      refused("at most 2147483647", () -> Tensor.plain(context, 1L << 40, 1L << 40));
      refused("at least 1 everywhere", () -> Tensor.activations(context, -1, 1, 1, 1));
      tensor.close();
      String message = assertThrows(IllegalStateException.class, tensor::download).getMessage();
      assertTrue(message.contains("[2, 3] is closed"), message);
    }
  }

  @Test
  void backendsAreNamed() {
    assertEquals(3, Backends.all().size());
    for (Backends.Status status : Backends.all()) {
      assertEquals(status.available(), status.reason().isEmpty(), status.toString());
    }
    refused("expected auto, cpu, cuda or reference", () -> Context.open("gpu", 0));
    refused("threads is -1", () -> Context.open("cpu", -1));
    try (Context context = Context.open("auto", 1)) {
      assertEquals(Backends.cpu().available() ? "cpu" : "reference", context.backend());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"SCALAR", "AVX2", "AVX512"})
  void anInstructionSetIsUsedOrRefused(Isa isa) {
    assumeTrue(Backends.cpu().available(), Backends.cpu().reason());
    if (isa.available()) {
      try (Context context = Context.cpu(isa, 2)) {
        assertEquals(isa.word(), context.isa());
        assertEquals(2, context.threads());
        assertEquals(Layout.NCHW16, context.layout());
      }
    } else {
      assertThrows(UnsupportedOperationException.class, () -> Context.cpu(isa, 1));
    }
  }

  @Test
  void smallBatchesAreRowMajorAndTakeWhatTheyHold() {
    try (Context context = open("cpu")) {
      long none = context.usedBytes();
      Tensor one = Tensor.activations(context, 1, 3, 7, 5);
      assertEquals(Layout.NCHW, one.layout());
      assertEquals(4L * 3 * 7 * 5, context.usedBytes() - none);
      assertEquals(Layout.NCHW, Tensor.activations(context, 7, 3, 7, 5).layout());

      long seven = context.usedBytes();
      Tensor eight = Tensor.activations(context, 8, 3, 7, 5);
      assertEquals(Layout.NCHW16, eight.layout());
      assertEquals(4L * 16 * 3 * 7 * 5, context.usedBytes() - seven);

      Tensor named = Tensor.activations(context, Layout.NCHW16, 1, 3, 7, 5);
      assertEquals(Layout.NCHW16, named.layout());
      refused("the tensor to copy is", () -> named.copyFrom(one));
    }
    try (Context context = Context.reference()) {
      assertEquals(Layout.NCHW, Tensor.activations(context, 8, 1, 1, 1).layout());
      refused(
          "the layout is NCHW16, expected NCHW",
          () -> Tensor.activations(context, Layout.NCHW16, 8, 1, 1, 1));
    }
  }

  private static Context open(String backend) {
    assumeTrue(
        !backend.equals("cpu") || Backends.cpu().available(), () -> Backends.cpu().toString());
    Context context = Context.open(backend, 1);
    assertFalse(context.isClosed());
    return context;
  }

  private static void refused(String part, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(part), message);
  }
}
