package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.it.Containers.Ended;
import dev.platter.testcontainers.PlatterContainer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;

/** A real Prometheus scrapes a server under load, with the shipped alerts and dashboard. */
@Timeout(180)
class PrometheusIT {
  private static final int RUNS = 8;
  private static final int REQUESTS = 40_000;
  private static final String READS = "platter_requests_total{export=\"disk\",operation=\"read\"}";

  @TempDir private Path directory;

  @BeforeAll
  static void engine() {
    Containers.require(Containers.PLATTER, Containers.QEMU, Containers.PROMETHEUS);
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Test
  void whatItScrapesFitsTheLoadAndFillsTheDashboard() throws Exception {
    int port = freePort();
    Path sata = Files.write(directory.resolve("sata.img"), new byte[1 << 20]);
    Path etc = Files.createDirectory(directory.resolve("etc"));
    try (PlatterContainer platter =
            new PlatterContainer()
                .withNetworkMode("host")
                .withMetrics(port)
                .withScratchDisk("disk", 32 << 20)
                .withSataDisks("sata", sata);
        PrometheusContainer prometheus = new PrometheusContainer(etc, freePort(), port)) {
      platter.start();
      prometheus.start();
      ExecResult check = prometheus.check();
      assertThat(check.getExitCode()).as(check.toString()).isZero();
      ExecResult tests = prometheus.testAlerts();
      assertThat(tests.getExitCode()).as(tests.toString()).isZero();
      // A rate needs a sample from before.
      prometheus.await("count(" + READS + ")", count -> count == 1);
      double before = prometheus.value(READS);

      List<String> runs = new ArrayList<>();
      for (int i = 0; i < RUNS; i++) {
        runs.add(Containers.bench("disk", "-c " + REQUESTS + " -d 4 -s 4096"));
      }
      try (GenericContainer<?> load =
          Containers.client(platter, "sh", "-c", String.join(" && ", runs))) {
        load.start();
        Ended ended = Containers.await(load, Duration.ofSeconds(90));
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        int sent = RUNS * REQUESTS;
        double seen = prometheus.await(READS, value -> value - before >= sent) - before;
        // Clients read a little to find out about the disk.
        assertThat(seen).isBetween((double) sent, sent + 10.0 * RUNS);
        double rate = prometheus.value("max_over_time(rate(" + READS + "[5s])[1m:1s])");
        double best = requestsPerSecond(ended.output());
        System.out.printf("the client saw up to %.0f reads/s, Prometheus %.0f%n", best, rate);
        // Over 5 s that are not all under load; a rate is extrapolated to their edges.
        assertThat(rate).isBetween(best / 20, best * 2);
      }

      assertThatRulesWork(prometheus);
      List<DashboardQueries.Query> queries = DashboardQueries.all();
      assertThat(queries).hasSizeGreaterThan(20);
      for (DashboardQueries.Query query : queries) {
        List<Map<String, Object>> samples = prometheus.query(query.expression());
        if (query.hasDataUnderLoad()) {
          assertThat(samples).as(query.toString()).isNotEmpty();
        }
      }
    }
  }

  /** What the fastest run of {@code qemu-img bench} had. */
  private static double requestsPerSecond(String output) {
    return Pattern.compile("Run completed in ([0-9.]+) seconds")
        .matcher(output)
        .results()
        .mapToDouble(run -> REQUESTS / Double.parseDouble(run.group(1)))
        .max()
        .orElseThrow();
  }

  /** Every shipped rule is evaluated without an error, and nothing is wrong with the server. */
  private static void assertThatRulesWork(PrometheusContainer prometheus) throws Exception {
    List<Map<String, Object>> rules = prometheus.rules();
    assertThat(rules)
        .hasSizeGreaterThan(5)
        .allSatisfy(rule ->
            assertThat(rule)
                .containsEntry("health", "ok")
                .containsEntry("type", "alerting")
                .containsEntry("state", "inactive"));
  }
}
