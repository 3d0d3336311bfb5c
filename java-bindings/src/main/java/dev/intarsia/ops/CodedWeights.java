// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import dev.intarsia.Codes;
import dev.intarsia.Mask;
import dev.intarsia.PanelOrder;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.ffi.ita_codebook_weights;
import java.util.function.Supplier;

/** The fields of weights as codes, which every op over them has. */
final class CodedWeights {
  /** Most codebooks of a layer. */
  static final int MAX_SOURCES = 255;

  private final Operation op;
  private final Supplier<ita_codebook_weights> struct;
  private final PlaneShape plane;
  private final int bits;
  private final int sources;

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
  }
}
