package dev.platter.emulator.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.socket.TcpAddress;
import dev.platter.aio.sys.Libc;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.server.metrics.MetricsSource.Serving;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class MetricsServerTest {
  private static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  static {
    // Shorter than they are, if this is the first server of the JVM: only the test gets faster.
    System.setProperty("sun.net.httpserver.maxReqTime", "1");
    System.setProperty("sun.net.httpserver.timerMillis", "100");
    System.setProperty("sun.net.httpserver.clockTick", "100");
  }

  private final FakeSource source = new FakeSource();
  private final List<String> events = new ArrayList<>();
  private final EventLog log =
      (level, export, event, fields) -> events.add(level + " " + event + " " + fields);
  private MetricsServer server;

  @BeforeEach
  void start() {
    server = MetricsServer.start(ANY_PORT, source, log);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Http get(String path) throws IOException {
    return Http.get(server.address(), path);
  }

  private Http send(String request) throws IOException {
    return Http.ask(server.address(), request);
  }

  @Test
  void metricsComeAsText() throws Exception {
    source.exports = List.of(FakeSource.export("vda"));
    Http answer = get("/metrics");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Content-Type")).startsWith("text/plain; version=0.0.4");
    assertThat(answer.body())
        .contains("# TYPE platter_requests_total counter")
        .contains(
            "platter_requests_total{export=\"vda\",kind=\"virtio-blk\",operation=\"read\"} 0.0")
        .contains("platter_client_drops_total{export=\"vda\",kind=\"virtio-blk\"} 2.0")
        .contains("platter_loop_enters_total{loop=\"main-loop\"} 2.0")
        .contains("platter_bql_wait_seconds_total{loop=\"main-loop\"} 1.5\n")
        .contains("cause=\"loop_busy\"")
        .contains("platter_build_info{")
        .contains("jvm_gc_")
        .contains("process_resident_memory_bytes");
    assertThat(answer.header("Content-Length")).isEqualTo(Integer.toString(bytes(answer.body())));
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  @Test
  void whoAcceptsOpenMetricsGetsThem() throws Exception {
    Http answer =
        send(
            String.join(
                "\r\n",
                "GET /metrics HTTP/1.1",
                "Host: x",
                "Connection: close",
                "Accept: application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1",
                "",
                ""));
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Content-Type")).startsWith("application/openmetrics-text");
    assertThat(answer.body()).endsWith("# EOF\n").contains("# TYPE platter_loop_enters counter");
  }

  @Test
  void seriesComeAndGoWithExportsAndLoops() throws Exception {
    source.exports = List.of(FakeSource.export("a"), FakeSource.export("b"));
    source.loops = List.of(FakeSource.loop("main-loop"), FakeSource.loop("b"));
    assertThat(get("/metrics").body()).contains("export=\"a\"", "export=\"b\"", "loop=\"b\"");
    source.exports = List.of(FakeSource.export("a"));
    source.loops = List.of(FakeSource.loop("main-loop"));
    assertThat(get("/metrics").body())
        .contains("export=\"a\"")
        .doesNotContain("export=\"b\"", "loop=\"b\"");
  }

  @Test
  void namesOfAnyKindAreEscapedAndTwiceTheSameDoesNoHarm() throws Exception {
    String name = "a\"b\\c\nd{}\u00e9";
    source.exports = List.of(FakeSource.export(name), FakeSource.export(name));
    source.loops = List.of(FakeSource.loop("x"), FakeSource.loop("x"));
    Http answer = get("/metrics");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body())
        .contains("platter_client_connected{export=\"a\\\"b\\\\c\\nd{}\u00e9\",kind=");
  }

  @Test
  void healthSaysWhetherGuestsAreServed() throws Exception {
    assertThat(get("/healthz"))
        .matches(answer -> answer.status() == 200)
        .extracting(Http::body)
        .isEqualTo("ok\n");
    source.serving = Serving.QUIESCED;
    assertThat(get("/healthz"))
        .matches(answer -> answer.status() == 503)
        .extracting(Http::body)
        .isEqualTo("quiesced\n");
    assertThat(get("/metrics").body()).contains("\nplatter_quiesced 1.0\n");
    source.serving = Serving.CLOSED;
    assertThat(get("/healthz").status()).isEqualTo(503);
  }

  /** Uncaught on a thread of the HTTP server it would end the process, and with it all disks. */
  @Test
  void anErrorCostsItsScrapeAndIsToldOnce() throws Exception {
    source.whenAsked =
        () -> {
          throw new NoClassDefFoundError("planted");
        };
    events.clear();
    for (int i = 0; i < 3; i++) {
      assertThat(get("/metrics").status()).isEqualTo(500);
    }
    assertThat(events)
        .singleElement()
        .asString()
        .startsWith("ERROR metrics-failed {reason=java.lang.NoClassDefFoundError: planted, trace=");
    source.whenAsked = () -> {};
    assertThat(get("/metrics").status()).isEqualTo(200);
  }

  @Test
  void otherPathsAndMethodsAreRefused() throws Exception {
    assertThat(get("/").body()).contains("/metrics");
    for (String path : new String[] {"/x", "/metrics/", "/metricsx", "//metrics", "/%00", "/.."}) {
      assertThat(get(path).status()).as(path).isEqualTo(404);
    }
    for (String method : new String[] {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "X"}) {
      Http answer =
          send(
              method
                  + " /metrics HTTP/1.1\r\n"
                  + "Host: x\r\n"
                  + "Connection: close\r\n"
                  + "Content-Length: 0\r\n\r\n");
      assertThat(answer.status()).as(method).isEqualTo(405);
      assertThat(answer.header("Allow")).isEqualTo("GET, HEAD");
    }
  }

  @Test
  void headHasTheHeadersAndNoBody() throws Exception {
    for (String path : new String[] {"/metrics", "/healthz", "/"}) {
      Http answer = send("HEAD " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      assertThat(answer.status()).as(path).isEqualTo(200);
      assertThat(answer.header("Content-Length")).as(path).isNotEmpty().isNotEqualTo("0");
      assertThat(answer.body()).as(path).isEmpty();
    }
  }

  @Test
  void nonsenseIsRefusedAndTheNextOneServed() throws Exception {
    String huge = "x".repeat(64 << 10);
    for (String request :
        new String[] {
          "\r\n\r\n",
          "nonsense\r\n\r\n",
          "GET\r\n\r\n",
          "GET /metrics\r\n\r\n",
          "GET http://[ HTTP/1.1\r\n\r\n",
          "GET mailto:x HTTP/1.1\r\nConnection: close\r\n\r\n",
          "GET /metrics HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
          "GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + huge + "\r\n\r\n",
          "GET /" + huge + " HTTP/1.1\r\nConnection: close\r\n\r\n",
          "GET /metrics HTTP/1.1\r\n" + "X: y\r\n".repeat(1_000) + "\r\n",
        }) {
      int status;
      try {
        status = send(request).status();
      } catch (IOException e) {
        status = 0; // disconnected, which is an answer, too
      }
      assertThat(status).as(request.substring(0, Math.min(30, request.length()))).isNotEqualTo(200);
      assertThat(get("/healthz").status()).isEqualTo(200);
    }
  }

  @Test
  void slowAndSilentClientsDoNotKeepAScraperOutForLong() throws Exception {
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 4; i++) {
        Socket half = Http.connect(server.address());
        half.getOutputStream().write("GET /metrics HTT".getBytes(StandardCharsets.US_ASCII));
        slow.add(half);
        slow.add(Http.connect(server.address())); // and one that says nothing at all
      }
      // With half of the threads gone, at once.
      assertThat(get("/metrics").status()).isEqualTo(200);
      for (Socket each : slow) {
        // The server gives them up: the end of the stream, not of our patience.
        assertThat(closedByServer(each)).isTrue();
      }
    } finally {
      for (Socket each : slow) {
        each.close();
      }
    }
  }

  private static boolean closedByServer(Socket socket) {
    try {
      return socket.getInputStream().readAllBytes().length == 0;
    } catch (IOException e) {
      return true; // reset
    }
  }

  @Test
  void asManySlowClientsAsThereAreThreadsAreGivenUpAndTheScraperComesThrough() throws Exception {
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 100; i++) {
        Socket half = Http.connect(server.address());
        slow.add(half);
        try {
          half.getOutputStream().write("GET /metrics HTT".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
          Thread.onSpinWait(); // turned away at once
        }
      }
      int status = 0;
      while (status != 200) {
        try {
          status = get("/metrics").status();
        } catch (IOException e) {
          Thread.onSpinWait(); // turned away: as a scraper does, comes again
        }
      }
    } finally {
      for (Socket each : slow) {
        each.close();
      }
    }
  }

  @Test
  void manyScrapersAtOnceAreAnsweredOneAfterTheOther() throws Exception {
    int count = 4;
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    List<Integer> inside = new ArrayList<>();
    source.whenAsked =
        () -> {
          asked.countDown();
          try {
            goOn.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          synchronized (inside) {
            inside.add(1);
          }
        };
    List<Integer> statuses = new ArrayList<>();
    List<Thread> scrapers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      scrapers.add(
          Thread.ofPlatform()
              .start(() -> {
                try {
                  int status = get("/metrics").status();
                  synchronized (statuses) {
                    statuses.add(status);
                  }
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              }));
    }
    asked.await();
    assertThat(get("/healthz").status()).as("meanwhile").isEqualTo(200);
    goOn.countDown();
    for (Thread scraper : scrapers) {
      scraper.join();
    }
    assertThat(statuses).hasSize(count).containsOnly(200);
  }

  @Test
  void aConnectionIsKeptForTheNextScrape() throws Exception {
    try (Socket socket = Http.connect(server.address())) {
      byte[] request =
          "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
      for (int i = 0; i < 3; i++) {
        socket.getOutputStream().write(request);
        StringBuilder answer = new StringBuilder();
        while (!answer.toString().endsWith("ok\n")) {
          answer.append((char) socket.getInputStream().read());
        }
        assertThat(answer).startsWith("HTTP/1.1 200");
      }
    }
  }

  @Test
  void loopbackIsSaidInTheLogAndAnythingElseIsAWarning() {
    assertThat(events)
        .containsExactly("INFO metrics {address=127.0.0.1:" + server.address().getPort() + "}");
    try (MetricsServer open =
        MetricsServer.start(new InetSocketAddress("0.0.0.0", 0), source, log)) {
      assertThat(events.getLast())
          .startsWith("WARNING metrics")
          .contains(":" + open.address().getPort())
          .contains("no authentication");
    }
  }

  @Test
  void aPortThatIsTakenIsRefusedWithARemedy() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      InetSocketAddress address = (InetSocketAddress) taken.getLocalSocketAddress();
      assertThatThrownBy(() -> MetricsServer.start(address, source, log))
          .isInstanceOfSatisfying(
              PlatterException.class,
              e -> {
                assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT);
                assertThat(e).hasMessageContaining(":" + taken.getLocalPort());
                assertThat(e.remedy()).contains("--metrics", "ss -ltnp");
              });
    }
  }

  /** A server may start at the moment of a look. */
  @Test
  void aLookAtAnAddressIsInNobodysWay() throws Exception {
    InetSocketAddress address = server.address();
    assertThat(MetricsServer.isTaken(address)).isTrue();
    server.close();
    assertThat(MetricsServer.isTaken(address)).isFalse();
    int look = TcpAddress.take(address);
    assertThat(look).isPositive();
    server = MetricsServer.start(address, source, log);
    Libc.close(look);
    assertThat(get("/metrics").status()).isEqualTo(200);
  }

  @Test
  void addressesThatAreNotOursAreRefused() {
    for (InetSocketAddress address :
        List.of(
            InetSocketAddress.createUnresolved("no.such.host.invalid", 1),
            new InetSocketAddress("192.0.2.1", 9464))) {
      assertThatThrownBy(() -> MetricsServer.start(address, source, log))
          .isInstanceOf(PlatterException.class)
          .hasMessageContaining("cannot serve metrics on " + address.getHostString());
    }
  }

  @Test
  void afterItIsClosedNobodyListensAndItMayBeClosedAgain() throws Exception {
    InetSocketAddress address = server.address();
    assertThat(get("/healthz").status()).isEqualTo(200);
    server.close();
    assertThatThrownBy(() -> Http.get(address, "/healthz")).isInstanceOf(IOException.class);
    server.close();
    server = MetricsServer.start(address, source, log);
    assertThat(get("/healthz").status()).isEqualTo(200);
  }
}
