package dev.platter.emulator.server.config;

import java.io.IOException;
import java.nio.file.Path;

/** Where the clients of an export come from. */
public sealed interface Endpoint {
  /**
   * The one name of a place for a socket that has several: links in its directory are followed. The
   * next server finds the same one.
   */
  static Path place(Path path) {
    Path absolute = path.toAbsolutePath().normalize();
    Path directory = absolute.getParent();
    try {
      return directory == null ? absolute : directory.toRealPath().resolve(absolute.getFileName());
    } catch (IOException e) {
      return absolute; // a socket there will be refused
    }
  }

  /**
   * A socket that the server makes, and removes at the end.
   *
   * @param path where
   */
  record SocketPath(Path path) implements Endpoint {
    @Override
    public String toString() {
      return path.toString();
    }
  }

  /**
   * A listening socket that whoever started the process has left open.
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
   * @param name its FileDescriptorName=; "" for the one called as the export is, or else the next
   */
  record Activated(String name) implements Endpoint {
    @Override
    public String toString() {
      return name.isEmpty() ? "systemd" : "systemd socket " + name;
    }
  }
}
