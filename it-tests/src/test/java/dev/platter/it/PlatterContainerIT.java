package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.platter.testcontainers.PlatterContainer;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.containers.Network;
import org.testcontainers.utility.DockerImageName;

/** What {@link PlatterContainer} offers to other projects' tests. */
@Timeout(120)
class PlatterContainerIT {
  private static final long DISK_BYTES = 16 << 20;

  @BeforeAll
  static void engine() {
    Containers.require(Containers.PLATTER);
  }

  @Test
  void aServerIsQuiescedAndResumedKilledAndStartedAgain() throws Exception {
    try (PlatterContainer platter =
        new PlatterContainer()
            .withNetworkMode("host")
            .withScratchDisk("disk", DISK_BYTES)
            .withMetrics(PrometheusIT.freePort())) {
      platter.start();
      assertThat(platter.virtioSocket("disk")).exists();
      assertThat(platter.quiesce()).contains("\"safe\":true");
      assertThat(platter.resume()).contains("\"event\":\"resumed\"");
      ExecResult health = platter.ctl("health");
      assertThat(health.getExitCode()).as(health.toString()).isZero();
      assertThat(metrics(platter)).contains("platter_requests_total", "export=\"disk\"");
      platter.kill();
      assertThat(platter.isRunning()).isFalse();
      platter.restart();
      assertThat(metrics(platter)).contains("platter_requests_total");
      platter.stop();
      assertThat(platter.virtioSocket("disk")).doesNotExist();
      assertThat(platter.virtioSocket("disk").getParent()).doesNotExist();
      platter.start();
      assertThat(platter.virtioSocket("disk")).exists();
    }
  }

  private static String metrics(PlatterContainer platter) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> response =
          client.send(
              HttpRequest.newBuilder(platter.metricsUrl()).build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(response.statusCode()).isEqualTo(200);
      return response.body();
    }
  }

  @Test
  void aPortOfMetricsIsPublishedFromANetworkOfItsOwn() throws Exception {
    try (Network network = Network.newNetwork();
        PlatterContainer platter =
            new PlatterContainer()
                .withNetwork(network)
                .withScratchDisk("disk", DISK_BYTES)
                .withMetrics()) {
      platter.start();
      assertThat(metrics(platter)).contains("platter_requests_total");
    }
  }

  /** docs/containers.md says what it is made of. */
  @Test
  void theImageIsSmall() {
    Long bytes =
        DockerClientFactory.lazyClient()
            .inspectImageCmd(Containers.PLATTER.asCanonicalNameString())
            .exec()
            .getSize();
    assertThat(bytes).isBetween(100_000_000L, 180_000_000L);
  }

  @Test
  void aMissingImageIsNotPulledButNamed() {
    try (PlatterContainer platter =
        new PlatterContainer(DockerImageName.parse("platter:there-is-none"))
            .withImagePullPolicy(name -> false)
            .withScratchDisk("disk", DISK_BYTES)) {
      assertThatExceptionOfType(ContainerLaunchException.class)
          .isThrownBy(platter::start)
          .withMessageContaining("no image platter:there-is-none on this host")
          .withMessageContaining("docker build -t platter .");
    }
  }

  @Test
  void whatTheServerRefusesIsInTheException() {
    try (PlatterContainer platter =
        new PlatterContainer()
            .withNetworkMode("none")
            .withScratchDisk("disk", DISK_BYTES, "queues=65")) {
      assertThatExceptionOfType(ContainerLaunchException.class)
          .isThrownBy(platter::start)
          .withMessageContaining("exit code 2")
          .withMessageContaining("65");
    }
  }
}
