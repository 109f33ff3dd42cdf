package dev.platter.emulator.cli.guest;

import dev.platter.emulator.cli.shared.MissingCommand;
import dev.platter.emulator.cli.shared.PlatterCommand;
import picocli.CommandLine.Command;

/** {@code platter guest}: groups what is done with real virtual machines. */
@Command(
    name = "guest",
    description = "Runs an unmodified Linux in QEMU on Platter's disks.",
    footer = {
      "  platter guest run",
      "  platter guest build",
      "  platter guest boot-disk boot.img",
    },
    subcommands = {GuestRunCommand.class, GuestBuildCommand.class, GuestBootDiskCommand.class})
public final class GuestCommand extends PlatterCommand {
  /** Without a command there is nothing to do. */
  @Override
  public void run() {
    throw new MissingCommand(spec().commandLine());
  }
}
