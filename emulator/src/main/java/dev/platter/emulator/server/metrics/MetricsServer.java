package dev.platter.emulator.server.metrics;

import com.sun.net.httpserver.HttpServer;
import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import dev.platter.aio.socket.TcpAddress;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.options.ListenAddress;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Answers Prometheus over HTTP, without authentication.
 *
 * <p>A peer can use up the resources of metrics, which are bounded: connections, threads, the time
 * to send a request and to take the answer. Loops and exports go on regardless.
 */
public final class MetricsServer implements AutoCloseable {
  private static final int BACKLOG = 128;
  private static final int MAX_CONNECTIONS = 32;
  private static final int MAX_THREADS = 8;
  private static final int KEEP_THREAD_SECONDS = 30;

  // The JDK reads these once, when its first server is made. The user's own settings stay.
  private static final Map<String, String> LIMITS =
      Map.of(
          "jdk.httpserver.maxConnections", Integer.toString(MAX_CONNECTIONS),
          "sun.net.httpserver.maxIdleConnections", "8",
          "sun.net.httpserver.idleInterval", "75",
          "sun.net.httpserver.clockTick", "1000",
          "sun.net.httpserver.maxReqTime", "3",
          "sun.net.httpserver.maxRspTime", "10",
          "sun.net.httpserver.maxReqHeaders", "64",
          "sun.net.httpserver.maxReqHeaderSize", "16384",
          "sun.net.httpserver.drainAmount", "16384",
          // Else headers and body of an answer wait for each other's acknowledgement.
          "sun.net.httpserver.nodelay", "true");

  private final HttpServer http;
  private final ThreadPoolExecutor threads;
  private final Scraper scraper;

  private MetricsServer(HttpServer http, ThreadPoolExecutor threads, Scraper scraper) {
    this.http = http;
    this.threads = threads;
    this.scraper = scraper;
  }

  /**
   * Starts to listen.
   *
   * @param address the address; port 0 is any free port
   * @param server the server to measure
   * @param log gets the address, as a warning if other hosts can reach it
   * @throws PlatterException if the address cannot be had
   */
  public static MetricsServer start(InetSocketAddress address, Server server, EventLog log) {
    return start(address, MetricsSource.of(server), log);
  }

  static MetricsServer start(InetSocketAddress address, MetricsSource source, EventLog log) {
    LIMITS.forEach((key, value) -> {
      if (System.getProperty(key) == null) {
        System.setProperty(key, value);
      }
    });
    HttpServer http = bind(address);
    Scraper scraper = new Scraper(source);
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            0,
            MAX_THREADS,
            KEEP_THREAD_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            daemons());
    http.setExecutor(threads);
    http.createContext("/", new MetricsHandler(scraper, source, log));
    http.start();
    MetricsServer started = new MetricsServer(http, threads, scraper);
    announce(started.address(), log);
    return started;
  }

  private static ThreadFactory daemons() {
    return Thread.ofPlatform().name("metrics-", 0).daemon().factory();
  }

  private static HttpServer bind(InetSocketAddress address) {
    check(address);
    try {
      return HttpServer.create(address, BACKLOG);
    } catch (IOException e) {
      throw refused(address, tryOut(address), IoReason.of(e));
    }
  }

  /** The kernel's error number for an address, or 0 if it can be had. */
  private static int tryOut(InetSocketAddress address) {
    int fd = TcpAddress.take(address);
    if (fd < 0) {
      return -fd;
    }
    Libc.close(fd);
    return 0;
  }

  private static void check(InetSocketAddress address) {
    if (address.isUnresolved()) {
      throw PlatterException.badInput(
          "cannot serve metrics on " + text(address) + ": no such host",
          "Name an address of this host, such as 127.0.0.1");
    }
    if (address.getAddress() instanceof Inet6Address && !ListenAddress.hasIpv6()) {
      throw PlatterException.badInput(
          "cannot serve metrics on " + text(address) + ": there is no IPv6 here",
          "Name an IPv4 address, or leave out -Djava.net.preferIPv4Stack=true");
    }
  }

  /**
   * Checks whether metrics could be served at an address now.
   *
   * @return whether the address is in use
   * @throws PlatterException of kind BAD_INPUT if it cannot be had for another reason
   */
  public static boolean isTaken(InetSocketAddress address) {
    check(address);
    int errno = tryOut(address);
    if (errno != 0 && errno != Errno.EADDRINUSE) {
      throw refused(address, errno, words(errno));
    }
    return errno != 0;
  }

  /** The error for an address in use. */
  public static PlatterException taken(InetSocketAddress address) {
    return refused(address, Errno.EADDRINUSE, words(Errno.EADDRINUSE));
  }

  private static String words(int errno) {
    return switch (errno) {
      case Errno.EADDRINUSE -> "Address already in use";
      case Errno.EADDRNOTAVAIL -> "Cannot assign requested address";
      case Errno.EACCES -> "Permission denied";
      default -> Errno.name(errno);
    };
  }

  private static PlatterException refused(InetSocketAddress address, int errno, String reason) {
    String remedy =
        switch (errno) {
          case Errno.EADDRINUSE ->
              "Choose another port with --metrics HOST:PORT, or stop what listens there:"
                  + " ss -ltnp 'sport = :"
                  + address.getPort()
                  + "'";
          case Errno.EACCES -> "Choose a port from 1024 on";
          default -> "Name an address of this host (ip -br address), or [::] for all";
        };
    return PlatterException.badInput(
            "cannot serve metrics on " + text(address) + ": " + reason, remedy)
        .at(null, errno);
  }

  private static String text(InetSocketAddress address) {
    String host = address.getHostString();
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
  }

  private static void announce(InetSocketAddress address, EventLog log) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("address", text(address));
    boolean loopback = address.getAddress().isLoopbackAddress();
    if (!loopback) {
      fields.put("reason", "others than this host can read them; there is no authentication");
    }
    log.event(loopback ? Level.INFO : Level.WARNING, "", "metrics", fields);
  }

  /** The address that it listens on. */
  public InetSocketAddress address() {
    return http.getAddress();
  }

  /** Stops at once, without the answers that are still waited for. Idempotent. */
  @Override
  public void close() {
    http.stop(0);
    threads.shutdownNow();
    scraper.close();
  }
}
