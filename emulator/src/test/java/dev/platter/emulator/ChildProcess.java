package dev.platter.emulator;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullMarked;

/**
 * A test's child process. It begins with all signals at their defaults: nohup and a script's
 * background leave SIGHUP and SIGINT ignored for all that is started in them. It is killed when it
 * has lived for longer than any test may wait: then whoever waits for it, or reads what it writes,
 * goes on and fails.
 */
@NullMarked
public final class ChildProcess {
  /** What begins a command whose signals are at their defaults. */
  public static final List<String> DEFAULT_SIGNALS = List.of("env", "--default-signal");

  private static final Executor END = CompletableFuture.delayedExecutor(240, TimeUnit.SECONDS);

  private ChildProcess() {}

  /** Prepares to run a command, its error output with its output. */
  public static ProcessBuilder builder(List<String> command) {
    List<String> words = new ArrayList<>(DEFAULT_SIGNALS);
    words.addAll(command);
    return new ProcessBuilder(words).redirectErrorStream(true);
  }

  /** Starts a child, and sees to it that it ends. */
  public static Process start(ProcessBuilder builder) throws IOException {
    Process process = builder.start();
    END.execute(() -> kill(process));
    return process;
  }

  /** Kills a child and all that it has started. */
  public static void kill(Process process) {
    List<ProcessHandle> all = process.descendants().toList();
    process.destroyForcibly();
    all.forEach(ProcessHandle::destroyForcibly);
  }

  /**
   * Runs a child to its end.
   *
   * @return what it has written
   */
  public static Ended run(ProcessBuilder builder) throws IOException, InterruptedException {
    Process process = start(builder);
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Ended(process.waitFor(), output);
  }

  /**
   * A child that has ended.
   *
   * @param exitCode what it has exited with
   * @param output what it has written
   */
  public record Ended(int exitCode, String output) {}
}
