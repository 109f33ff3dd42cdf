package dev.platter.emulator.cli.shared;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.IoThread;
import dev.platter.aio.loop.MainLoop;
import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.ChildProcess;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** What becomes of a process of which a thread dies. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class UncaughtTest {
  /** A run whose loop dies while other threads wait for it, and for its lock, for ever. */
  static final class Doomed {
    private static final int PIPE_BYTES = 1 << 16;
    private static @Nullable Object @Nullable [] heap;

    private Doomed() {}

    public static void main(String[] args) throws IOException {
      FailureHandler.exitOnUncaught(new PrintWriter(System.err, true, UTF_8));
      List<String> words = List.of(args);
      if (words.contains("serving")) {
        FailureHandler.serving();
      }
      if (words.contains("full-pipe")) {
        try (FileOutputStream err = new FileOutputStream(FileDescriptor.err)) {
          err.write(new byte[PIPE_BYTES]); // and descriptor 2 stays open
        }
      }
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(() -> {
                System.out.println("hook");
              }));
      MainLoop mainLoop = new MainLoop(AioConfig.mainLoop());
      IoThread ioThread = new IoThread("iothread-0", AioConfig.ioThread());
      Runnable end =
          words.contains("memory")
              ? Doomed::fillMemory
              : words.contains("input") ? Doomed::refuse : Doomed::fail;
      (words.contains("main") ? mainLoop.context() : ioThread.context())
          .newBottomHalf(end)
          .schedule();
      while (true) {
        LockSupport.park();
      }
    }

    private static void fail() {
      throw new IllegalStateException("ring corrupted");
    }

    private static void refuse() {
      throw PlatterException.badInput("an image that is none", null);
    }

    /** Not a byte is free when it is thrown, and none becomes free. */
    private static void fillMemory() {
      for (int size = 1 << 20; size > 1; size /= 16) {
        try {
          fill(size);
        } catch (OutOfMemoryError e) {
          // smaller ones
        }
      }
      fill(1);
    }

    private static void fill(int size) {
      while (true) {
        @Nullable Object[] more = new @Nullable Object[size];
        more[0] = heap;
        heap = more;
      }
    }
  }

  private static String outputOf(Process process) throws IOException {
    return new String(process.getInputStream().readAllBytes(), UTF_8);
  }

  private static Process start(List<String> jvmOptions, String... words) throws IOException {
    return ChildProcess.start(
        ChildProcess.builder(ChildJvm.command(Doomed.class, jvmOptions, List.of(words))));
  }

  @Test
  void aThreadThatDiesEndsTheProcess() throws Exception {
    Process process = start(List.of());
    String output = outputOf(process);
    assertThat(process.waitFor()).isEqualTo(1);
    assertThat(output)
        .startsWith("platter: thread 'iothread-0' died, giving up\n")
        .contains("platter: internal error: java.lang.IllegalStateException: ring corrupted\n")
        .contains("\tat dev.platter.emulator.cli.shared.UncaughtTest")
        .endsWith("hook\n");
  }

  @Test
  void ofAServerAtOnce() throws Exception {
    Process process = start(List.of(), "serving", "main");
    String output = outputOf(process);
    assertThat(process.waitFor()).isEqualTo(1);
    assertThat(output)
        .startsWith("platter: thread 'main-loop' died, giving up\n")
        .contains("ring corrupted\n")
        .doesNotContain("hook\n");
  }

  /** A service manager would not start it again after the exit code of a bad configuration. */
  @Test
  void ofAServerWithExitCodeOneWhateverItDiedOf() throws Exception {
    Process process = start(List.of(), "serving", "main", "input");
    String output = outputOf(process);
    assertThat(process.waitFor()).isEqualTo(1);
    assertThat(output)
        .isEqualTo(
            """
            platter: thread 'main-loop' died, giving up
            platter: an image that is none
            """);
  }

  @Test
  void withoutMemoryItLeavesOneLine() throws Exception {
    for (String loop : List.of("main", "io")) {
      Process process = start(List.of("-Xmx16m", "-XX:+UseSerialGC"), "memory", loop);
      String output = outputOf(process);
      assertThat(process.waitFor()).isEqualTo(1);
      String name = loop.equals("main") ? "main-loop" : "iothread-0";
      assertThat(output)
          .isEqualTo(
              "platter: thread '" + name + "' died of java.lang.OutOfMemoryError, giving up\n");
    }
  }

  /** Whoever reads the log has stopped reading. */
  @Test
  void aFullPipeDoesNotKeepIt() throws Exception {
    for (String cause : List.of("memory", "bug")) {
      Process process =
          start(List.of("-Xmx16m", "-XX:+UseSerialGC"), "full-pipe", "serving", cause);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(cause).isTrue();
      assertThat(process.exitValue()).isEqualTo(1);
      process.destroyForcibly();
    }
  }
}
