package dev.platter.emulator.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.ChildProcess;
import dev.platter.emulator.ChildProcess.Ended;
import dev.platter.emulator.cli.Platter;
import dev.platter.emulator.result.Origin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The workflow of docs/reports.md, its steps run as a runner does. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class ReportsInCiTest {
  private static final Pattern YAML = Pattern.compile("```yaml\\n(.*?)```", Pattern.DOTALL);

  @TempDir private Path checkout;
  private Map<?, ?> job = Map.of();

  @BeforeEach
  void readTheWorkflow() throws IOException {
    // The module's directory, or the checkout's.
    Path docs = Files.isDirectory(Path.of("docs")) ? Path.of("docs") : Path.of("../docs");
    Matcher matcher = YAML.matcher(Files.readString(docs.resolve("reports.md")));
    assertThat(matcher.find()).isTrue();
    Object workflow = new Load(LoadSettings.builder().build()).loadFromString(matcher.group(1));
    job = map(map(workflow, "jobs"), "compare");
    script(
        "platter",
        "exec " + Origin.quoted(ChildJvm.command(Platter.class, List.of(), List.of())) + " \"$@\"");
    // As git worktree add base origin/main does.
    script(
        "bin/git",
        "[ \"$*\" = 'worktree add base origin/main' ] && mkdir base && cp platter base/");
  }

  private void script(String name, String text) throws IOException {
    Path file = checkout.resolve(name);
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    Files.writeString(file, "#!/bin/sh\n" + text + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }

  private static Map<?, ?> map(Object of, String key) {
    return (Map<?, ?>) Objects.requireNonNull(((Map<?, ?>) of).get(key), key);
  }

  private Path summary() {
    return checkout.resolve("summary.md");
  }

  private Ended run(String name) throws Exception {
    String script = "";
    for (Object step : (List<?>) Objects.requireNonNull(job.get("steps"))) {
      Map<?, ?> keys = (Map<?, ?>) step;
      if (name.equals(keys.get("name"))) {
        script = String.valueOf(keys.get("run"));
      }
    }
    assertThat(script).as(name).contains("platter");
    Map<String, String> environment = new HashMap<>();
    map(job, "env").forEach((key, value) -> environment.put(key.toString(), value.toString()));
    // Shorter runs of fewer devices than a user takes, of the same options otherwise.
    environment.computeIfPresent(
        "MEASURE",
        (_, options) ->
            options.replaceFirst("--runtime \\S+", "--runtime 5ms")
                + " --warmup 0 --size 1M --cache writeback --device raw");
    environment.put("GITHUB_BASE_REF", "main");
    environment.put("GITHUB_STEP_SUMMARY", summary().toString());
    environment.put("PATH", checkout.resolve("bin") + ":" + System.getenv("PATH"));
    ProcessBuilder builder =
        ChildProcess.builder(List.of("bash", "-e", "-c", script)).directory(checkout.toFile());
    builder.environment().putAll(environment);
    return ChildProcess.run(builder);
  }

  @Test
  void whatIsSlowerFailsTheJob() throws Exception {
    Ended measured = run("Measure");
    assertThat(measured.exitCode()).as(measured.output()).isZero();
    Path base = checkout.resolve("base.json");
    Path head = checkout.resolve("head.json");
    assertThat(base).content().contains("platter.bench/1");
    assertThat(head).content().contains("platter.bench/1");

    // From here on of known figures, which no busy host changes.
    Files.writeString(base, document(1000));
    Files.writeString(head, document(1000));
    Ended same = run("Compare");
    assertThat(same.exitCode()).as(same.output()).isZero();
    assertThat(summary())
        .content()
        .contains("head.json and base.json differ by no more than noise: raw.")
        .contains("- passed: raw of head.json: p99&lt;=1.1: it is 1.00")
        .contains("- passed: raw of head.json: iops&gt;=0.95: it is 1.00");

    Files.writeString(head, document(100));
    Files.delete(summary());
    Ended slower = run("Compare");
    assertThat(slower.exitCode()).isEqualTo(1);
    assertThat(slower.output()).isEqualTo("platter: 1 of 2 gates did not pass\n");
    assertThat(summary())
        .content()
        .contains("head.json is slower than base.json: raw 0.10 times the IOPS.")
        .contains("- failed: raw of head.json: iops&gt;=0.95: it is 0.10");
    assertThat(checkout.resolve("comparison.html")).content().contains("head.json is slower");
  }

  private static String document(int iops) {
    String sample =
        "{\"partial\": false, \"iops\": %s, \"latency_us\": {\"p99\": 70}}".formatted(iops);
    return """
    {"schema": "platter.bench/1", "parameters": {"rw": "randread", "java_options": null},
     "rows": [{"device": "raw", "runs": 5, "partial": false, "iops": {"median": %d},
       "latency_us": {"p99": 70}, "samples": [%s]}]}
    """
        .formatted(iops, String.join(", ", Collections.nCopies(5, sample)));
  }
}
