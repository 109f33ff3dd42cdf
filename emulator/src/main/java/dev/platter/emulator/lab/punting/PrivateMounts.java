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
 * A thread with a mount namespace of its own: what it mounts, itself or through programs that it
 * runs, nobody else sees, and it ends with the process, even by SIGKILL. Threads that it starts see
 * the same; descriptors opened there work everywhere. What the host mounts or unmounts meanwhile
 * happens here too.
 */
final class PrivateMounts {
  private PrivateMounts() {}

  /**
   * Runs {@code body} on such a thread and waits for it.
   *
   * @param body given null, or why there can be no mounts: then it runs where the host's are
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
    // Else what is mounted here would show on a host whose mounts are shared, as systemd's are.
    HostProgram.Outcome slave = HostProgram.run("mount", "--make-rslave", "/");
    return slave.ok() ? null : "the mount namespace could not be detached: " + slave.complaint();
  }
}
