package dev.platter.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.cli.Platter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.jr.ob.JSON;

/** {@code platter guest run}, from nothing to a result. */
@Timeout(900)
class GuestRunIT {
  @TempDir private Path directory;

  private record Run(int exitCode, String out, String err) {}

  private static Run platter(String... words) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    StringWriter err = new StringWriter();
    int exitCode = Platter.run(out, new PrintWriter(err), words);
    if (exitCode == 3) {
      throw TestVm.skipped(err.toString());
    }
    return new Run(exitCode, out.toString(UTF_8), err.toString());
  }

  private static double number(Map<?, ?> map, String key) {
    assertThat(map.get(key)).as(key).isInstanceOf(Number.class);
    return map.get(key) instanceof Number number ? number.doubleValue() : Double.NaN;
  }

  private static Map<?, ?> object(Map<?, ?> map, String key) {
    return map.get(key) instanceof Map<?, ?> inner ? inner : Map.of();
  }

  @Test
  void comparesPlattersDisksWithQemus() throws IOException {
    Path json = directory.resolve("guest.json");
    Path console = directory.resolve("console");
    // Also the one test that lets KVM try.
    Run run =
        platter(
            "guest",
            "run",
            "--peer=qemu",
            "--runs=2",
            "--total=16M",
            "--runtime=300ms",
            "--json=" + json,
            "--console=" + console);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out())
        .containsPattern("platter +ahci +\\d+\\.\\d+ ")
        .containsPattern("qemu +virtio +\\d+\\.\\d+ ")
        .containsPattern("platter ahci, iotest: 2 runs, \\d");
    assertThat(Files.readString(console)).contains("@platter done");
    Map<String, Object> document = JSON.std.mapFrom(json.toFile());
    assertThat(document).containsEntry("schema", "platter.guest/1");
    assertThat(run.err().contains("KVM does not run the guest"))
        .isEqualTo(String.valueOf(document.get("guest")).contains("accelerator=tcg"));
    List<?> rows = (List<?>) document.get("rows");
    assertThat(rows).hasSize(8);
    for (Object each : rows) {
      Map<?, ?> row = (Map<?, ?>) each;
      assertThat(row.get("runs")).isEqualTo(2);
      boolean iotest = "iotest".equals(row.get("workload"));
      Map<?, ?> spread = object(row, iotest ? "total_seconds" : "iops");
      assertThat(number(spread, "min")).isPositive().isLessThanOrEqualTo(number(spread, "max"));
      // 128 reads of 128K with pauses of 1 ms after each take this at the least.
      assertThat(!iotest || number(spread, "min") > 0.128).isTrue();
      if ("platter".equals(row.get("backend"))) {
        assertThat(number(object(row, "loop_counters"), "requests")).isPositive();
        assertThat(number(row, "ratio_to_qemu")).isPositive();
      } else {
        assertThat(row.get("loop_counters")).isNull();
      }
    }
  }

  @Test
  void aWritingLoopHasAMachineForEachDisk() throws IOException {
    Path image = Files.createTempFile(Path.of("/var/tmp"), "platter-it-", ".img");
    try {
      Files.write(image, new byte[16 << 20]);
      List<String> words =
          List.of(
              "guest",
              "run",
              image.toString(),
              "--workload=fio-like",
              "--rw=randwrite",
              "--iodepth=4",
              "--runtime=300ms",
              "--accel=tcg",
              "--json=-");
      Run refused = platter(words.toArray(new String[0]));
      assertThat(refused.exitCode()).isEqualTo(2);
      assertThat(Files.mismatch(image, zeroes())).isEqualTo(-1);

      String[] allowed = new String[words.size() + 1];
      words.toArray(allowed);
      allowed[words.size()] = "--destroy-data";
      Run run = platter(allowed);
      assertThat(run.exitCode()).as(run.err()).isZero();
      assertThat((List<?>) JSON.std.mapFrom(run.out()).get("rows")).hasSize(2);
      assertThat(Files.mismatch(image, zeroes())).isNotNegative();
    } finally {
      Files.delete(image);
    }
  }

  private Path zeroes() throws IOException {
    return Files.write(directory.resolve("zeroes"), new byte[16 << 20]);
  }

  @Test
  void theFilesOfAGuestAreToldAndCopied() {
    Run run = platter("guest", "build", "--output=" + directory.resolve("guest"));
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out())
        .contains(
            directory.resolve("guest").resolve("vmlinuz").toString(),
            directory.resolve("guest").resolve("initramfs.cpio.gz").toString());
    assertThat(directory.resolve("guest").resolve("vmlinuz")).isNotEmptyFile();
  }
}
