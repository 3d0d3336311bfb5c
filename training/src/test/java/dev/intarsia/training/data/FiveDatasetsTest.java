// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FiveDatasetsTest {
  private static final String STREAM = "five-datasets";

  @TempDir Path folder;

  private TaskStream open(int tasks, int trainLimit, int testLimit) {
    return Streams.open(STREAM, new StreamOptions(folder, 1, tasks, 0, 0, trainLimit, testLimit));
  }

  /** Labels 0..9 over and over; all pixels of image i are i + 1. */
  private void writeIdx(String name, String split, int count) {
    ByteBuffer images = ByteBuffer.allocate(16 + count * 784);
    images.putInt(0x803).putInt(count).putInt(28).putInt(28);
    ByteBuffer labels = ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count);
    for (int i = 0; i < count; i++) {
      byte[] image = new byte[784];
      Arrays.fill(image, (byte) (i + 1));
      images.put(image);
      labels.put((byte) (i % 10));
    }
    Path into = folder.resolve(name);
    SharedData.write(into.resolve(split + "-images-idx3-ubyte"), images.array());
    SharedData.write(into.resolve(split + "-labels-idx1-ubyte"), labels.array());
  }

  private void writeRecords(String name, String file, int count) {
    byte[] records = new byte[count * 3073];
    for (int i = 0; i < count; i++) {
      Arrays.fill(records, i * 3073, (i + 1) * 3073, (byte) (i + 1));
      records[i * 3073] = (byte) (i % 10);
    }
    SharedData.write(folder.resolve(name).resolve(file), records);
  }

  private void writeAll() {
    writeRecords("cifar10", "data_batch_1.bin", 20);
    writeRecords("cifar10", "test_batch.bin", 10);
    for (String name : List.of("mnist", "fashion-mnist")) {
      writeIdx(name, "train", 20);
      writeIdx(name, "t10k", 10);
    }
    writeIdx("notmnist", "t10k", 50);
    writeRecords("mnist-m", "train.bin", 20);
    writeRecords("mnist-m", "test.bin", 10);
  }

  @Test
  void fiveTasksOfOneFormat() {
    writeAll();
    TaskStream stream = open(0, 0, 0);
    assertEquals(
        List.of("CIFAR-10", "MNIST", "Fashion-MNIST", "notMNIST", "MNIST-M"),
        stream.tasks().stream().map(Task::name).toList());
    assertEquals("resnet18", stream.defaultModel());
    assertEquals(3, stream.channels());
    assertEquals(32, stream.height());
    assertEquals(32, stream.width());
    assertTrue(stream.tasks().stream().allMatch(task -> task.classes() == 10));
    assertEquals(
        List.of(20, 20, 20, 40, 20), stream.tasks().stream().map(t -> t.train().size()).toList());
    assertEquals("A", stream.tasks().get(3).classNames().get(0));
    assertEquals(0.1f, stream.tasks().get(1).preprocessing().mean()[2]);
    assertEquals(0.2752f, stream.tasks().get(1).preprocessing().std()[0]);
  }

  @Test
  void greyImagesGetABorderAndThreeEqualChannels() {
    writeAll();
    byte[] expected = new byte[3 * 32 * 32];
    for (int c = 0; c < 3; c++) {
      for (int y = 2; y < 30; y++) {
        Arrays.fill(expected, c * 1024 + y * 32 + 2, c * 1024 + y * 32 + 30, (byte) 6);
      }
    }
    Dataset mnist = open(2, 0, 0).tasks().get(1).train();
    byte[] dst = new byte[expected.length + 1];
    Arrays.fill(dst, (byte) 77); // what was there before must not shine through the border
    mnist.copyPixels(5, dst, 1);
    assertEquals(77, dst[0]);
    assertArrayEquals(expected, Arrays.copyOfRange(dst, 1, dst.length));
  }

  @Test
  void theLastFifthOfEachLetterExaminesWhereThereIsNoTrainingFile() {
    writeAll();
    Task letters = open(4, 0, 0).tasks().get(3);
    assertEquals(10, letters.test().size());
    for (int i = 0; i < 10; i++) {
      assertEquals(i, letters.test().label(i));
      assertEquals(41 + i, SharedData.image(letters.test(), i)[2 * 32 + 2], "image 40 + i");
    }
    writeIdx("notmnist", "train", 30);
    letters = open(4, 0, 0).tasks().get(3);
    assertEquals(30, letters.train().size());
    assertEquals(50, letters.test().size());
  }

  @Test
  void limitsAndFewerTasksAreHonoured() {
    writeAll();
    TaskStream two = open(2, 10, 5);
    assertEquals(2, two.tasks().size());
    assertEquals(10, two.tasks().get(1).train().size());
    assertEquals(5, two.tasks().get(0).test().size());
  }

  @Test
  void namesTheMissingFolder() throws Exception {
    writeAll();
    Path letters = folder.resolve("notmnist");
    Files.move(letters, folder.resolve("elsewhere"));
    assertEquals(
        letters
            + ": no such folder; stream 'five-datasets' looks there for train-images-idx3-ubyte,"
            + " train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each"
            + " plain or .gz",
        assertThrows(DataException.class, () -> open(0, 0, 0)).getMessage());
    assertEquals(3, open(3, 0, 0).tasks().size(), "what is not asked for may be missing");
  }

  @Test
  void refusesWhatItCannotCut() {
    assertEquals(
        "stream 'five-datasets' reads files and no --data was given; give a folder with the"
            + " folders cifar10, mnist, fashion-mnist, notmnist, mnist-m",
        refusal(StreamOptions.defaults(null, 1)));
    assertEquals(
        "stream 'five-datasets' has 5 data sets, tasks is 6; ask for at most 5 tasks",
        refusal(new StreamOptions(folder, 1, 6, 0, 0, 0, 0)));
    assertEquals(
        "stream 'five-datasets' has 10 classes in each task, classesPerTask is 5; leave it out",
        refusal(new StreamOptions(folder, 1, 0, 5, 0, 0, 0)));
  }

  private static String refusal(StreamOptions options) {
    return assertThrows(IllegalArgumentException.class, () -> Streams.open(STREAM, options))
        .getMessage();
  }

  @Test
  void onlyPlainGreyImagesAreFramed() {
    writeAll();
    Dataset framed = open(2, 0, 0).tasks().get(1).train();
    assertThrows(IllegalArgumentException.class, () -> framed.framed(1, 3));
    assertThrows(IllegalArgumentException.class, () -> framed.permuted(new int[1024]));
  }

  @Test
  void theRealDataHaveTheStatedMeanAndDeviation() {
    Path data = SharedData.find("mnist-m").getParent();
    TaskStream stream = Streams.open(STREAM, StreamOptions.defaults(data, 1));
    assertEquals(
        List.of(5000, 60000, 60000, 8000, 1000),
        stream.tasks().stream().map(task -> task.train().size()).toList());
    assertEquals(
        List.of(1000, 10000, 10000, 2000, 400),
        stream.tasks().stream().map(task -> task.test().size()).toList());
    for (Task task : stream.tasks().subList(1, 5)) {
      Preprocessing measured = Preprocessing.measured(task.train());
      for (int c = 0; c < 3; c++) {
        assertEquals(measured.mean()[c], task.preprocessing().mean()[c], 6e-5f, task.name());
        assertEquals(measured.std()[c], task.preprocessing().std()[c], 6e-5f, task.name());
      }
    }
  }
}
