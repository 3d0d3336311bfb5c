// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxFilesTest {
  private static final List<String> TWO = List.of("no", "yes");

  @TempDir Path folder;
  private Path images;
  private Path labels;

  @BeforeEach
  void goodFiles() {
    images = SharedData.write(folder.resolve("images"), images(0x803, 3, 2, 2, 12));
    labels = SharedData.write(folder.resolve("labels"), labels(0x801, 3, 1, 0, 1));
  }

  private static byte[] images(int magic, int count, int height, int width, int bytes) {
    ByteBuffer file = ByteBuffer.allocate(16 + bytes);
    file.putInt(magic).putInt(count).putInt(height).putInt(width);
    for (int p = 0; p < bytes; p++) {
      file.put((byte) p);
    }
    return file.array();
  }

  private static byte[] labels(int magic, int count, int... values) {
    ByteBuffer file = ByteBuffer.allocate(8 + values.length).putInt(magic).putInt(count);
    for (int value : values) {
      file.put((byte) value);
    }
    return file.array();
  }

  private String refusal() {
    String message =
        assertThrows(DataException.class, () -> IdxFiles.read("x", images, labels, TWO))
            .getMessage();
    return message.replace(folder.toString() + "/", "");
  }

  @Test
  void readsPlainAndPacked() {
    SharedData.write(labels, SharedData.gzip(labels(0x801, 3, 1, 0, 1)));
    Dataset dataset = IdxFiles.read("x", images, labels, TWO);
    assertEquals("x: 3 images of 1 x 2 x 2, 2 classes", dataset.toString());
    assertArrayEquals(new byte[] {8, 9, 10, 11}, SharedData.image(dataset, 2));
    assertEquals(1, dataset.label(2));
  }

  @Test
  void readsShortLabels() {
    SharedData.write(labels, new byte[] {0, 0, 0x0B, 1, 0, 0, 0, 3, 0, 1, 1, 0, 0, 0});
    Dataset dataset = IdxFiles.read("x", images, labels, List.of());
    assertEquals(257, dataset.classes());
    assertEquals(256, dataset.label(1));
  }

  @Test
  void readsMnist() {
    Path mnist = SharedData.find("mnist");
    Dataset test =
        IdxFiles.read(
            "mnist",
            mnist.resolve("t10k-images-idx3-ubyte.gz"),
            mnist.resolve("t10k-labels-idx1-ubyte.gz"),
            List.of());
    assertEquals("mnist: 10000 images of 1 x 28 x 28, 10 classes", test.toString());
    int[] firstLabels = new int[10];
    Arrays.setAll(firstLabels, test::label);
    assertArrayEquals(new int[] {7, 2, 1, 0, 4, 1, 4, 9, 5, 9}, firstLabels);
    Preprocessing measured = Preprocessing.measured(test);
    assertEquals(0.1325, measured.mean()[0], 1e-4);
    assertEquals(0.3105, measured.std()[0], 1e-4);
  }

  @Test
  void readsNotMnist() {
    Path folder = SharedData.find("notmnist");
    Dataset letters =
        IdxFiles.read(
            "notmnist",
            folder.resolve("t10k-images-idx3-ubyte.gz"),
            folder.resolve("t10k-labels-idx1-ubyte.gz"),
            List.of());
    assertEquals("notmnist: 10000 images of 1 x 28 x 28, 10 classes", letters.toString());
    assertEquals(1000, letters.ofClasses(9).size());
  }

  @Test
  void readsOmniglotWithShortLabels() {
    Path omniglot = SharedData.find("omniglot");
    Dataset all =
        IdxFiles.read(
            "omniglot",
            omniglot.resolve("omniglot28-images-idx3-ubyte.gz"),
            omniglot.resolve("omniglot28-labels-idx1-short.gz"),
            List.of());
    assertEquals("omniglot: 32460 images of 1 x 28 x 28, 1623 classes", all.toString());
    assertEquals(20, all.ofClasses(1622).size());
  }

  @Test
  void refusesMissingFile() {
    images = folder.resolve("absent");
    assertEquals("absent: no such file; check the path", refusal());
    images = folder;
    assertTrue(refusal().endsWith("is a folder, expected a file; check the path"));
  }

  @Test
  void refusesWrongMagic() {
    images = labels;
    assertEquals(
        "labels: magic is 0x00000801, expected 0x00000803 for images;"
            + " give an IDX file with the images",
        refusal());
    images = SharedData.write(folder.resolve("text"), "hello, world".getBytes());
    assertTrue(refusal().startsWith("text: magic is 0x68656C6C, expected 0x00000803"));
  }

  @Test
  void refusesOtherElementTypes() {
    SharedData.write(images, images(0xD03, 3, 2, 2, 48));
    assertEquals(
        "images: element type is 0x0D, readable is 0x08; convert the file to unsigned bytes",
        refusal());
  }

  @Test
  void refusesTruncatedFiles() {
    SharedData.write(images, images(0x803, 3, 2, 2, 11));
    assertEquals(
        "images: declares 3 elements of 4 bytes, at most 11 bytes are possible;"
            + " the file is truncated or its header corrupt, fetch it again",
        refusal());
    SharedData.write(images, new byte[] {0, 0, 8, 3, 0, 0});
    assertEquals(
        "images: truncated: it ends after 6 bytes, the header needs 10 more; fetch the file again",
        refusal());
    SharedData.write(images, new byte[0]);
    assertEquals(
        "images: truncated: it ends after 0 bytes, the magic needs 4 more; fetch the file again",
        refusal());
    SharedData.write(images, SharedData.gzip(images(0x803, 3, 2, 2, 11)));
    assertEquals(
        "images: truncated: it ends after 27 bytes, the pixel data needs 1 more;"
            + " fetch the file again",
        refusal());
  }

  @Test
  void refusesTruncatedAndCorruptGzip() {
    byte[] packed = SharedData.gzip(images(0x803, 3, 2, 2, 12));
    SharedData.write(images, Arrays.copyOf(packed, packed.length / 2));
    assertEquals("images: truncated gzip data; fetch the file again", refusal());
    byte[] corrupt = packed.clone();
    corrupt[packed.length - 6] ^= 1; // the checksum
    SharedData.write(images, corrupt);
    assertEquals(
        "images: corrupt gzip data (Corrupt GZIP trailer); fetch the file again", refusal());
    SharedData.write(images, new byte[] {0x1F, (byte) 0x8B});
    assertEquals("images: truncated gzip data; fetch the file again", refusal());
  }

  @Test
  void refusesAHeaderThatPromisesTooMuchBeforeAllocating() {
    SharedData.write(images, images(0x803, -1, 16384, 16384, 12));
    assertEquals(
        "images: declares 4294967295 elements of 268435456 bytes, at most 12 bytes are possible;"
            + " the file is truncated or its header corrupt, fetch it again",
        refusal());
    SharedData.write(images, images(0x803, 3, 0, -1, 12));
    assertEquals(
        "images: declares images of 0 x 4294967295, a side must be in 1..16384;"
            + " the header is corrupt, fetch the file again",
        refusal());
    // Packed, 3 MB declare 2 GB: refused when the data end, with nothing like 2 GB allocated.
    byte[] large = new byte[3_000_000];
    new java.util.Random(1).nextBytes(large);
    ByteBuffer.wrap(large).putInt(0x803).putInt(3_000_000).putInt(22).putInt(32);
    SharedData.write(images, SharedData.gzip(large));
    labels = SharedData.write(folder.resolve("many"), SharedData.gzip(zeros(3_000_000)));
    assertEquals(
        "images: truncated: it ends after 3000000 bytes, the pixel data needs 2109000016 more;"
            + " fetch the file again",
        refusal());
  }

  private static byte[] zeros(int count) {
    return ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count).array();
  }

  @Test
  void refusesTrailingBytes() {
    SharedData.write(images, images(0x803, 3, 2, 2, 13));
    assertEquals(
        "images: holds more than the 28 bytes its header declares; fetch the file again",
        refusal());
  }

  @Test
  void refusesCountsThatDiffer() {
    SharedData.write(labels, labels(0x801, 2, 1, 0));
    assertEquals(
        "images: holds 3 images but labels holds 2 labels; give the two files of one split",
        refusal());
  }

  @Test
  void refusesLabelsWithoutAClass() {
    SharedData.write(labels, labels(0x801, 3, 1, 2, 0));
    assertEquals(
        "labels: label 1 is 2, it must be in 0..1; give the labels of this data set", refusal());
  }
}
