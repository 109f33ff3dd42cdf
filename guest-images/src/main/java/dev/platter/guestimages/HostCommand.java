package dev.platter.guestimages;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Runs a program of the host, in the C locale, without a shell. */
final class HostCommand {
  private static final long LIMIT_MINUTES = 15;

  /**
   * The result of a program.
   *
   * @param status its exit status
   * @param output its standard output
   * @param errors its standard error
   */
  record Result(int status, String output, String errors) {
    List<String> lines() {
      return output.lines().toList();
    }

    /** The last line of its errors, for an error message. */
    String complaint() {
      return errors
          .lines()
          .map(String::strip)
          .filter(line -> !line.isEmpty())
          .reduce((first, second) -> second)
          .orElse("exit status " + status);
    }
  }

  private HostCommand() {}

  /** The program in the PATH, or null. */
  static @Nullable Path find(String program) {
    @Nullable String path = System.getenv("PATH");
    for (String directory : (path == null ? "/usr/bin:/bin" : path).split(":", -1)) {
      Path candidate = Path.of(directory.isEmpty() ? "." : directory).resolve(program);
      if (Files.isRegularFile(candidate) && Files.isExecutable(candidate)) {
        return candidate;
      }
    }
    return null;
  }

  /** Runs a program to its end in a directory; null for the current one. */
  static Result run(@Nullable Path directory, List<String> command) {
    return run(directory, Map.of(), command);
  }

  static Result run(
      @Nullable Path directory, Map<String, String> environment, List<String> command) {
    String program = command.getFirst();
    try {
      Path output = Files.createTempFile("platter-out", null);
      Path errors = Files.createTempFile("platter-err", null);
      try {
        ProcessBuilder builder =
            new ProcessBuilder(command)
                .redirectOutput(output.toFile())
                .redirectError(errors.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        builder.environment().put("LC_ALL", "C");
        builder.environment().putAll(environment);
        if (directory != null) {
          builder.directory(directory.toFile());
        }
        int status = waitFor(builder.start(), program);
        return new Result(status, read(output), read(errors));
      } finally {
        Files.deleteIfExists(output);
        Files.deleteIfExists(errors);
      }
    } catch (IOException e) {
      throw GuestImageException.io("running " + program, e);
    }
  }

  private static String read(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }

  private static int waitFor(Process process, String program) {
    try {
      if (!process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES)) {
        throw GuestImageException.failed(
            program + " did not end in " + LIMIT_MINUTES + " minutes", null);
      }
      return process.exitValue();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw GuestImageException.failed("interrupted while " + program + " ran", null);
    } finally {
      process.destroyForcibly();
    }
  }
}
