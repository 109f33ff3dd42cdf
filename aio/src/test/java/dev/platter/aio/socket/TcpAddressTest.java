package dev.platter.aio.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TcpAddressTest {
  private static final String NOBODYS = "192.0.2.1"; // RFC 5737

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "0.0.0.0", "::1", "::"})
  void anAddressIsFreeOrTaken(String host) throws IOException {
    InetAddress loopback = InetAddress.getByName(host.contains(":") ? "::1" : "127.0.0.1");
    assumeTrue(NetworkInterface.getByInetAddress(loopback) != null, "this host has no IPv6");
    InetAddress address = InetAddress.getByName(host);
    InetSocketAddress place;
    try (ServerSocket listener = new ServerSocket(0, 1, address)) {
      place = new InetSocketAddress(address, listener.getLocalPort());
      assertThat(TcpAddress.take(place)).isEqualTo(-Errno.EADDRINUSE);
    }
    int fd = TcpAddress.take(place);
    assertThat(fd).isPositive();
    Libc.close(fd);
  }

  @Test
  void anAddressOfAnotherHostCannotBeHad() throws IOException {
    InetSocketAddress place = new InetSocketAddress(InetAddress.getByName(NOBODYS), 0);
    assertThat(TcpAddress.take(place)).isEqualTo(-Errno.EADDRNOTAVAIL);
  }
}
