package dev.platter.emulator.server.options;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;

/**
 * TCP addresses to listen on: {@code 127.0.0.1:9464}, {@code [::1]:9464}, {@code localhost:9464},
 * or only a port, {@code 9464} or {@code :9464}, on 127.0.0.1. Port 0 is any free port. {@code
 * [::]} is all addresses, also on a host without IPv6.
 */
public final class ListenAddress {
  private static final String LOOPBACK = "127.0.0.1";
  private static final int MAX_PORT = 65_535;

  private ListenAddress() {}

  /**
   * Parses an address, and looks a name up.
   *
   * @throws IllegalArgumentException if the text is no address, with the reason
   */
  public static InetSocketAddress parse(String text) {
    int colon = text.lastIndexOf(':');
    int port = port(text, text.substring(colon + 1));
    String host = colon <= 0 ? LOOPBACK : text.substring(0, colon);
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    if (!bracketed && host.indexOf(':') >= 0) {
      throw new IllegalArgumentException(
          "'" + text + "' has more than one colon: write an IPv6 address as [::1]:9464");
    }
    String name = bracketed ? host.substring(1, host.length() - 1) : host;
    return new InetSocketAddress(resolve(text, name, bracketed), port);
  }

  private static int port(String text, String port) {
    if (!port.isEmpty() && port.length() <= 5 && port.chars().allMatch(c -> c >= '0' && c <= '9')) {
      int number = Integer.parseInt(port);
      if (number <= MAX_PORT) {
        return number;
      }
    }
    throw new IllegalArgumentException(
        "'" + text + "' has no port from 0 to 65535 at its end: write HOST:PORT or PORT");
  }

  private static InetAddress resolve(String text, String host, boolean bracketed) {
    if (host.isBlank()) {
      throw new IllegalArgumentException(
          "'" + text + "' has no host: write 0.0.0.0 or [::] for all");
    }
    try {
      InetAddress address = InetAddress.getByName(host);
      if (bracketed && !(address instanceof Inet6Address)) {
        throw new IllegalArgumentException("'" + text + "': " + host + " is no IPv6 address");
      }
      return address instanceof Inet6Address && address.isAnyLocalAddress() && !hasIpv6()
          ? InetAddress.getByName("0.0.0.0")
          : address;
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("'" + text + "': there is no host " + host, e);
    }
  }

  /** Whether the host has IPv6, and the JVM's options do not disable it. */
  public static boolean hasIpv6() {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.INET6)) {
      return channel.isOpen();
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  /** HOST:PORT of an address that is bound. */
  public static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + address.getPort();
  }
}
