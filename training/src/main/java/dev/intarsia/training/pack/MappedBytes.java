// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import java.nio.ByteBuffer;

/** The one way in which bytes leave a mapped file. */
final class MappedBytes {
  private MappedBytes() {}

  /**
   * Fills {@code dst} from a map. A file that somebody shortens after it was mapped has no bytes
   * there any more; the JVM turns that into an error of its own, but raises it only when the thread
   * next enters the VM, perhaps in other code. The question behind the copy is such an entry, so
   * that the error is caught here. Nothing else reads a map: a checksum or a kernel that did could
   * end the process.
   */
  static void copy(ByteBuffer map, int from, byte[] dst, Place place) {
    try {
      map.get(from, dst);
      Thread.holdsLock(dst);
    } catch (InternalError e) {
      throw place.altered("the file was shortened while it was read", e);
    }
  }
}
