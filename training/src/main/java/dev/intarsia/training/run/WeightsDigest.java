// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.Tensor;
import dev.intarsia.training.Method;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * SHA-256 of all that answers: the shared weights from input to output, then for each task its
 * masks in the same order, its normalisation state and its head; every number little-endian.
 */
final class WeightsDigest {
  private final MessageDigest digest;

  private WeightsDigest() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256, this one lacks it", e);
    }
  }

  /** Returns 64 hexadecimal digits. Leaves the last task active. */
  static String of(Network net, Method method, List<Task> tasks) {
    WeightsDigest digest = new WeightsDigest();
    for (Task task : tasks) {
      method.activate(task);
      for (Parameter parameter : net.shared()) {
        digest.add(parameter.download());
        digest.add(parameter.visible().words());
      }
      net.norms().forEach(digest::add);
      digest.add(net.head().weights().weights());
    }
    return HexFormat.of().formatHex(digest.digest.digest());
  }

  private void add(Tensor tensor) {
    add(tensor.download());
  }

  private void add(float[] values) {
    ByteBuffer bytes = littleEndian(values.length);
    bytes.asFloatBuffer().put(values);
    digest.update(bytes);
  }

  private void add(int[] words) {
    ByteBuffer bytes = littleEndian(words.length);
    bytes.asIntBuffer().put(words);
    digest.update(bytes);
  }

  private static ByteBuffer littleEndian(int words) {
    return ByteBuffer.allocate(Math.multiplyExact(words, Integer.BYTES))
        .order(ByteOrder.LITTLE_ENDIAN);
  }
}
