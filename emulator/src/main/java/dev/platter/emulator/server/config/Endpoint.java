package dev.platter.emulator.server.config;

import java.io.IOException;
import java.nio.file.Path;

/** The place that the clients of an export connect to. */
public sealed interface Endpoint {
  /**
   * The canonical path of a socket: links in its directory are followed. The next server finds the
   * same one.
   */
  static Path place(Path path) {
    Path absolute = path.toAbsolutePath().normalize();
    Path directory = absolute.getParent();
    try {
      return directory == null ? absolute : directory.toRealPath().resolve(absolute.getFileName());
    } catch (IOException e) {
      return absolute; // making a socket there fails later
    }
  }

  /**
   * A socket that the server makes, and removes at the end.
   *
   * @param path its path
   */
  record SocketPath(Path path) implements Endpoint {
    @Override
    public String toString() {
      return path.toString();
    }
  }

  /**
   * A listening socket that the parent process has passed.
   *
   * @param fd its descriptor, 3 or more
   */
  record Descriptor(int fd) implements Endpoint {
    @Override
    public String toString() {
      return "fd " + fd;
    }
  }

  /**
   * A listening socket from systemd's socket activation (sd_listen_fds(3)).
   *
   * @param name its FileDescriptorName=; "" for the socket with the export's name, or else the next
   */
  record Activated(String name) implements Endpoint {
    @Override
    public String toString() {
      return name.isEmpty() ? "systemd" : "systemd socket " + name;
    }
  }
}
