package dev.platter.emulator.lab.punting;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.emulator.host.HostProgram;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A thread with a mount namespace of its own. Mounts of this thread and of its programs are visible
 * only to them and to threads that it starts, and end with the process, even by SIGKILL.
 * Descriptors that are opened there work everywhere. Mounts and unmounts of the host take effect
 * here, too.
 */
final class PrivateMounts {
  private PrivateMounts() {}

  /**
   * Runs {@code body} on such a thread and waits for it.
   *
   * @param body gets null, or the reason why there can be no private mounts; it then runs with the
   *     host's mounts
   */
  static <T> T run(String thread, Function<@Nullable String, T> body) {
    CompletableFuture<T> outcome = new CompletableFuture<>();
    Thread.ofPlatform()
        .name(thread)
        .daemon()
        .start(() -> {
          try {
            outcome.complete(body.apply(unshare()));
          } catch (RuntimeException | Error e) {
            outcome.completeExceptionally(e);
          }
        });
    try {
      return outcome.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw e;
    }
  }

  private static @Nullable String unshare() {
    int result = Libc.unshare(LinuxAbi.CLONE_NEWNS);
    if (result == -Errno.EPERM) {
      return "mounting needs CAP_SYS_ADMIN: run it as root";
    }
    if (result < 0) {
      return "no mount namespace could be made: " + Errno.name(result);
    }
    // Without this, mounts would also appear on a host with shared mounts, as under systemd.
    HostProgram.Outcome slave = HostProgram.run("mount", "--make-rslave", "/");
    return slave.ok() ? null : "the mount namespace could not be detached: " + slave.complaint();
  }
}
