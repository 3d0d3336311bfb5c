// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import dev.intarsia.internal.Natives;
import java.util.ArrayList;
import java.util.List;

/** Which backends can run here and, when one cannot, why. Never throws a linkage error. */
public final class Backends {
  private Backends() {}

  /**
   * What is known of a backend.
   *
   * @param name {@code cpu}, {@code cuda} or {@code reference}
   * @param available whether a context can be opened on it
   * @param reason why not, in one sentence; empty when it is available
   * @param detail what was found: instruction sets, architectures; empty when it is not available
   */
  public record Status(String name, boolean available, String reason, String detail) {
    @Override
    public String toString() {
      return available ? name + ": available (" + detail + ")" : name + ": unavailable: " + reason;
    }
  }

  /** Returns all backends: cpu, cuda, reference. */
  public static List<Status> all() {
    return List.of(cpu(), cuda(), reference());
  }

  /** Returns the state of the CPU kernels. */
  public static Status cpu() {
    String problem = Natives.cpuProblem();
    return problem != null
        ? new Status("cpu", false, problem, "")
        : new Status("cpu", true, "", instructionSets() + ", build " + Natives.buildId());
  }

  /** Returns the state of the CUDA kernels. */
  public static Status cuda() {
    String problem = Natives.cudaProblem();
    return problem != null
        ? new Status("cuda", false, problem, "")
        : new Status("cuda", true, "", "compiled for " + Natives.cudaArchitectures());
  }

  /** Returns the state of the reference, which is plain Java and always there. */
  public static Status reference() {
    return new Status("reference", true, "", "plain Java, slow, the definition of every operation");
  }

  private static String instructionSets() {
    List<String> words = new ArrayList<>();
    for (Isa isa : List.of(Isa.SCALAR, Isa.AVX2, Isa.AVX512)) {
      if (isa.available()) {
        words.add(isa.word());
      }
    }
    return String.join(" ", words);
  }
}
