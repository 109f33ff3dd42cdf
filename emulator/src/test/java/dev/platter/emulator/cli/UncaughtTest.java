package dev.platter.emulator.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.ChildJvm;
import java.io.PrintWriter;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class UncaughtTest {
  /** A run whose loop dies while the main thread waits for it for ever. */
  static final class Doomed {
    private Doomed() {}

    public static void main(String[] args) {
      Failures.exitOnUncaught(new PrintWriter(System.err, true, UTF_8));
      Thread.ofPlatform()
          .name("iothread-0")
          .start(() -> {
            throw new IllegalStateException("ring corrupted");
          });
      while (true) {
        LockSupport.park();
      }
    }
  }

  @Test
  void aThreadThatDiesEndsTheProcess() throws Exception {
    Process process = ChildJvm.builder(Doomed.class).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).isEqualTo(1);
    assertThat(output)
        .startsWith("platter: thread 'iothread-0' died, giving up\n")
        .contains("platter: internal error: java.lang.IllegalStateException: ring corrupted\n")
        .contains("\tat dev.platter.emulator.cli.UncaughtTest");
  }
}
