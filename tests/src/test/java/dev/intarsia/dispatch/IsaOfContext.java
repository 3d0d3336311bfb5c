// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.dispatch;

import dev.intarsia.Context;
import dev.intarsia.Isa;

/** Prints the instruction set of a context, of the one named or of the default one. */
final class IsaOfContext {
  private IsaOfContext() {}

  /** Prints one word, or lets the exception end the process. */
  public static void main(String[] args) {
    Isa isa = args.length == 0 ? Isa.AUTO : Isa.valueOf(args[0]);
    try (Context context = Context.cpu(isa, 1)) {
      System.out.print(context.isa());
    }
  }
}
