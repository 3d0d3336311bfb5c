// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.training.data.CifarFiles.FineAndCoarse;
import dev.intarsia.training.data.CifarFiles.Labels;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CifarFilesTest {
  private static final List<String> TWO = List.of("no", "yes");

  @TempDir Path folder;

  /** Records with the given label bytes; every pixel of record i is i + 1. */
  private static byte[] records(int labelBytes, int... labels) {
    int count = labels.length / labelBytes;
    byte[] file = new byte[count * (labelBytes + 3072)];
    for (int i = 0; i < count; i++) {
      int at = i * (labelBytes + 3072);
      for (int k = 0; k < labelBytes; k++) {
        file[at + k] = (byte) labels[i * labelBytes + k];
      }
      Arrays.fill(file, at + labelBytes, at + labelBytes + 3072, (byte) (i + 1));
    }
    return file;
  }

  private String refusal(Path... files) {
    String message =
        assertThrows(
                DataException.class, () -> CifarFiles.read("x", Labels.SINGLE, List.of(files), TWO))
            .getMessage();
    return message.replace(folder + "/", "");
  }

  @Test
  void readsSeveralFilesInOrder() {
    Path plain = SharedData.write(folder.resolve("a.bin"), records(1, 0, 1));
    Path packed = SharedData.write(folder.resolve("b.bin.gz"), SharedData.gzip(records(1, 1)));
    Dataset dataset = CifarFiles.read("x", Labels.SINGLE, List.of(plain, packed), TWO);
    assertEquals("x: 3 images of 3 x 32 x 32, 2 classes", dataset.toString());
    assertEquals(1, dataset.label(2));
    assertEquals(2, SharedData.image(dataset, 1)[3071]);
    assertEquals(1, SharedData.image(dataset, 2)[0]);
  }

  @Test
  void readsFarMoreThanThePackedSizeSuggests() {
    int[] labels = new int[2000]; // 6 MB of little but zeros pack to a few kB
    Path packed = SharedData.write(folder.resolve("a.gz"), SharedData.gzip(records(1, labels)));
    assertEquals(2000, CifarFiles.read("x", Labels.SINGLE, List.of(packed), TWO).size());
  }

  @Test
  void readsFineAndCoarseLabels() {
    Path file = SharedData.write(folder.resolve("c.bin"), records(2, 1, 0, 0, 2));
    List<String> fine = List.of("f0", "f1", "f2");
    FineAndCoarse both = CifarFiles.readFineAndCoarse("x", List.of(file), fine, TWO);
    assertEquals(0, both.fine().label(0));
    assertEquals(1, both.coarse().label(0));
    assertEquals(2, both.fine().label(1));
    assertEquals(0, both.coarse().label(1));
    assertEquals(1, CifarFiles.read("x", Labels.COARSE, List.of(file), TWO).label(0));
    assertEquals(2, CifarFiles.read("x", Labels.FINE, List.of(file), fine).label(1));
  }

  @Test
  void readsRealRecords() {
    Path cifar10 = SharedData.find("cifar10/test_100_per_class.bin.gz");
    Dataset test =
        CifarFiles.read("cifar10", Labels.SINGLE, List.of(cifar10), Collections.nCopies(10, "c"));
    assertEquals("cifar10: 1000 images of 3 x 32 x 32, 10 classes", test.toString());
    assertEquals(100, test.ofClasses(3).size());
    float[] mean = Preprocessing.measured(test).mean();
    assertEquals(121.94 / 255, (mean[0] + mean[1] + mean[2]) / 3, 1e-4);
    Path signs = SharedData.find("gtsrb/test_15_per_class.bin.gz");
    Dataset gtsrb =
        CifarFiles.read("gtsrb", Labels.SINGLE, List.of(signs), Collections.nCopies(43, "s"));
    assertEquals(645, gtsrb.size());
  }

  @Test
  void readsRealCifar100() {
    Path file = SharedData.find("cifar100/test.bin.gz");
    FineAndCoarse test =
        CifarFiles.readFineAndCoarse(
            "cifar100", List.of(file), Collections.nCopies(100, "f"), Collections.nCopies(20, "c"));
    assertEquals(10_000, test.fine().size());
    assertEquals(500, test.coarse().ofClasses(19).size());
    assertEquals(100, test.fine().ofClasses(99).size());
  }

  @Test
  void refusesTruncatedRecords() {
    byte[] whole = records(1, 0, 1);
    Path file = SharedData.write(folder.resolve("a.bin"), Arrays.copyOf(whole, whole.length - 100));
    assertEquals(
        "a.bin: truncated: the last record has 2973 of 3073 bytes;"
            + " fetch the file again, or check that it has 1 label byte(s) a record",
        refusal(file));
  }

  @Test
  void refusesEmptyMissingAndCorruptFiles() {
    Path empty = SharedData.write(folder.resolve("empty.bin"), new byte[0]);
    assertEquals("empty.bin: holds 0 images; fetch the file again", refusal(empty));
    assertEquals("absent.bin: no such file; check the path", refusal(folder.resolve("absent.bin")));
    byte[] packed = SharedData.gzip(records(1, 0, 1));
    Path cut = SharedData.write(folder.resolve("cut.gz"), Arrays.copyOf(packed, 20));
    assertEquals("cut.gz: truncated gzip data; fetch the file again", refusal(cut));
    packed[12] ^= 0x55;
    Path corrupt = SharedData.write(folder.resolve("corrupt.gz"), packed);
    String message = refusal(corrupt);
    assertTrue(message.startsWith("corrupt.gz: corrupt gzip data ("), message);
  }

  @Test
  void refusesLabelsWithoutAClassAndNamesTheFile() {
    Path good = SharedData.write(folder.resolve("a.bin"), records(1, 0, 1));
    Path bad = SharedData.write(folder.resolve("b.bin"), records(1, 0, 7));
    assertEquals(
        "b.bin: label 1 is 7, it must be in 0..1; check that the file has 1 label byte(s) a record",
        refusal(good, bad));
  }
}
