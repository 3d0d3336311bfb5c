// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/** The two checksums of a pack. They find damage; they are no proof of who wrote it. */
final class Checksum {
  static final int SHA_BYTES = 32;

  private Checksum() {}

  /** CRC-32C (Castagnoli) of a part of an array: every change within 32 neighbouring bits shows. */
  static int crc(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  /** The CRC of an array as eight hexadecimal digits. */
  static String crcText(byte[] bytes) {
    return HexFormat.of().toHexDigits(crc(bytes, 0, bytes.length));
  }

  /** SHA-256 of arrays one after the other. */
  static byte[] sha(byte[]... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (byte[] part : parts) {
        digest.update(part);
      }
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256, this one lacks it", e);
    }
  }
}
