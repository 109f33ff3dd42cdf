package dev.platter.emulator.cli.guest;

import dev.platter.emulator.cli.shared.PlatterCommand;
import dev.platter.guestimages.BootDisk;
import dev.platter.guestimages.Guest;
import dev.platter.guestimages.GuestJob;
import dev.platter.guestimages.GuestOptions;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code platter guest boot-disk}. */
@Command(
    name = "boot-disk",
    description = {
      "Makes a disk image that SeaBIOS and UEFI firmware boot into the test guest.",
      "The guest tells of its disks on the serial console and turns itself off.",
    },
    footer = {
      "  platter guest boot-disk boot.img",
      "  platter serve --export virtio-blk,image=boot.img,socket=vda.sock",
    })
final class GuestBootDiskCommand extends PlatterCommand {
  @Parameters(paramLabel = "PATH", description = "The file to create.")
  private Path path;

  @Mixin private GuestSource source = new GuestSource();

  @Override
  public void run() {
    source.check();
    GuestOptions options = source.options(err());
    Guest guest = source.build(options);
    String commandLine = GuestJob.commandLine(List.of(GuestJob.disks(), GuestJob.dmesg()));
    Path _ =
        GuestSource.translated(() -> {
          BootDisk.create(options, guest, commandLine, path);
          return path;
        });
    out().println("created " + path + ", which boots Linux " + guest.kernelRelease());
  }
}
