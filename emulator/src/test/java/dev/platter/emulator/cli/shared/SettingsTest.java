package dev.platter.emulator.cli.shared;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.cli.Cli;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.jr.ob.JSON;

/** A document says all options of its run, those with their defaults too. */
@Timeout(120)
class SettingsTest {
  @TempDir private Path directory;

  @SuppressWarnings("unchecked")
  private static Map<String, Object> parameters(Cli cli) throws IOException {
    assertThat(cli.exitCode()).as(cli.err()).isZero();
    return (Map<String, Object>)
        Objects.requireNonNull(JSON.std.mapFrom(cli.out()).get("parameters"));
  }

  private Path image() throws IOException {
    return Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
  }

  @Test
  void benchSaysThoseThatWereNotGiven() throws IOException {
    Map<String, Object> parameters =
        parameters(
            Cli.run(
                "bench",
                image(),
                "--device=raw",
                "--runtime=20ms",
                "--warmup=0",
                "--cache=writeback",
                "--json=-"));
    assertThat(parameters)
        .containsEntry("cache", "writeback")
        .containsEntry("devices", List.of("raw"))
        .containsEntry("runs", 1)
        .containsEntry("rw", "randread")
        .containsEntry("runtime_seconds", 0.02)
        .containsEntry("flush_every", 0)
        .containsEntry("verify", false)
        .containsEntry("verify_state", null)
        .containsEntry("poll_max_us", 32.768)
        .containsEntry("halt_poll_us", 200.0)
        .containsEntry("logical_block_bytes", 512)
        .containsEntry("image", directory.resolve("disk.img").toString())
        .containsEntry("scratch_bytes", null)
        .containsEntry("stages", false)
        .containsKey("java_options")
        .doesNotContainKeys("bs", "fsync", "size_bytes", "json", "help", "destroy_data");
    assertThat(parameters.get("ring_flags")).asString().contains("coop_taskrun", "no_sqarray");
  }

  @Test
  void iotestSaysWhatIsLeftOut() throws IOException {
    Map<String, Object> parameters =
        parameters(
            Cli.run(
                "iotest",
                image(),
                "--total=64K",
                "--chunk=64K",
                "--cache=writeback",
                "--ablate=cq-check",
                "--ring-flags=none",
                "--poll-max=0",
                "--json=-"));
    assertThat(parameters)
        .containsEntry("ablate", List.of("cq_check"))
        .containsEntry("ring_flags", List.of())
        .containsEntry("poll_max_us", 0.0)
        .containsEntry("batch", 16)
        .containsEntry("runs", 1)
        .doesNotContainKeys("total_seconds", "chunk", "batch_delay_seconds");
  }

  /** An option that nobody has thought of here. */
  @Command(name = "new")
  static final class NewCommand implements Runnable {
    @Option(names = "--think-time", converter = DurationConverter.class, defaultValue = "5ms")
    long think;

    @Option(names = "--job-size", converter = SizeConverter.class, defaultValue = "4k")
    long size;

    @Option(names = {"-q", "--quick"})
    boolean quick;

    @Option(names = "--told")
    @Nullable String told;

    @Override
    public void run() {}
  }

  @Test
  void aNewOptionIsInTheDocumentFromItsFirstDay() {
    CommandLine command = new CommandLine(new NewCommand());
    assertThat(command.execute("--job-size=1M")).isZero();
    Map<String, @Nullable Object> known = new LinkedHashMap<>(Map.of("mine", 1));
    Map<String, @Nullable Object> parameters =
        new Settings(command.getCommandSpec()).told("--told").put("other", "x").in(known);
    assertThat(parameters.keySet())
        .containsExactlyInAnyOrder(
            "mine", "other", "think_time_seconds", "job_size_bytes", "quick", "java_options");
    assertThat(parameters.get("think_time_seconds")).isEqualTo(0.005);
    assertThat(parameters.get("job_size_bytes")).isEqualTo(1L << 20);
    assertThat(parameters.get("quick")).isEqualTo(false);
    assertThat(known).containsOnlyKeys("mine");
  }
}
