// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.intarsia.training.data.DataException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is done to the bytes of a pack: one sentence that names the place, never a crash. */
class DamagedPackTest {
  private static final int TASKS = 2;
  private static final int ROUNDS = 1500;
  private static final long MOST_BYTES = 8 << 20; // of the heap, to open a hostile small file

  @TempDir private Path folder;
  private Path path;
  private byte[] intact;

  @BeforeEach
  void makePack() throws IOException {
    PackedModel model = new PackedModel(MadePacks.NET);
    for (int task = 0; task < TASKS; task++) {
      model.add(MadePacks.next(model, MadePacks.SMALL, 2));
    }
    path = folder.resolve("model.itp");
    PackFile.write(path, model, MaskCode.CONTEXT);
    intact = Files.readAllBytes(path);
    PackFile.open(path).model(TASKS);
  }

  /** A new file each time: earlier ones may still be mapped. */
  private void replace(byte[] bytes) throws IOException {
    Files.deleteIfExists(path);
    Files.write(path, bytes);
  }

  /** The sentence that reading every task ends in. */
  private String read(byte[] bytes) throws IOException {
    replace(bytes);
    String message =
        assertThrows(DataException.class, () -> PackFile.open(path).model(TASKS)).getMessage();
    assertTrue(message.startsWith(path.toString()), message);
    return message;
  }

  /** One part to the number of bytes in which a flipped bit was put down to it. */
  @Test
  void aFlippedBitAnywhereIsDetectedAndNamed() throws IOException {
    Map<String, Integer> named = new TreeMap<>();
    for (int at = 0; at < intact.length; at++) {
      byte[] damaged = intact.clone();
      damaged[at] ^= (byte) (1 << at % 8);
      String message = read(damaged).substring(path.toString().length() + 2);
      named.merge(message.split(": ")[0], 1, Integer::sum);
      assertTrue(message.contains("intact copy") || at < 8, message);
    }
    for (int task = 0; task < TASKS; task++) {
      for (String part :
          new String[] {
            "head", "mean", "std", "conv1.weights.mask", "fc1.weights.codes", "fc1.weights.codebook"
          }) {
        assertNotNull(named.get("task " + task + ", " + part), part + " in " + named);
      }
      assertTrue(named.get("task " + task) > 64, "frame, header and padding: " + named);
    }
    assertEquals(48, named.get("task 1, head"), "its twelve numbers and nothing else");
  }

  @Test
  void aFileCutShortAnywhereIsNamed() throws IOException {
    for (int length = 0; length < intact.length; length++) {
      String message = read(Arrays.copyOf(intact, length));
      assertTrue(
          message.contains("is empty")
              || message.contains("ends")
              || message.contains("was written with")
              || length < 8 && message.contains("does not begin like a pack"),
          message);
    }
  }

  /** Damage with its checksums put right: what a program that lies would write. */
  @Test
  void hostileFilesEndInASentenceAndLittleMemory() throws IOException {
    SplittableRandom random = new SplittableRandom(3);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    int refused = 0;
    long most = 0;
    for (int round = 0; round < ROUNDS; round++) {
      byte[] hostile = mutate(intact.clone(), random);
      replace(sealed(hostile));
      long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
      try {
        PackFile file = PackFile.open(path);
        file.model(file.tasks());
      } catch (DataException e) {
        refused++;
      }
      long after = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
      most = Math.max(most, after - before);
    }
    assertTrue(refused > ROUNDS * 3 / 4, refused + " of " + ROUNDS + " were refused");
    assertTrue(most < MOST_BYTES, "one of them took " + most + " bytes");
  }

  /** Digits become other digits, letters others, bytes anything; mostly in headers. */
  private static byte[] mutate(byte[] bytes, SplittableRandom random) {
    for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
      int at = random.nextInt(bytes.length);
      if (bytes[at] >= '0' && bytes[at] <= '9') {
        bytes[at] = (byte) ('0' + random.nextInt(10));
      } else {
        bytes[at] = (byte) random.nextInt(256);
      }
    }
    return bytes;
  }

  /** Frames that fit, as far as lengths allow. */
  private static byte[] sealed(byte[] bytes) {
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    byte[] last = {};
    for (int at = 0, index = 0; at + 72 <= bytes.length; index++) {
      long length = file.getLong(at + 16);
      long header = file.getLong(at + 64);
      if (length < 10 || length > bytes.length - at - 64 || header < 0 || header > length - 8) {
        return bytes;
      }
      byte[] digest =
          Checksum.sha(last, Arrays.copyOfRange(bytes, at + 64, at + 72 + (int) header));
      last = new Frame(index, length, digest).toBytes();
      System.arraycopy(last, 0, bytes, at, 64);
      at += 64 + (int) (length + 63) / 64 * 64;
    }
    return bytes;
  }

  private String withText(String from, String to) throws IOException {
    String text = new String(intact, StandardCharsets.ISO_8859_1);
    assertEquals(from.length(), to.length());
    assertTrue(text.contains(from), from);
    byte[] bytes = text.replace(from, to).getBytes(StandardCharsets.ISO_8859_1);
    return read(sealed(bytes));
  }

  @Test
  void claimsAreCheckedAgainstTheBytesThereAre() throws IOException {
    assertTrue(withText("\\\"rows\\\":5", "\\\"rows\\\":6").contains("task 0"));
    assertTrue(withText("\"dtype\":\"U8\"", "\"dtype\":\"I8\"").contains("expected F32 or U8"));
    assertTrue(withText("\\\"copy\\\":0", "\\\"copy\\\":7").contains("is in copy 7, there are 0"));
    assertTrue(withText("intarsia-pack", "intarsia-bask").contains("this program reads"));
    assertTrue(withText("\\\"tasks\\\":2", "\\\"tasks\\\":4").contains("has 2 of the 4 tasks"));
    assertTrue(withText("[0,8]", "[0,4]").contains("its shape takes 8 bytes"));
  }

  @Test
  void claimsOfWeightsAreBoundedByTheFile() throws IOException {
    PackedModel model = new PackedModel(MadePacks.NET);
    PackedTask task = MadePacks.next(model, MadePacks.SMALL, 2);
    PackFile.create(folder.resolve("big.itp"), MadePacks.NET).append(task);
    byte[] bytes = Files.readAllBytes(folder.resolve("big.itp"));
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    String layer = "\\\"rows\\\":7,\\\"cols\\\":45,\\\"kernel\\\":1";
    String huge = "\\\"rows\\\":99999,\\\"cols\\\":9999,\\\"kernel\\\":1";
    int at = text.indexOf(layer);
    int spaces = huge.length() - layer.length();
    int end = text.indexOf(" ".repeat(spaces), at); // the header's padding
    assertTrue(at > 0 && end > 0, "the made header has room");
    String grown =
        text.substring(0, at)
            + huge
            + text.substring(at + layer.length(), end)
            + text.substring(end + spaces);
    replace(sealed(grown.getBytes(StandardCharsets.ISO_8859_1)));
    String message = assertThrows(DataException.class, () -> PackFile.open(path)).getMessage();
    assertTrue(message.contains("weights, more than"), message);
  }
}
