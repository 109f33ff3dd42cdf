package dev.platter.emulator.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.MainLoop;
import dev.platter.aio.socket.ReceivedFds;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.HttpText;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.export.ProtocolViolation;
import dev.platter.emulator.server.config.DeviceParts;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.ServerOptions;
import dev.platter.emulator.server.config.VirtioBlkExport;
import dev.platter.emulator.server.metrics.MetricsServer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** A real server's metrics, while it serves, is stuck, is quiesced, and gains and loses exports. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class MetricsOfAServerTest {
  private static final int BLOCK = 4096;
  private static final ImageOptions CACHED = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);

  @TempDir private Path directory;
  private final RecordingLog log = new RecordingLog();
  private final List<DeviceParts> parts = new ArrayList<>();
  private Server server;
  private MetricsServer metrics;

  /** Serves nobody: a client is dropped as soon as it says something. */
  private static final class Nobody implements ClientSession {
    @Override
    public void serve(UnixConnection connection) throws IOException {
      try (ReceivedFds fds = new ReceivedFds()) {
        if (connection.receive(Arena.ofAuto().allocate(1), 0, 1, fds)) {
          throw new ProtocolViolation("nobody speaks here");
        }
      }
    }

    @Override
    public void close() {}
  }

  private ClientSession open(ExportConfig export, DeviceParts its) {
    its.images().forEach(image -> image.meter().measureLatencies());
    parts.add(its);
    return new Nobody();
  }

  private VirtioBlkExport disk(String name) throws IOException {
    Path path = directory.resolve(name + ".img");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    return VirtioBlkExport.at(directory.resolve(name + ".sock"), name, path.toString(), CACHED);
  }

  @BeforeEach
  void start() throws IOException {
    ServeConfig config = new ServeConfig(List.of(), List.of(disk("vda"), disk("vdb")));
    server =
        Server.start(
            config,
            log,
            SystemdSockets.none(),
            ServerOptions.DEFAULT.withIoWorkers(3),
            this::open,
            StartListener.NOBODY);
    metrics =
        MetricsServer.start(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), server, log);
  }

  @AfterEach
  void stop() {
    metrics.close();
    server.close();
  }

  private String scrape() throws IOException {
    return get("/metrics", 200);
  }

  @Test
  void workersAndTheirLimitAreTold() throws IOException {
    String scrape = scrape();
    assertThat(value(scrape, "platter_io_workers_limit")).isEqualTo(3);
    assertThat(value(scrape, "platter_io_workers")).isNotNegative();
  }

  private String get(String path, int status) throws IOException {
    return HttpText.get(metrics.address().getPort(), path, status);
  }

  private static double value(String scrape, String series) {
    return scrape
        .lines()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + series + " in\n" + scrape));
  }

  private static String of(String metric, String export, String more) {
    return metric + "{export=\"" + export + "\",kind=\"virtio-blk\"" + more + "}";
  }

  /** A guest's reads, without a guest: on the disk's own loop. */
  private void read(int disk, int times) {
    DeviceParts its = parts.get(disk);
    AioContext loop = its.loops().getFirst();
    try (Arena memory = Arena.ofShared()) {
      MemorySegment buffer = memory.allocate(BLOCK, BLOCK);
      for (int i = 0; i < times; i++) {
        CountDownLatch done = new CountDownLatch(1);
        loop.invoke(() -> submit(its.images().getFirst(), buffer, done));
        loop.waitFor(done);
      }
    }
  }

  private static void submit(BlockBackend image, MemorySegment buffer, CountDownLatch done) {
    BlockRequest request =
        new BlockRequest(1) {
          @Override
          protected void completed(int result) {
            assertThat(result).isZero();
            close();
            done.countDown();
          }
        };
    request.vector().add(buffer.address(), buffer.byteSize());
    request.prepareRead(0);
    image.submit(request);
  }

  @Test
  void whatWasReadIsWhatIsCounted() throws Exception {
    read(0, 7);
    read(1, 2);
    String scrape = scrape();
    String read = ",operation=\"read\"";
    assertThat(value(scrape, of("platter_requests_total", "vda", read))).isEqualTo(7);
    assertThat(value(scrape, of("platter_requests_total", "vdb", read))).isEqualTo(2);
    assertThat(value(scrape, of("platter_request_bytes_total", "vda", read))).isEqualTo(7 * BLOCK);
    assertThat(value(scrape, of("platter_request_duration_seconds_count", "vda", read)))
        .isEqualTo(7);
    assertThat(value(scrape, of("platter_request_duration_seconds_sum", "vda", read)))
        .isPositive()
        .isLessThan(60);
    assertThat(value(scrape, of("platter_queue_depth_requests_bucket", "vda", ",le=\"1.0\"")))
        .isEqualTo(7);
    assertThat(value(scrape, of("platter_requests_in_flight", "vda", ""))).isZero();
    assertThat(
            value(
                scrape, "platter_image_size_bytes{disk=\"0\",export=\"vda\",kind=\"virtio-blk\"}"))
        .isEqualTo(1 << 20);
    assertThat(value(scrape, "platter_loop_sqes_total{loop=\"vda\"}")).isGreaterThanOrEqualTo(7);
    assertThat(value(scrape, "platter_loop_cpu_seconds_total{loop=\"vda\"}")).isPositive();
    assertThat(value(scrape, "platter_bql_acquisitions_total{loop=\"main-loop\"}")).isPositive();
  }

  @Test
  void bucketsAreCumulativeAndThoseThatAreDocumented() throws Exception {
    read(0, 5);
    String prefix = "platter_request_duration_seconds_bucket{export=\"vda\",kind=\"virtio-blk\",";
    List<String> bounds = new ArrayList<>();
    double last = 0;
    for (String line : scrape().lines().toList()) {
      if (line.startsWith(prefix + "operation=\"read\"")) {
        int le = line.indexOf("le=\"") + 4;
        bounds.add(line.substring(le, line.indexOf('"', le)));
        double count = Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
        assertThat(count).isGreaterThanOrEqualTo(last);
        last = count;
      }
    }
    assertThat(last).isEqualTo(5);
    assertThat(bounds)
        .containsExactly(
            "1.0E-5", "2.0E-5", "5.0E-5", "1.0E-4", "2.0E-4", "5.0E-4", "0.001", "0.002", "0.005",
            "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1.0", "2.0", "5.0", "10.0", "+Inf");
  }

  @Test
  void scrapingWaitsNeitherForTheBigLockNorForLoopsThatAreStuck() throws Exception {
    MainLoop mainLoop = parts.getFirst().mainLoop();
    CountDownLatch stuck = new CountDownLatch(2);
    CountDownLatch goOn = new CountDownLatch(1);
    List<Thread> holders = new ArrayList<>();
    for (Runnable hold :
        List.<Runnable>of(
            () -> {
              mainLoop.lock().lock();
              stuck.countDown();
              awaitQuietly(goOn);
              mainLoop.lock().unlock();
            },
            () ->
                parts
                    .getFirst()
                    .loops()
                    .getFirst()
                    .invoke(() -> {
                      stuck.countDown();
                      awaitQuietly(goOn);
                    }))) {
      holders.add(Thread.ofPlatform().start(hold));
    }
    stuck.await();
    // And one that has the server's monitor, as somebody who quiesces it does.
    Server held = server;
    synchronized (held) {
      assertThat(scrape()).contains("platter_requests_total{", "platter_loop_turns_total{");
      assertThat(get("/healthz", 200)).isEqualTo("ok\n");
    }
    goOn.countDown();
    for (Thread holder : holders) {
      holder.join();
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aServerThatIsQuiescedSaysSoAndItsCountersGoOnAfterwards() throws Exception {
    read(0, 3);
    server.quiesce();
    String scrape = scrape();
    assertThat(value(scrape, "platter_quiesced")).isEqualTo(1);
    assertThat(scrape).doesNotContain("platter_loop_cpu_seconds_total{");
    assertThat(get("/healthz", 503)).isEqualTo("quiesced\n");
    server.resume();
    read(0, 1);
    scrape = scrape();
    assertThat(value(scrape, "platter_quiesced")).isZero();
    assertThat(scrape).contains("platter_loop_cpu_seconds_total{loop=\"main-loop\"}");
    assertThat(value(scrape, of("platter_requests_total", "vda", ",operation=\"read\"")))
        .isEqualTo(4);
    assertThat(get("/healthz", 200)).isEqualTo("ok\n");
  }

  @Test
  void clientsAreCounted() throws Exception {
    assertThat(value(scrape(), of("platter_client_connected", "vda", ""))).isZero();
    try (UnixConnection client = UnixConnection.connect(directory.resolve("vda.sock"))) {
      log.await("client-connected");
      String scrape = scrape();
      assertThat(value(scrape, of("platter_client_connected", "vda", ""))).isEqualTo(1);
      assertThat(value(scrape, of("platter_client_connections_total", "vda", ""))).isEqualTo(1);
      assertThat(value(scrape, of("platter_client_drops_total", "vda", ""))).isZero();
      client.send(Arena.ofAuto().allocate(1), 0, 1);
      log.await("client-dropped");
    }
    assertThat(value(scrape(), of("platter_client_drops_total", "vda", ""))).isEqualTo(1);
  }

  @Test
  void anExportThatIsAddedHasItsSeriesAndOneThatIsRemovedHasNone() throws Exception {
    read(0, 3);
    server.addExport(disk("vdc"));
    read(2, 4);
    String scrape = scrape();
    String read = ",operation=\"read\"";
    assertThat(value(scrape, of("platter_requests_total", "vdc", read))).isEqualTo(4);
    assertThat(scrape).contains("platter_loop_turns_total{loop=\"vdc\"}");
    server.removeExport("vdc", false);
    scrape = scrape();
    assertThat(scrape).doesNotContain("vdc");
    assertThat(value(scrape, of("platter_requests_total", "vda", read))).isEqualTo(3);
  }

  @Test
  void aServerThatIsClosedIsNotHealthy() throws Exception {
    server.close();
    assertThat(get("/healthz", 503)).isEqualTo("closed\n");
    assertThat(scrape()).doesNotContain("export=\"vda\"");
  }
}
