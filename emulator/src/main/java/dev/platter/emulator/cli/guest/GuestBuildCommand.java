package dev.platter.emulator.cli.guest;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import dev.platter.emulator.cli.shared.PlatterCommand;
import dev.platter.guestimages.Guest;
import dev.platter.guestimages.GuestOptions;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code platter guest build}. */
@Command(
    name = "build",
    description = {
      "Builds the test guest: a kernel, and an initramfs with busybox, disk drivers and iotest.",
      "Packages are downloaded once; the same inputs make the same bytes. Needs apt and gcc, not"
          + " root.",
    },
    footer = {
      "  platter guest build",
      "  platter guest build --output guest",
      "  platter guest build --kernel /boot/vmlinuz-6.12 --modules /lib/modules/6.12",
    })
final class GuestBuildCommand extends PlatterCommand {
  @Mixin private GuestSource source = new GuestSource();

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description = "Copy the guest there (default: it stays in the cache).")
  private @Nullable Path output;

  @Option(names = "--refresh", description = "Ask apt for newer packages than those in the cache.")
  private boolean refresh;

  @Override
  public void run() {
    source.check();
    GuestOptions options = source.options(err()).withRefresh(refresh);
    Guest guest = source.build(options);
    Path kernel = guest.kernel();
    Path initramfs = guest.initramfs();
    if (output != null) {
      kernel = copy(kernel, output);
      initramfs = copy(initramfs, output);
    }
    out().println("kernel     " + kernel);
    out().println("initramfs  " + initramfs);
    out().println("release    " + guest.kernelRelease());
  }

  private static Path copy(Path file, Path directory) {
    try {
      Files.createDirectories(directory);
      return Files.copy(
          file,
          directory.resolve(String.valueOf(file.getFileName())),
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      boolean unusable = e instanceof AccessDeniedException || !Files.isDirectory(directory);
      throw new PlatterException(
          unusable ? PlatterException.Kind.BAD_INPUT : PlatterException.Kind.FAILED,
          "cannot copy the guest to " + directory + ": " + IoReason.of(e),
          unusable ? "Name a directory that you may write to" : "Free some space there",
          e);
    }
  }
}
