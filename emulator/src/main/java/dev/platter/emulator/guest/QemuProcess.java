package dev.platter.emulator.guest;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import dev.platter.aio.loop.Threads;
import dev.platter.emulator.host.ThreadTimes;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A running QEMU with its console. It never outlives this process: {@link #close} ends it, or a
 * hook when the JVM goes down; a new enough QEMU also ends by itself when its parent is gone.
 *
 * <p>A thread of its own starts the QEMU and reads its console until the end. For the kernel, the
 * parent of a process is the thread that started it, so this thread must live as long as the QEMU.
 */
public final class QemuProcess implements AutoCloseable {
  private static final long POLITE_SECONDS = 3;
  private static final int BUFFER_BYTES = 1 << 14;

  private final ProcessBuilder builder;
  private final Path errors;
  private final @Nullable OutputStream copy;
  private final ConsoleTail console;
  private final Thread thread;
  private final Thread hook;
  private final CountDownLatch started = new CountDownLatch(1);
  private volatile long lastHeardNanos = System.nanoTime();
  private volatile @Nullable Process process;
  private volatile @Nullable IOException failure;
  private volatile @Nullable IOException copyFailure;
  private boolean closed;

  private QemuProcess(
      ProcessBuilder builder, Path errors, @Nullable OutputStream copy, Consumer<String> listener) {
    this.builder = builder;
    this.errors = errors;
    this.copy = copy;
    console = new ConsoleTail(listener);
    thread = Thread.ofPlatform().name("qemu-console").unstarted(this::readConsole);
    hook = Thread.ofPlatform().name("qemu-end").unstarted(this::end);
  }

  /**
   * Starts a QEMU.
   *
   * @param command the whole command line
   * @param environment variables besides this process's own
   * @param directory the directory of QEMU's own messages while it runs
   * @param interactive whether its console reads this process's standard input
   * @param copy gets a copy of the console's output, or null; not closed
   * @param listener gets each line of the console, on the console's thread
   * @throws PlatterException of kind HOST_LACKS if QEMU cannot be started
   */
  public static QemuProcess start(
      List<String> command,
      Map<String, String> environment,
      Path directory,
      boolean interactive,
      @Nullable OutputStream copy,
      Consumer<String> listener) {
    Path errors;
    try {
      errors = Files.createTempFile(directory, "qemu-", ".err");
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.FAILED,
          "cannot make a file in " + directory + ": " + IoReason.of(e),
          null,
          e);
    }
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    builder.redirectError(errors.toFile());
    builder.redirectInput(interactive ? Redirect.INHERIT : Redirect.PIPE);
    QemuProcess qemu = new QemuProcess(builder, errors, copy, listener);
    qemu.begin();
    return qemu;
  }

  private void begin() {
    try {
      Runtime.getRuntime().addShutdownHook(hook);
    } catch (IllegalStateException e) {
      throw PlatterException.failed("interrupted before QEMU was started", null);
    }
    thread.start();
    Threads.awaitUninterruptibly(started);
    IOException reason = failure;
    if (process == null && reason != null) {
      close();
      throw new PlatterException(
          PlatterException.Kind.HOST_LACKS,
          "cannot start " + builder.command().getFirst() + ": " + IoReason.of(reason),
          "Name another QEMU with --qemu or --qemu-root",
          reason);
    }
  }

  private void readConsole() {
    Process started;
    try {
      started = builder.start();
      process = started;
    } catch (IOException e) {
      failure = e;
      return;
    } finally {
      this.started.countDown();
    }
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = started.getInputStream()) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        lastHeardNanos = System.nanoTime();
        copy(buffer, count);
        console.add(buffer, count);
      }
    } catch (IOException e) {
      failure = e;
      started.destroy();
    }
    console.end();
    waitFor(started);
  }

  /** Copies output until a write fails; the guest goes on when the file is full. */
  private void copy(byte[] buffer, int count) {
    if (copy == null || copyFailure != null) {
      return;
    }
    try {
      copy.write(buffer, 0, count);
      copy.flush();
    } catch (IOException e) {
      copyFailure = e;
    }
  }

  /** Why the copy is incomplete; null if it is complete. */
  public @Nullable IOException copyFailure() {
    return copyFailure;
  }

  private static void waitFor(Process process) {
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Waits for QEMU's end.
   *
   * @return whether QEMU has ended and its whole output was read
   */
  public boolean awaitEnd(Duration longest) throws InterruptedException {
    return thread.join(longest);
  }

  /** Its exit status; null while it runs. */
  public @Nullable Integer exitStatus() {
    Process running = process;
    return running == null || running.isAlive() ? null : Integer.valueOf(running.exitValue());
  }

  /** How long the console has been silent. */
  public Duration silence() {
    return Duration.ofNanos(System.nanoTime() - lastHeardNanos);
  }

  /** CPU time that QEMU has used so far; zero if unknown. */
  public Duration cpuTime() {
    Process running = process;
    return running == null
        ? Duration.ZERO
        : running.info().totalCpuDuration().orElse(Duration.ZERO);
  }

  /** The directory of its threads. */
  public File threads() {
    Process running = process;
    return ThreadTimes.ofProcess(running == null ? 0 : running.pid());
  }

  /** Types text on the console, unless the console is the user's. */
  public void type(String text) throws IOException {
    Process running = process;
    if (running != null) {
      running.getOutputStream().write(text.getBytes(UTF_8));
      running.getOutputStream().flush();
    }
  }

  /** The last lines of its console, oldest first. */
  public String consoleTail() {
    return console.last();
  }

  /** QEMU's own messages on its standard error. */
  public String complaints() {
    try {
      return Files.readString(errors).strip();
    } catch (IOException e) {
      return "";
    }
  }

  private void end() {
    Process running = process;
    if (running == null) {
      return;
    }
    // QEMU is asked to end first, so that it restores the terminal and disconnects from the servers
    // of its disks.
    running.destroy();
    try {
      if (!running.waitFor(POLITE_SECONDS, TimeUnit.SECONDS)) {
        running.destroyForcibly();
        // The wait has a limit, because the kernel keeps the process while one of its threads waits
        // for a disk.
        boolean _ = running.waitFor(POLITE_SECONDS, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      running.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /** Ends QEMU if it still runs. Idempotent. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    end();
    Process running = process;
    if (running == null || !running.isAlive()) {
      Threads.joinUninterruptibly(thread);
    }
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      return; // the JVM goes down; its hook finds nothing to do
    }
  }
}
