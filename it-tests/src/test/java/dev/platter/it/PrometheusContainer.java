package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import tools.jackson.jr.ob.JSON;

/** A Prometheus with the shipped configuration and alerts, on the host's network. */
final class PrometheusContainer extends GenericContainer<PrometheusContainer> {
  private static final Path SHIPPED = Path.of("../emulator/deploy/prometheus");
  private static final String ALERTS = "platter-alerts.yml";
  private static final String ALERTS_TEST = "platter-alerts-test.yml";
  private static final String ETC = "/etc/platter";

  private final int port;
  private final HttpClient http = HttpClient.newHttpClient();

  /**
   * Prepares one that looks once a second, not every 15.
   *
   * @param directory where its configuration goes
   * @param port its own
   * @param scraped the port that it scrapes
   */
  PrometheusContainer(Path directory, int port, int scraped) throws IOException {
    super(Containers.PROMETHEUS);
    this.port = port;
    String config = Files.readString(SHIPPED.resolve("prometheus.yml"));
    assertThat(config).contains("15s", ":9464", ALERTS);
    Files.writeString(
        directory.resolve("prometheus.yml"),
        config.replace("15s", "1s").replace(":9464", ":" + scraped));
    for (String file : List.of(ALERTS, ALERTS_TEST)) {
      Files.copy(SHIPPED.resolve(file), directory.resolve(file));
    }
    // The image's user is not this one.
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    withImagePullPolicy(name -> false);
    withNetworkMode("host");
    Containers.mount(this, directory, ETC);
    withCommand(
        "--config.file=" + ETC + "/prometheus.yml",
        "--storage.tsdb.path=/tmp/data",
        "--web.listen-address=127.0.0.1:" + port);
    waitingFor(Wait.forLogMessage(".*Server is ready to receive web requests.*", 1));
  }

  /** Has promtool look at the configuration and the alerts. */
  ExecResult check() throws IOException, InterruptedException {
    return execInContainer("promtool", "check", "config", ETC + "/prometheus.yml");
  }

  /** Has promtool run the alerts on made-up series, on which they are to fire and to be silent. */
  ExecResult testAlerts() throws IOException, InterruptedException {
    return execInContainer("promtool", "test", "rules", ETC + "/" + ALERTS_TEST);
  }

  /** The samples that a query gives now, each with {@code metric} and {@code value}. */
  List<Map<String, Object>> query(String expression) throws IOException, InterruptedException {
    return list(
        get("query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8)), "result");
  }

  /** The value of a query that gives at most one sample; 0 if it gives none. */
  double value(String expression) throws IOException, InterruptedException {
    List<Map<String, Object>> samples = query(expression);
    assertThat(samples).as(expression).hasSizeLessThanOrEqualTo(1);
    if (samples.isEmpty()) {
      return 0;
    }
    List<?> sample = (List<?>) Objects.requireNonNull(samples.getFirst().get("value"));
    return Double.parseDouble((String) sample.get(1));
  }

  /** Asks once in a while until a value is as it should be; gives it. */
  double await(String expression, Predicate<Double> done) throws Exception {
    return poll(() -> value(expression), done);
  }

  /** All alerting rules, once each has been evaluated. */
  List<Map<String, Object>> rules() throws Exception {
    return poll(
        this::rulesNow,
        rules -> rules.stream().noneMatch(rule -> "unknown".equals(rule.get("health"))));
  }

  private static <T> T poll(Callable<T> question, Predicate<T> done) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (true) {
      T answer = question.call();
      if (done.test(answer)) {
        return answer;
      }
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("still " + answer);
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  private List<Map<String, Object>> rulesNow() throws IOException, InterruptedException {
    List<Map<String, Object>> rules = new ArrayList<>();
    for (Map<String, Object> group : list(get("rules"), "groups")) {
      rules.addAll(list(group, "rules"));
    }
    return rules;
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> list(Map<String, Object> from, String key) {
    return (List<Map<String, Object>>) Objects.requireNonNull(from.get(key));
  }

  @SuppressWarnings("unchecked")
  private Map<String, Object> get(String what) throws IOException, InterruptedException {
    HttpResponse<String> response =
        http.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/v1/" + what))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    Map<String, Object> answer = JSON.std.mapFrom(response.body());
    assertThat(answer).as("%s: %s", what, response.body()).containsEntry("status", "success");
    return (Map<String, Object>) Objects.requireNonNull(answer.get("data"));
  }

  @Override
  public void stop() {
    super.stop();
    http.close();
  }
}
