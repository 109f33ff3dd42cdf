package dev.platter.aio.socket;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Sockets;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Datagrams to Unix sockets. */
public final class UnixDatagram {
  private UnixDatagram() {}

  /**
   * Sends one datagram.
   *
   * @param to a path, or a name in the abstract namespace with {@code @} for its leading zero
   * @throws IOException if nobody receives there
   */
  public static void send(String to, String text) throws IOException {
    int fd = Sockets.socket(LinuxAbi.AF_UNIX, LinuxAbi.SOCK_DGRAM | LinuxAbi.SOCK_CLOEXEC, 0);
    if (fd < 0) {
      throw UnixConnection.failure("socket", fd);
    }
    try (Arena arena = Arena.ofConfined()) {
      int connected = Sockets.connect(fd, address(arena, to));
      if (connected < 0) {
        throw UnixConnection.failure("connect to " + to, connected);
      }
      MemorySegment bytes = arena.allocateFrom(text, UTF_8);
      long sent = Libc.write(fd, bytes.address(), bytes.byteSize() - 1);
      if (sent < 0) {
        throw UnixConnection.failure("send to " + to, sent);
      }
    } finally {
      Libc.close(fd);
    }
  }

  private static MemorySegment address(Arena arena, String to) throws IOException {
    byte[] name = to.getBytes(UTF_8);
    if (name.length >= LinuxAbi.SUN_PATH_SIZE) {
      throw new IOException("socket name is too long: " + to);
    }
    boolean isAbstract = to.startsWith("@");
    if (isAbstract) {
      name[0] = 0;
    }
    // An abstract name ends where the address does; a path ends with a zero.
    int length = name.length + (isAbstract ? 0 : 1);
    MemorySegment address = arena.allocate(LinuxAbi.SUN_PATH + (long) length, 8);
    address.set(ValueLayout.JAVA_SHORT, 0, (short) LinuxAbi.AF_UNIX);
    MemorySegment.copy(MemorySegment.ofArray(name), 0, address, LinuxAbi.SUN_PATH, name.length);
    return address;
  }
}
