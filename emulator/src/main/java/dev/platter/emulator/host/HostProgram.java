package dev.platter.emulator.host;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Runs a program of the host to its end, in the C locale, without a shell. */
public final class HostProgram {
  // Ordinary users' PATH often lacks the last three.
  private static final String SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/sbin";
  private static final int NOT_FOUND = 127;
  private static final long LIMIT_SECONDS = 60;

  /**
   * The result of a program.
   *
   * @param status its exit status; 127 if there is no such program
   * @param output its output, errors included
   */
  public record Outcome(int status, String output) {
    /** Whether it succeeded. */
    public boolean ok() {
      return status == 0;
    }

    /** The last line of its output for use in a message, without a final full stop. */
    public String complaint() {
      return output
          .lines()
          .map(String::strip)
          .filter(line -> !line.isEmpty())
          .map(line -> line.endsWith(".") ? line.substring(0, line.length() - 1) : line)
          .reduce((first, second) -> second)
          .orElse("exit status " + status);
    }
  }

  private HostProgram() {}

  /** Where a program is, or null. */
  public static @Nullable Path find(String program) {
    @Nullable String path = System.getenv("PATH");
    String all = (path == null ? "" : path + File.pathSeparator) + SYSTEM_PATH;
    for (String directory : all.split(File.pathSeparator, -1)) {
      Path candidate = Path.of(directory.isEmpty() ? "." : directory).resolve(program);
      if (Files.isRegularFile(candidate) && Files.isExecutable(candidate)) {
        return candidate;
      }
    }
    return null;
  }

  /**
   * Runs a program, which sees the mounts of the calling thread.
   *
   * @throws PlatterException of kind FAILED if the program does not end in a minute
   */
  public static Outcome run(List<String> command) {
    String name = command.getFirst();
    Path program = find(name);
    if (program == null) {
      return new Outcome(NOT_FOUND, "there is no program " + name);
    }
    List<String> words = new ArrayList<>(command);
    words.set(0, program.toString());
    ProcessBuilder builder =
        new ProcessBuilder(words).redirectErrorStream(true).redirectInput(new File("/dev/null"));
    builder.environment().put("LC_ALL", "C");
    try {
      Process process = builder.start();
      try {
        // The output of these programs fits into a pipe, so that they end without a reader.
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
          throw PlatterException.failed(
              name + " did not end in " + LIMIT_SECONDS + " s: " + String.join(" ", command), null);
        }
        byte[] output = process.getInputStream().readAllBytes();
        return new Outcome(process.exitValue(), new String(output, UTF_8));
      } finally {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      return new Outcome(NOT_FOUND, IoReason.of(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw PlatterException.failed("interrupted while " + name + " ran", null);
    }
  }

  /** {@link #run(List)}. */
  public static Outcome run(String... command) {
    return run(List.of(command));
  }
}
