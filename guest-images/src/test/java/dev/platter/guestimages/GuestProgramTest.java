package dev.platter.guestimages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.jr.ob.JSON;

/** The guest's program, run on the host against a file. */
class GuestProgramTest {
  @TempDir private static Path directory;
  private static @Nullable Path program;
  private static String reason = "";

  @BeforeAll
  static void compile() throws IOException {
    try {
      Path work = Files.createDirectory(directory.resolve("work"));
      program = GuestProgram.compile(work);
    } catch (GuestImageException e) {
      if (e.kind() != GuestImageException.Kind.HOST_LACKS) {
        throw e;
      }
      reason = e.getMessage() + "; " + e.remedy();
    }
  }

  private static HostCommand.Result run(String... words) {
    assumeTrue(program != null, reason);
    List<String> command = new ArrayList<>(List.of(String.valueOf(program)));
    command.addAll(List.of(words));
    HostCommand.Result result = HostCommand.run(null, command);
    assumeTrue(!result.errors().contains("there is no io_uring"), result.errors());
    assumeTrue(!result.errors().contains("cannot open " + directory), result.errors());
    return result;
  }

  private static Path image(long bytes) {
    Path image = directory.resolve("image-" + System.nanoTime());
    KnownImage.create(image, bytes, 3);
    return image;
  }

  private static Map<String, Object> json(String line) {
    return JSON.std.mapFrom(line);
  }

  private static Object value(Map<String, Object> map, String key) {
    return Objects.requireNonNull(map.get(key), key);
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> row(Map<String, Object> document) {
    return (Map<String, Object>) ((List<Object>) value(document, "rows")).getFirst();
  }

  @SuppressWarnings("unchecked")
  private static double number(Map<String, Object> map, String key, String inner) {
    return ((Number) value((Map<String, Object>) value(map, key), inner)).doubleValue();
  }

  @Test
  void iotestPrintsTheDocumentOfPlatterIotest() {
    Path image = image(4L << 20);
    HostCommand.Result result =
        run("iotest", "disk=" + image, "total=8M", "chunk=128K", "batch=16", "runs=2", "device=x");
    assertThat(result.status()).as(result.errors()).isZero();
    Map<String, Object> document = json(result.output());
    assertThat(document)
        .containsEntry("schema", "platter.iotest/1")
        .containsKeys("environment", "parameters", "rows");
    assertThat(document.get("parameters"))
        .isEqualTo(
            Map.of(
                "total_bytes", 8 << 20,
                "chunk_bytes", 128 << 10,
                "batch", 16,
                "batch_delay_us", 1000,
                "completion_delay_us", 1000));
    Map<String, Object> row = row(document);
    // docs/json.md: the keys of such a row.
    assertThat(row)
        .containsKeys(
            "device",
            "loop",
            "notify",
            "runs",
            "partial",
            "total_seconds",
            "ratio_to_virtio",
            "latency_us",
            "bytes_per_second",
            "cpu_seconds",
            "requests_per_enter",
            "notifies",
            "loop_counters",
            "big_lock",
            "mmio_exits",
            "ioeventfds")
        .containsEntry("device", "x")
        .containsEntry("runs", 2);
    // 64 pauses after completions and 4 before batches, 1 ms each, are the least that it can take.
    double median = number(row, "total_seconds", "median");
    assertThat(median).isBetween(0.068, 30.0);
    assertThat(((Number) value(row, "bytes_per_second")).doubleValue())
        .isBetween((8 << 20) / 30.0, (8 << 20) / 0.068);
    assertPercentilesRise(row);
  }

  private static void assertPercentilesRise(Map<String, Object> row) {
    double p50 = number(row, "latency_us", "p50");
    double p99 = number(row, "latency_us", "p99");
    double max = number(row, "latency_us", "max");
    assertThat(p50).isPositive().isLessThanOrEqualTo(p99);
    assertThat(number(row, "latency_us", "p99_9")).isBetween(p99, max);
    assertThat(number(row, "latency_us", "mean")).isPositive().isLessThanOrEqualTo(max);
  }

  @ParameterizedTest
  @CsvSource({"randread,1", "read,8", "randwrite,4", "write,1"})
  void benchPrintsTheDocumentOfPlatterBench(String rw, int depth) {
    Path image = image(4L << 20);
    HostCommand.Result result =
        run("bench", "disk=" + image, "rw=" + rw, "iodepth=" + depth, "warmup_ms=1", "count=200");
    assertThat(result.status()).as(result.errors()).isZero();
    Map<String, Object> document = json(result.output());
    assertThat(document).containsEntry("schema", "platter.bench/1");
    Map<String, Object> row = row(document);
    assertThat(row).containsKeys("iops", "p50_us", "iops_ratio_to_raw", "p50_minus_raw_us");
    assertThat(number(row, "iops", "median")).isBetween(1.0, 1e7);
    assertThat(number(row, "loop_counters", "requests")).isBetween(200.0, 200.0 + depth);
    assertPercentilesRise(row);
  }

  @Test
  void readingChangesNothing() {
    Path image = image(1 << 20);
    run("bench", "disk=" + image, "rw=randread", "warmup_ms=0", "count=10");
    assertThat(KnownImage.check(image, KnownImage.Manifest.ofPattern(3, 1 << 20))).isEmpty();
  }

  @Test
  void hashesAndPatternAreThoseOfJava() {
    long size = (2L << 20) + 4096;
    Path image = image(size);
    HostCommand.Result written = run("write-pattern", "disk=" + image, "seed=77");
    assertThat(json(written.output())).containsEntry("written_bytes", (int) size);
    KnownImage.Manifest expected = KnownImage.Manifest.ofPattern(77, size);
    assertThat(KnownImage.check(image, expected)).isEmpty();
    List<Map<String, Object>> lines =
        run("hash", "disk=" + image).lines().stream().map(GuestProgramTest::json).toList();
    assertThat(lines).hasSize(4);
    for (int i = 0; i < 3; i++) {
      assertThat(lines.get(i)).isEqualTo(Map.of("mib", i, "sha256", expected.sha256().get(i)));
    }
  }

  /** FIPS 180-4 pads differently around 56 and 64 bytes; whole sectors never show that. */
  @Test
  void hashesOfOddSizesAreRight() throws IOException {
    for (int size : new int[] {1, 55, 56, 63, 64, 65, 119, 120}) {
      byte[] content = new byte[size];
      content[0] = (byte) size;
      Path file = Files.write(directory.resolve("odd"), content);
      String line = run("hash", "disk=" + file, "direct=0").lines().getFirst();
      assertThat(json(line)).containsEntry("sha256", KnownPattern.sha256(ByteBuffer.wrap(content)));
    }
  }

  @Test
  void verifiedWritesReadBack() {
    HostCommand.Result result =
        run("verify-writes", "disk=" + image(4L << 20), "region=1M", "runtime_ms=300");
    assertThat(result.status()).as(result.output() + result.errors()).isZero();
    Map<String, Object> end = json(result.lines().getLast());
    assertThat(end).containsEntry("verified", true).containsEntry("lost", 0);
    assertThat((Integer) value(end, "flushes")).isPositive();
    assertThat((Integer) value(end, "writes"))
        .isGreaterThanOrEqualTo((Integer) value(end, "blocks"));
    assertThat(result.lines().getFirst()).startsWith("{\"flushed\":");
  }

  @ParameterizedTest
  @CsvSource({
    "torn,torn",
    "old,older_than_flush",
    "misplaced,misplaced",
    "stale,stale",
    "lost,lost"
  })
  void aSpoiltBlockFailsTheVerification(String spoil, String counter) {
    HostCommand.Result result =
        run("verify-writes", "disk=" + image(1 << 20), "runtime_ms=300", "spoil=" + spoil);
    assertThat(result.status()).isEqualTo(1);
    Map<String, Object> end = json(result.lines().getLast());
    assertThat(end).containsEntry("verified", false).containsEntry(counter, 1);
  }

  @Test
  void guardedMemoryAndReadsAreAsTheyShouldBe() {
    HostCommand.Result result =
        run(
            "guard-memory",
            "disk=" + image(4L << 20),
            "offset=1M",
            "bytes=2M",
            "seed=3",
            "runtime_ms=300");
    assertThat(result.status()).as(result.output() + result.errors()).isZero();
    Map<String, Object> end = json(result.lines().getLast());
    assertThat(end)
        .containsEntry("guarded", true)
        .containsEntry("wrong_reads", 0)
        .containsEntry("damaged_pages", 0);
    // Its area of 24 MiB, and the 16 pages of each read.
    assertThat((Integer) value(end, "checked_pages"))
        .isEqualTo(6144 + 16 * (Integer) value(end, "reads"));
  }

  @Test
  void aChangedBitInMemoryAndAWrongSectorAreSeen() {
    String disk = "disk=" + image(4L << 20);
    String[] words = {"guard-memory", disk, "offset=0", "bytes=4M", "runtime_ms=300"};
    HostCommand.Result spoilt = run(append(words, "seed=3", "spoil=1"));
    assertThat(spoilt.status()).isEqualTo(1);
    assertThat(json(spoilt.lines().getLast())).containsEntry("damaged_pages", 1);
    HostCommand.Result wrong = run(append(words, "seed=4"));
    assertThat(wrong.status()).isEqualTo(1);
    Map<String, Object> end = json(wrong.lines().getLast());
    assertThat(value(end, "wrong_reads")).isEqualTo(value(end, "reads")).isNotEqualTo(0);
    assertThat(end).containsEntry("damaged_pages", 0);
  }

  private static String[] append(String[] words, String... more) {
    List<String> all = new ArrayList<>(List.of(words));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  @Test
  void aWorkloadWithoutAnEndStopsWhenItIsTold() throws IOException {
    String disk = "disk=" + image(4L << 20);
    String until = "until=" + Files.createFile(directory.resolve("told"));
    HostCommand.Result writes =
        run("verify-writes", disk, "region=1M", "retry=1", "runtime_ms=86400000", until);
    assertThat(writes.status()).as(writes.output() + writes.errors()).isZero();
    assertThat(json(writes.lines().getLast())).containsEntry("io_errors", 0);
    HostCommand.Result guard = run("guard-memory", disk, "offset=0", "bytes=4M", "seed=3", until);
    assertThat(json(guard.lines().getLast())).containsEntry("reads", 0);
  }

  @Test
  void mistakesAreNamed() {
    String disk = "disk=" + image(1 << 20);
    assertThat(run("iotest", disk, "totl=1M").errors()).contains("unknown parameter totl");
    assertThat(run("iotest", disk, "total=1M5").errors()).contains("total=1M5 is no number");
    assertThat(run("bench", disk, "rw=trim").errors()).contains("trim");
    assertThat(run("hash", "disk=/nowhere").errors()).contains("/nowhere");
    assertThat(run("hash", "disk=/nowhere").status()).isEqualTo(1);
  }
}
