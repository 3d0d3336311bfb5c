// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.training.data.ImageFolder.Options;
import dev.intarsia.training.data.ImageFolder.Split;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
  private static final Options AS_THEY_ARE = new Options(0, 3, 1);
  private static final String LAYOUTS =
      "expected train/<class>/* with test/<class>/* or val/<class>/*, or <class>/*";

  @TempDir Path folder;

  /** A PNG of one colour. */
  private static byte[] png(int type, int height, int width, int rgb) {
    BufferedImage image = new BufferedImage(width, height, type);
    for (int h = 0; h < height; h++) {
      for (int w = 0; w < width; w++) {
        if (type == BufferedImage.TYPE_BYTE_GRAY) {
          image.getRaster().setSample(w, h, 0, rgb & 0xFF);
        } else {
          image.setRGB(w, h, rgb);
        }
      }
    }
    ByteArrayOutputStream encoded = new ByteArrayOutputStream();
    try {
      assertTrue(ImageIO.write(image, "png", encoded));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return encoded.toByteArray();
  }

  private static byte[] colour(int rgb) {
    return png(BufferedImage.TYPE_INT_RGB, 2, 3, rgb);
  }

  private void put(String path, byte[] content) {
    SharedData.write(folder.resolve(path), content);
  }

  private String refusal(Path root, Options options) {
    String message =
        assertThrows(DataException.class, () -> ImageFolder.read(root, options)).getMessage();
    return message.replace(folder + "/", "").replace(folder.toString(), "ROOT");
  }

  private void twoSplitClasses() {
    for (String split : new String[] {"train", "test"}) {
      put(split + "/cat/1.png", colour(0x102030));
      put(split + "/dog/1.png", colour(0x405060));
    }
  }

  @Test
  void readsTrainAndTestFolders() {
    twoSplitClasses();
    put("train/dog/0.png", colour(0x708090));
    put("train/dog/notes.txt", new byte[1]);
    put("train/.hidden/0.png", new byte[1]);
    Split split = ImageFolder.read(folder, AS_THEY_ARE);
    assertEquals(List.of("cat", "dog"), split.train().classNames());
    assertEquals(3, split.train().size());
    assertEquals(2, split.test().size());
    byte[] second = SharedData.image(split.train(), 1); // dog/0 comes before dog/1
    assertArrayEquals(
        new byte[] {0x70, (byte) 0x80, (byte) 0x90}, new byte[] {second[0], second[6], second[12]});
    Split grey = ImageFolder.read(folder, new Options(4, 1, 1));
    assertEquals(1, grey.test().channels());
    assertEquals(4, grey.test().width());
    int luma = Math.round(0.299f * 0x70 + 0.587f * 0x80 + 0.114f * 0x90);
    assertEquals(luma, SharedData.image(grey.train(), 1)[15] & 0xFF);
  }

  @Test
  void keepsGreyLevelsAsTheyAre() {
    for (String name : new String[] {"train/a", "train/b", "val/a", "val/b"}) {
      put(name + "/0.png", png(BufferedImage.TYPE_BYTE_GRAY, 2, 2, 100));
    }
    Split split = ImageFolder.read(folder, AS_THEY_ARE);
    byte[] expected = new byte[12];
    Arrays.fill(expected, (byte) 100);
    assertArrayEquals(expected, SharedData.image(split.test(), 0));
  }

  @Test
  void splitsClassFoldersBySeed() {
    for (int i = 0; i < 10; i++) {
      put("all/cat/" + i + ".png", colour(i));
      put("all/dog/" + i + ".png", colour(16 + i));
    }
    Split one = ImageFolder.read(folder, AS_THEY_ARE);
    assertEquals(16, one.train().size());
    assertEquals(2, one.test().ofClasses(1).size());
    boolean[] seen = new boolean[32];
    for (Dataset part : List.of(one.train(), one.test())) {
      for (int i = 0; i < part.size(); i++) {
        int blue = SharedData.image(part, i)[12];
        assertEquals(blue / 16, part.label(i));
        assertTrue(!seen[blue], "image " + blue + " is in both parts");
        seen[blue] = true;
      }
    }
    Split again = ImageFolder.read(folder, AS_THEY_ARE);
    assertArrayEquals(
        SharedData.image(one.test(), 0), SharedData.image(again.test(), 0), "same seed");
    long others = 0;
    for (int seed = 2; seed < 12; seed++) {
      Split other = ImageFolder.read(folder, new Options(0, 3, seed));
      others +=
          Arrays.equals(SharedData.image(one.test(), 0), SharedData.image(other.test(), 0)) ? 0 : 1;
    }
    assertTrue(others > 0, "ten other seeds gave the same split");
  }

  @Test
  void readsTinyImageNetZip() {
    Path zip = SharedData.find("tiny-imagenet/tiny-imagenet-40_60_15.zip");
    Split split = ImageFolder.read(zip, new Options(32, 3, 1));
    assertEquals(2400, split.train().size());
    assertEquals(600, split.test().size());
    assertEquals(40, split.train().classes());
    assertEquals(15, split.test().ofClasses(39).size());
    assertEquals(32, split.test().height());
    assertEquals("bullfrog", split.train().classNames().get(0));
  }

  @Test
  void readsDtdZipAndOmniglotZip() {
    Split textures = ImageFolder.read(SharedData.find("dtd10/dtd10_64_90_30.zip"), AS_THEY_ARE);
    assertEquals(900, textures.train().size());
    assertEquals(300, textures.test().size());
    assertEquals("banded", textures.train().classNames().get(0));
    Path omniglot = SharedData.find("omniglot/images_background_small1.zip");
    Split alphabets = ImageFolder.read(omniglot, new Options(28, 1, 1));
    assertEquals(2720, alphabets.train().size() + alphabets.test().size());
    assertEquals(5, alphabets.train().classes());
  }

  @Test
  void scalesDownByArea() {
    BufferedImage board = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
    for (int p = 0; p < 64 * 64; p++) {
      board.setRGB(p % 64, p / 64, (p % 64 + p / 64) % 2 == 0 ? 0xFFFFFF : 0);
    }
    ByteArrayOutputStream encoded = new ByteArrayOutputStream();
    try {
      ImageIO.write(board, "png", encoded);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    byte[] small =
        ImageDecoder.decode("b", encoded.toByteArray(), 1, new ImageDecoder.Size(8, 8)).pixels();
    for (byte pixel : small) {
      assertEquals(127.5, pixel & 0xFF, 3, "a checkerboard shrinks to grey, not to stripes");
    }
  }

  @Test
  void refusesImagesOfDifferentSizeUnlessScaled() {
    twoSplitClasses();
    put("train/dog/2.png", png(BufferedImage.TYPE_INT_RGB, 5, 4, 0));
    assertEquals(
        "train/dog/2.png: is 5 x 4, the images before it are 2 x 3;"
            + " set an image size to scale all images to",
        refusal(folder, AS_THEY_ARE));
    assertEquals(3, ImageFolder.read(folder, new Options(6, 3, 1)).train().size());
  }

  @Test
  void refusesImagesOfDifferentSizeInTheTestFolder() {
    twoSplitClasses();
    put("test/dog/2.png", png(BufferedImage.TYPE_INT_RGB, 5, 4, 0));
    assertTrue(refusal(folder, AS_THEY_ARE).startsWith("test/dog/2.png: is 5 x 4, the images"));
  }

  @Test
  void refusesBrokenImages() {
    twoSplitClasses();
    put("train/cat/2.png", "no image".getBytes());
    assertEquals(
        "train/cat/2.png: is not a PNG, JPEG, BMP or GIF image; fetch it again or remove it",
        refusal(folder, AS_THEY_ARE));
    put("train/cat/2.png", Arrays.copyOf(colour(7), 50));
    assertTrue(refusal(folder, AS_THEY_ARE).startsWith("train/cat/2.png: cannot be decoded ("));
  }

  @Test
  void refusesAnImageThatDeclaresGigabytes() {
    twoSplitClasses();
    byte[] bomb = colour(7);
    ByteBuffer bytes = ByteBuffer.wrap(bomb).putInt(16, 60_000).putInt(20, 60_000); // IHDR
    CRC32 crc = new CRC32();
    crc.update(bomb, 12, 17);
    bytes.putInt(29, (int) crc.getValue());
    put("train/cat/2.png", bomb);
    assertEquals(
        "train/cat/2.png: is 60000 x 60000, the limit is 16384 a side and 67108864 pixels;"
            + " scale it down",
        refusal(folder, AS_THEY_ARE));
  }

  @Test
  void refusesAZipBomb() throws IOException {
    Path zip = folder.resolve("bomb.zip");
    try (OutputStream out = Files.newOutputStream(zip);
        ZipOutputStream entries = new ZipOutputStream(out)) {
      for (String name : new String[] {"a/1.png", "a/2.png", "b/1.png", "b/2.png"}) {
        entries.putNextEntry(new ZipEntry(name));
        byte[] zeros = new byte[1 << 20];
        for (int written = 0; written <= FileTree.MAX_FILE_BYTES; written += zeros.length) {
          entries.write(zeros);
        }
      }
    }
    String message = refusal(zip, AS_THEY_ARE);
    assertTrue(
        message.endsWith("unpacks to more than 64 MiB; an image must be smaller, remove the file"),
        message);
  }

  @Test
  void refusesWhatIsNoImageFolder() {
    assertEquals(
        "absent: no such folder or zip; check the path",
        refusal(folder.resolve("absent"), AS_THEY_ARE));
    assertEquals(
        "ROOT: holds 0 PNG, JPEG, BMP or GIF images; " + LAYOUTS, refusal(folder, AS_THEY_ARE));
    put("x.zip", new byte[100]);
    assertTrue(
        refusal(folder.resolve("x.zip"), AS_THEY_ARE)
            .startsWith("x.zip: is neither a folder nor a readable zip ("));
    put("1.png", colour(0));
    assertEquals(
        "ROOT: has 0 class folders, at least 2 are needed; " + LAYOUTS,
        refusal(folder, AS_THEY_ARE));
  }

  @Test
  void refusesClassesWithoutEnoughImages() {
    twoSplitClasses();
    put("train/eel/1.png", colour(0));
    assertEquals(
        "ROOT: 3 training classes, 2 test classes: class 'eel' has 0 test images;"
            + " every class needs images of both",
        refusal(folder, AS_THEY_ARE));
    put("own/a/1.png", colour(0));
    put("own/b/1.png", colour(0));
    assertEquals(
        "own: class 'a' has 1 image, at least 2 are needed to split;"
            + " add images or remove the class",
        refusal(folder.resolve("own"), AS_THEY_ARE));
  }

  @Test
  void refusesTinyImageNetAnnotationsThatNameNothing() {
    put("train/n1/images/1.png", colour(0));
    put("train/n2/images/1.png", colour(0));
    put("val/images/1.png", colour(0));
    put("val/val_annotations.txt", "1.png\tn3\t0\t0\t1\t1\n".getBytes());
    assertEquals(
        "val/val_annotations.txt: line '1.png\tn3\t0\t0\t1\t1' names no image of val/images"
            + " or no class of train; fetch the data again",
        refusal(folder, AS_THEY_ARE));
  }
}
