package dev.platter.emulator.host;

import dev.platter.aio.file.IoReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A pressure file that may not be there: PSI is a build option and a boot option of the kernel, and
 * each cgroup may have it switched off.
 */
public final class PressureFile {
  private final @Nullable Path path;
  private final @Nullable String unavailable;

  private PressureFile(@Nullable Path path, @Nullable String unavailable) {
    this.path = path;
    this.unavailable = unavailable;
  }

  /** The file of the host's I/O. */
  public static PressureFile ofHost() {
    return at(Path.of("/proc/pressure/io"));
  }

  /** The file of the own cgroup's I/O. */
  public static PressureFile ofOwnCgroup() {
    Path directory = OwnCgroup.find();
    return directory == null
        ? new PressureFile(null, "this process is in no cgroup of a visible version 2 hierarchy")
        : at(directory.resolve("io.pressure"));
  }

  /** A given file; tries at once to read it. */
  public static PressureFile at(Path path) {
    try {
      return Pressure.parse(Files.readAllLines(path)) == null
          ? new PressureFile(path, path + " is not in the form that is known of pressure files")
          : new PressureFile(path, null);
    } catch (NoSuchFileException e) {
      return new PressureFile(
          path,
          path + " does not exist: the kernel has no PSI (CONFIG_PSI), or it is switched off");
    } catch (IOException e) {
      // The error is EOPNOTSUPP if PSI is switched off at boot.
      return new PressureFile(path, path + " cannot be read: " + IoReason.of(e));
    }
  }

  /** The file's path; null if there can be no such file. */
  public @Nullable Path path() {
    return path;
  }

  /** Why it cannot be read, or null if it can. */
  public @Nullable String unavailable() {
    return unavailable;
  }

  /** Its totals now; null if it cannot be read. */
  public @Nullable Pressure read() {
    if (path == null || unavailable != null) {
      return null;
    }
    try {
      return Pressure.parse(Files.readAllLines(path));
    } catch (IOException e) {
      return null;
    }
  }
}
