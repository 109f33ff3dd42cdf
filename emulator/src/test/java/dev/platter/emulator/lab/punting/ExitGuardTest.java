package dev.platter.emulator.lab.punting;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class ExitGuardTest {
  @Test
  void undoesOnce() {
    AtomicInteger undone = new AtomicInteger();
    ExitGuard guard = new ExitGuard(undone::incrementAndGet, 1);
    guard.close();
    guard.jvmEnds();
    guard.close();
    assertThat(undone).hasValue(1);
  }

  @Test
  void theHookUndoesItAmongTheMountsOfItsOwner() throws IOException {
    HostPowers.assumeMayMount();
    AtomicReference<Path> seen = new AtomicReference<>(Path.of("nowhere"));
    AtomicReference<Path> owners = new AtomicReference<>();
    ExitGuard guard =
        PrivateMounts.run(
            "owner",
            refused -> {
              owners.set(namespace());
              return new ExitGuard(() -> seen.set(namespace()), 1);
            });
    assertThat(namespace()).isNotEqualTo(owners.get());
    guard.jvmEnds();
    assertThat(seen.get()).isEqualTo(owners.get());
    guard.close();
  }

  @Test
  void theHookThrowsNothing() {
    AtomicInteger tried = new AtomicInteger();
    ExitGuard guard =
        new ExitGuard(
            () -> {
              tried.incrementAndGet();
              throw new IllegalStateException("expected by a test");
            },
            1);
    guard.jvmEnds();
    assertThat(tried).hasValue(1);
    guard.close();
  }

  private static Path namespace() {
    try {
      return Files.readSymbolicLink(Path.of("/proc/thread-self/ns/mnt"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
