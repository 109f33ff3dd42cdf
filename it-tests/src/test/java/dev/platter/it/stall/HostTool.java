package dev.platter.it.stall;

import dev.platter.aio.PlatterException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs programs of the host. */
final class HostTool {
  private static final int POLL_MILLIS = 20;

  private HostTool() {}

  /**
   * Runs one to its end.
   *
   * @throws PlatterException of kind HOST_LACKS if it is missing, FAILED if it fails
   */
  static void run(String... command) {
    Path said = null;
    try {
      said = Files.createTempFile("platter-stall-", ".txt");
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectInput(new File("/dev/null"))
              .redirectOutput(said.toFile())
              .start();
      int status = process.waitFor();
      if (status != 0) {
        throw PlatterException.failed(
            String.join(" ", command) + " says " + Files.readString(said).strip(), null);
      }
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.HOST_LACKS, command[0] + " cannot be run", null, e);
    } catch (InterruptedException e) {
      throw interrupted();
    } finally {
      if (said != null) {
        boolean _ = said.toFile().delete();
      }
    }
  }

  /**
   * Starts one that stays.
   *
   * @param log gets what it says
   * @param environment of QEMU's programs; may be empty
   */
  static Process start(List<String> command, Map<String, String> environment, Path log) {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    try {
      return builder.start();
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.HOST_LACKS, command.getFirst() + " cannot be run", null, e);
    }
  }

  /** Waits until a process has made a file, or fails with what it said. */
  static void awaitFile(Path file, Process process, Path log) {
    while (!Files.exists(file)) {
      if (ended(process, POLL_MILLIS)) {
        throw PlatterException.failed("a helper ended: " + text(log), null);
      }
    }
  }

  /** Whether a process ends within a time. */
  static boolean ended(Process process, long millis) {
    try {
      return process.waitFor(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  /** What is in a file; what cannot be read is empty. */
  static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }

  static PlatterException failed(String message, Throwable cause) {
    return new PlatterException(PlatterException.Kind.FAILED, message, null, cause);
  }

  static PlatterException interrupted() {
    Thread.currentThread().interrupt();
    return PlatterException.failed("interrupted", null);
  }
}
