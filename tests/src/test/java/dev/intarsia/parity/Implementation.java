// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.Backends;
import dev.intarsia.Context;
import dev.intarsia.Isa;

/**
 * One way to compute every op.
 *
 * @param isa instruction set, null where it is not a CPU one
 * @param threads CPU threads
 */
public record Implementation(Kind kind, Isa isa, int threads) {

  /** Where it runs. */
  public enum Kind {
    /** The definitions, in Java. */
    REFERENCE,
    /** A table of CPU kernels. */
    CPU,
    /** The CUDA plug-in. */
    CUDA
  }

  /** Returns why this machine cannot run it, or null if it can. */
  String absence() {
    Backends.Status status =
        switch (kind) {
          case REFERENCE -> Backends.reference();
          case CPU -> Backends.cpu();
          case CUDA -> Backends.cuda();
        };
    if (!status.available()) {
      return status.reason();
    }
    boolean runs = isa == null || isa == Isa.AUTO || isa.available();
    return runs ? null : "this machine has no " + isa.word();
  }

  /** Opens a context; the caller closes it. */
  public Context open() {
    return switch (kind) {
      case REFERENCE -> Context.reference();
      case CPU -> Context.cpu(isa, threads);
      case CUDA -> Context.cuda(0);
    };
  }

  @Override
  public String toString() {
    return switch (kind) {
      case REFERENCE -> "reference";
      case CPU -> isa.word() + " x" + threads;
      case CUDA -> "cuda";
    };
  }
}
