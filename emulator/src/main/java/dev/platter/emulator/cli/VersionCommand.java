package dev.platter.emulator.cli;

import dev.platter.emulator.cli.shared.PlatterCommand;
import picocli.CommandLine.Command;

/** {@code platter version}. */
@Command(
    name = "version",
    description = "Tells the version of Platter, of the JVM and of the kernel, as --version does.",
    footer = "  platter version")
final class VersionCommand extends PlatterCommand {
  @Override
  public void run() {
    spec().commandLine().printVersionHelp(out());
    out().flush();
  }
}
