// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code intarsia doctor}. */
@Command(
    name = "doctor",
    description = "Say what was found on this machine, what will be skipped, and why.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class DoctorCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    new Doctor(spec.commandLine().getOut()).examine();
  }
}
