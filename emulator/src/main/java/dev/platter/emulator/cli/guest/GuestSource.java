package dev.platter.emulator.cli.guest;

import dev.platter.aio.PlatterException;
import dev.platter.guestimages.Guest;
import dev.platter.guestimages.GuestBuilder;
import dev.platter.guestimages.GuestImageException;
import dev.platter.guestimages.GuestOptions;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What the test guest is made of; shared by the commands that need one. */
final class GuestSource {
  @Option(
      names = "--kernel",
      paramLabel = "FILE",
      description = "A kernel image to boot (default: Debian's, downloaded once through apt).")
  private @Nullable Path kernel;

  @Option(
      names = "--modules",
      paramLabel = "DIR",
      description = "Its modules, a directory such as /lib/modules/VERSION.")
  private @Nullable Path modules;

  /** Refuses half a kernel. */
  void check() {
    if ((kernel == null) != (modules == null)) {
      throw PlatterException.badInput(
          "--kernel and --modules belong together",
          "--kernel /boot/vmlinuz-VERSION --modules /lib/modules/VERSION");
    }
  }

  /**
   * How to build it.
   *
   * @param err told of each step that takes long
   */
  GuestOptions options(PrintWriter err) {
    GuestOptions options =
        GuestOptions.defaults()
            .withProgress(line -> {
              err.println("platter: " + line);
              err.flush();
            });
    return kernel == null || modules == null ? options : options.withKernel(kernel, modules);
  }

  /** The guest, built now if it was not before. */
  Guest build(GuestOptions options) {
    return translated(() -> new GuestBuilder(options).build());
  }

  /** The guest module's failures as Platter's. */
  static <T> T translated(Supplier<T> work) {
    try {
      return work.get();
    } catch (GuestImageException e) {
      PlatterException.Kind kind =
          switch (e.kind()) {
            case FAILED -> PlatterException.Kind.FAILED;
            case BAD_INPUT -> PlatterException.Kind.BAD_INPUT;
            case HOST_LACKS -> PlatterException.Kind.HOST_LACKS;
          };
      throw new PlatterException(kind, String.valueOf(e.getMessage()), e.remedy(), e);
    }
  }
}
