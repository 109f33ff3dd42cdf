package dev.platter.emulator.confine;

import dev.platter.emulator.serve.Endpoint;
import dev.platter.emulator.serve.ExportConfig;
import dev.platter.emulator.serve.ImageConfig;
import dev.platter.emulator.serve.ServeConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * What a server will need once it is confined; it gets nothing else.
 *
 * @param mode how much confinement
 * @param config what it serves: images, and sockets that it makes or inherits
 * @param allowed files and directories that images added later may be opened in, for reading and
 *     writing
 * @param readable files that are read again once it is confined, such as a configuration file
 * @param socketDirectories where sockets are made that no export has, such as the control socket
 * @param written files that are written at the end; their directories become writable
 * @param metricsPort the TCP port to listen on, 0 for any; empty for no network
 * @param mayResize whether images may be given another size while they are served
 */
public record ConfinementPlan(
    Mode mode,
    ServeConfig config,
    List<Path> allowed,
    List<Path> readable,
    List<Path> socketDirectories,
    List<Path> written,
    OptionalInt metricsPort,
    boolean mayResize) {
  /** How much confinement. */
  public enum Mode {
    /** As far as the kernel goes; what it lacks is told. */
    AUTO,
    /** All of it, or the server does not start. */
    ON,
    /** None. */
    OFF
  }

  /** Makes the lists immutable. */
  public ConfinementPlan {
    allowed = List.copyOf(allowed);
    readable = List.copyOf(readable);
    socketDirectories = List.copyOf(socketDirectories);
    written = List.copyOf(written);
  }

  /** What a server needs for its exports alone. */
  public static ConfinementPlan of(Mode mode, ServeConfig config) {
    return new ConfinementPlan(
        mode, config, List.of(), List.of(), List.of(), List.of(), OptionalInt.empty(), false);
  }

  /** The same, with files or directories for images that are added later. */
  public ConfinementPlan allowing(List<Path> more) {
    return new ConfinementPlan(
        mode,
        config,
        with(allowed, more),
        readable,
        socketDirectories,
        written,
        metricsPort,
        mayResize);
  }

  /** The same, with a file that is read once more. */
  public ConfinementPlan reading(Path file) {
    return new ConfinementPlan(
        mode,
        config,
        allowed,
        with(readable, List.of(file)),
        socketDirectories,
        written,
        metricsPort,
        mayResize);
  }

  /** The same, with a control socket, through which images may also be resized. */
  public ConfinementPlan controlledAt(Path socket) {
    return new ConfinementPlan(
        mode,
        config,
        allowed,
        readable,
        with(socketDirectories, List.of(directoryOf(socket))),
        written,
        metricsPort,
        true);
  }

  /** The same, with a file that is written at the end. */
  public ConfinementPlan writing(Path file) {
    return new ConfinementPlan(
        mode,
        config,
        allowed,
        readable,
        socketDirectories,
        with(written, List.of(file)),
        metricsPort,
        mayResize);
  }

  /** The same, with a TCP port to listen on. */
  public ConfinementPlan listeningOn(int port) {
    return new ConfinementPlan(
        mode,
        config,
        allowed,
        readable,
        socketDirectories,
        written,
        OptionalInt.of(port),
        mayResize);
  }

  private static List<Path> with(List<Path> some, List<Path> more) {
    List<Path> all = new ArrayList<>(some);
    all.addAll(more);
    return all;
  }

  /** The directory that a file lies in, or will. */
  static Path directoryOf(Path file) {
    Path directory = file.toAbsolutePath().getParent();
    return directory == null ? Path.of("/") : directory;
  }

  /** The images of all exports. */
  List<ImageConfig> images() {
    return config.exports().stream().flatMap(export -> export.images().stream()).toList();
  }

  /** Every directory that sockets are made in. */
  List<Path> allSocketDirectories() {
    List<Path> all = new ArrayList<>(socketDirectories);
    for (ExportConfig export : config.exports()) {
      if (export.endpoint() instanceof Endpoint.SocketPath(Path path)) {
        all.add(directoryOf(path));
      }
    }
    return all;
  }

  /** The descriptors that exports inherit by number; those from systemd come on top. */
  List<Integer> descriptors() {
    List<Integer> all = new ArrayList<>();
    for (ExportConfig export : config.exports()) {
      if (export.endpoint() instanceof Endpoint.Descriptor(int fd)) {
        all.add(fd);
      }
    }
    return all;
  }
}
