package dev.platter.aio.socket;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Sockets;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;

/** Asks the kernel for TCP addresses, because Java's exceptions tell a refusal in words alone. */
public final class TcpAddress {
  private static final int PORT = 2;
  private static final int IPV4 = 4;
  private static final int IPV6 = 8;
  private static final int SCOPE = 24;

  private TcpAddress() {}

  /**
   * Binds a socket to an address as a client does. This fails if a process listens there, and keeps
   * no process from listening there.
   *
   * @param address with an address that is resolved
   * @return the descriptor of a socket, which the caller closes; or {@code -errno}
   */
  public static int take(InetSocketAddress address) {
    boolean six = address.getAddress() instanceof Inet6Address;
    int fd =
        Sockets.socket(
            six ? LinuxAbi.AF_INET6 : LinuxAbi.AF_INET,
            LinuxAbi.SOCK_STREAM | LinuxAbi.SOCK_CLOEXEC,
            0);
    if (fd < 0) {
      return fd;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment one = arena.allocateFrom(JAVA_INT, 1);
      int result = Sockets.setOption(fd, LinuxAbi.SOL_SOCKET, LinuxAbi.SO_REUSEADDR, one);
      if (six && result >= 0) {
        // As Java's own sockets: [::] is IPv4's addresses, too.
        MemorySegment zero = arena.allocateFrom(JAVA_INT, 0);
        result = Sockets.setOption(fd, LinuxAbi.IPPROTO_IPV6, LinuxAbi.IPV6_V6ONLY, zero);
      }
      if (result >= 0) {
        result = Sockets.bind(fd, sockaddr(arena, address));
      }
      if (result < 0) {
        Libc.close(fd);
        return result;
      }
      return fd;
    }
  }

  /** struct sockaddr_in or sockaddr_in6 (netinet/in.h). */
  private static MemorySegment sockaddr(Arena arena, InetSocketAddress address) {
    byte[] bytes = address.getAddress().getAddress();
    boolean six = address.getAddress() instanceof Inet6Address;
    MemorySegment sockaddr = arena.allocate(six ? 28 : 16, 4);
    sockaddr.set(JAVA_SHORT, 0, (short) (six ? LinuxAbi.AF_INET6 : LinuxAbi.AF_INET));
    sockaddr.set(JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN), PORT, (short) address.getPort());
    MemorySegment.copy(bytes, 0, sockaddr, JAVA_BYTE, six ? IPV6 : IPV4, bytes.length);
    if (address.getAddress() instanceof Inet6Address scoped) {
      sockaddr.set(JAVA_INT, SCOPE, scoped.getScopeId());
    }
    return sockaddr;
  }
}
