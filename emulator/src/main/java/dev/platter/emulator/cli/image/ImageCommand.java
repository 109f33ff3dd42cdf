package dev.platter.emulator.cli.image;

import dev.platter.emulator.cli.shared.MissingCommand;
import dev.platter.emulator.cli.shared.PlatterCommand;
import picocli.CommandLine.Command;

/** {@code platter image}: groups the commands on images. */
@Command(
    name = "image",
    description = "Creates and inspects raw disk images.",
    footer = {
      "  platter image create disk.img --size 1G",
      "  platter image info disk.img",
    },
    subcommands = {ImageCreateCommand.class, ImageInfoCommand.class})
public final class ImageCommand extends PlatterCommand {
  @Override
  public void run() {
    throw new MissingCommand(spec().commandLine());
  }
}
