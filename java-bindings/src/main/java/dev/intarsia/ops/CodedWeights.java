// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import dev.intarsia.Codes;
import dev.intarsia.Mask;
import dev.intarsia.PanelOrder;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.ffi.ita_codebook_weights;
import java.util.function.Supplier;
import org.bytedeco.javacpp.IntPointer;

/** The fields of weights as codes, which every op over them has. */
final class CodedWeights {
  /** Most codebooks of a layer. */
  static final int MAX_SOURCES = 255;

  private final Operation op;
  private final Supplier<ita_codebook_weights> struct;
  private final PlaneShape plane;
  private final int bits;
  private final int sources;
  private int masks; // planes of the mask, each block of images its own; 0 for one of all images
  private IntPointer maskOf; // on a native context, one index for each image that fits

  /**
   * The weights of one op.
   *
   * @param struct gives the nested struct; asked on a native context only
   * @param plane of weights: a row is a filter or an output
   */
  CodedWeights(
      Operation op,
      Supplier<ita_codebook_weights> struct,
      PlaneShape plane,
      int bits,
      int sources) {
    if (bits < 1 || bits > Codes.MAX_BITS) {
      throw new IllegalArgumentException(
          op.name() + ": bits is " + bits + ", expected 1 .. " + Codes.MAX_BITS);
    }
    if (sources < 1 || sources > MAX_SOURCES) {
      throw new IllegalArgumentException(
          op.name() + ": sources is " + sources + ", expected 1 .. " + MAX_SOURCES);
    }
    this.op = op;
    this.struct = struct;
    this.plane = plane;
    this.bits = bits;
    this.sources = sources;
    op.set("bits", bits, () -> struct.get().bits(bits));
    op.set("sources", sources, () -> struct.get().sources(sources));
  }

  /** The name under which an entry that reads the owners asks for them. */
  static String ownersOf(int sources) {
    return sources > 1 ? "owners" : "owners?";
  }

  void codes(Codes codes) {
    if (codes != null && codes.bits() != bits) {
      throw new IllegalArgumentException(
          op.name() + ": codes has " + codes.bits() + " bits, expected " + bits);
    }
    op.codes("codes", codes, p -> struct.get().codes(p), plane);
  }

  void codebooks(Tensor codebooks) {
    op.values("codebooks", codebooks, p -> struct.get().codebooks(p), sources, 1L << bits);
  }

  void owners(Mask owners) {
    if (owners != null && sources == 1) {
      throw new IllegalArgumentException(
          op.name() + ": owners is " + owners + ", expected null for one source");
    }
    PlaneShape panels = PanelOrder.shape(plane);
    PlaneShape all = new PlaneShape(Math.max(1, sources - 1) * panels.rows(), panels.cols());
    op.mask("owners", owners, p -> struct.get().owners(p), all);
  }

  void mask(Mask mask) {
    op.mask("mask", mask, p -> struct.get().mask(p), PanelOrder.shape(plane));
    plan(0, null);
  }

  void masks(Mask planes, int count) {
    if (count < 1 || planes == null) {
      throw new IllegalArgumentException(
          "%s: masks is %s of %d planes, expected at least 1; call mask(null) for all weights"
              .formatted(op.name(), planes, count));
    }
    PlaneShape panels = PanelOrder.shape(plane);
    PlaneShape all = new PlaneShape(Math.multiplyExact(count, panels.rows()), panels.cols());
    op.mask("mask", planes, p -> struct.get().mask(p), all);
    plan(count, null);
  }

  void maskOf(int... planes) {
    if (masks == 0) {
      throw new IllegalStateException(op.name() + ": masks is not set; call masks(...) first");
    }
    if (planes.length == 0) {
      throw new IllegalArgumentException(
          op.name() + ": maskOf is empty, expected one plane, or one for each block of images");
    }
    for (int index : planes) {
      if (index < 0 || index >= masks) {
        throw new IllegalArgumentException(
            "%s: maskOf has plane %d, expected 0 .. %d".formatted(op.name(), index, masks - 1));
      }
    }
    plan(masks, planes.clone());
  }

  /** Sets how many planes there are and which one a block obeys; null for none yet. */
  private void plan(int count, int[] planes) {
    masks = count;
    op.set("masks", count, () -> struct.get().masks(count));
    op.set("maskOf", planes, () -> {});
  }

  /** Makes ready for a call that obeys each block's own mask. */
  void takeMasks() {
    int[] planes = (int[]) op.value("maskOf");
    if (masks > 0 && planes == null) {
      throw new IllegalStateException(op.name() + ": maskOf is not set; call maskOf(...) first");
    }
    int blocks = (op.images() + op.block() - 1) / op.block();
    if (planes != null && planes.length != 1 && planes.length < blocks) {
      throw new IllegalStateException(
          "%s: maskOf has %d planes, %d images are %d blocks; give one for each, or one for all"
              .formatted(op.name(), planes.length, op.images(), blocks));
    }
    if (!op.isNative()) {
      return;
    }
    if (planes == null) {
      struct.get().mask_of((IntPointer) null);
      return;
    }
    if (maskOf == null || maskOf.capacity() < blocks) {
      maskOf = new IntPointer((long) blocks);
    }
    for (int i = 0; i < blocks; i++) {
      maskOf.put(i, planes[planes.length == 1 ? 0 : i]);
    }
    struct.get().mask_of(maskOf);
  }

  /** Refuses a call that knows one mask for all images. */
  void requireOneMask(String entry) {
    if (masks > 0) {
      throw new IllegalStateException(
          entry + ": masks is set, which only forward obeys; call mask(...) with one plane");
    }
  }
}
