// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import dev.intarsia.internal.Natives;
import java.util.Locale;

/** An instruction set that the CPU kernels are compiled for. */
public enum Isa {
  /** {@code INTARSIA_ISA} if set, else the best the machine has. */
  AUTO,
  /** Portable code. */
  SCALAR,
  /** AVX2 and FMA. */
  AVX2,
  /** AVX-512 F, BW, DQ and VL. */
  AVX512;

  /** Returns whether this machine can run it; false without natives for this platform. */
  public boolean available() {
    return this == AUTO ? Backends.cpu().available() : Natives.isaAvailable(this);
  }

  /** Returns the word for it, as in {@code INTARSIA_ISA}: {@code scalar}, {@code avx2}, ... */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
