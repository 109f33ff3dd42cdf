package dev.platter.emulator.server.confine;

import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ImageConfig;
import dev.platter.emulator.server.config.ServeConfig;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * All that a confined server may open.
 *
 * @param mode how much confinement
 * @param config its exports: images, and sockets that it makes or inherits
 * @param allowed files and directories that images added later may be opened in, for reading and
 *     writing
 * @param readable files that are read again once it is confined, such as a configuration file
 * @param socketDirectories where sockets are made that no export has, such as the control socket
 * @param written files that are written at the end; their directories become writable
 * @param metrics the TCP address to listen on, its port 0 for any; null for no network
 * @param mayResize whether images may be given another size while they are served
 */
public record ConfinementPlan(
    Mode mode,
    ServeConfig config,
    List<Path> allowed,
    List<Path> readable,
    List<Path> socketDirectories,
    List<Path> written,
    @Nullable InetSocketAddress metrics,
    boolean mayResize) {
  /** How much confinement. */
  public enum Mode {
    /** As far as the kernel can; the rest is logged. */
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
        mode, config, List.of(), List.of(), List.of(), List.of(), null, false);
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
        metrics,
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
        metrics,
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
        metrics,
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
        metrics,
        mayResize);
  }

  /** The same, with a TCP address to listen on. */
  public ConfinementPlan listeningOn(InetSocketAddress address) {
    return new ConfinementPlan(
        mode, config, allowed, readable, socketDirectories, written, address, mayResize);
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

  /** The TCP port to listen on; empty for no network. */
  OptionalInt metricsPort() {
    return metrics == null ? OptionalInt.empty() : OptionalInt.of(metrics.getPort());
  }

  /**
   * Whether the JVM must do without IPv6: else it listens for both where it is told all addresses
   * of IPv4.
   */
  boolean ipv4Alone() {
    return metrics != null
        && metrics.getAddress() instanceof Inet4Address address
        && address.isAnyLocalAddress();
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
