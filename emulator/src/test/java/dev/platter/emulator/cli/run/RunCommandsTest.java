package dev.platter.emulator.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.ChildProcess;
import dev.platter.emulator.ChildProcess.Ended;
import dev.platter.emulator.cli.Cli;
import dev.platter.emulator.cli.Platter;
import dev.platter.emulator.measure.workload.WriteLedger;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.jr.ob.JSON;

/** iotest and bench as their users type them. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class RunCommandsTest {
  private static final long IMAGE_BYTES = 4 << 20;

  @TempDir private Path directory;
  private Path image;

  @BeforeEach
  void makeImage() throws IOException {
    image = directory.resolve("disk.img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(IMAGE_BYTES);
    }
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> rows(Map<String, Object> document) {
    return (List<Map<String, Object>>) Objects.requireNonNull(document.get("rows"));
  }

  @Test
  void iotestPrintsARowForEachDeviceAndTheSameAsJson() throws IOException {
    Path json = directory.resolve("r.json");
    Cli cli =
        Cli.run(
            "iotest",
            image,
            "--total=1M",
            "--chunk=64K",
            "--batch-delay=0",
            "--completion-delay=0",
            "--cache=writeback",
            "--json",
            json);
    assertThat(cli.err()).isEmpty();
    assertThat(cli.exitCode()).isZero();
    // Below the table: that the host is busy, if it is, and that the image is empty.
    assertThat(
            cli.out()
                .lines()
                .takeWhile(line -> !line.startsWith("one run of each: "))
                .map(line -> line.split(" ", 2)[0]))
        .containsExactly("device", "raw", "ahci", "virtio");
    assertThat(cli.out().replaceAll("\\s+", " "))
        .contains("warning: 100 % of the image", "without the disk");
    Map<String, Object> document = JSON.std.mapFrom(Files.readString(json));
    assertThat(document).containsEntry("schema", "platter.iotest/1");
    assertThat(document).containsKeys("environment", "parameters");
    assertThat(rows(document)).hasSize(3);
    for (Map<String, Object> row : rows(document)) {
      assertThat(row)
          .containsEntry("runs", 1)
          .containsEntry("notify", true)
          .containsEntry("partial", false)
          .containsKeys(
              "device",
              "loop",
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
              "ioeventfds");
    }
    assertThat(rows(document).get(2).get("ratio_to_virtio")).isEqualTo(1.0);
    assertThat(String.valueOf(document.get("warnings"))).contains("kind=reads_without_disk");
    assertThat(Files.readString(json))
        .contains("\"scheduling\"", "\"waited_share\"", "\"pressure_share\"", "\"other_cpus\"");
    assertThat(Files.readString(json))
        .contains("\"raw\"", "\"main-loop\"", "\"iothread0\"", "\"ring_flags\"");
  }

  @Test
  void benchWritesADiskInMemoryWithoutBeingAskedTwice() throws IOException {
    Path json = directory.resolve("ram.json");
    Cli cli =
        Cli.run(
            "bench", "ram:4M", "--rw=randwrite", "--runtime=50ms", "--warmup=10ms", "--json", json);
    assertThat(cli.exitCode()).as(cli.err()).isZero();
    assertThat(cli.out()).contains("The disk is in memory");
    Map<String, Object> document = JSON.std.mapFrom(Files.readString(json));
    assertThat(rows(document)).hasSize(3);
    assertThat(document.get("environment"))
        .asInstanceOf(InstanceOfAssertFactories.MAP)
        .extractingByKey("image", InstanceOfAssertFactories.MAP)
        .containsEntry("path", "ram:4M")
        .containsEntry("type", "memory")
        .containsEntry("size_bytes", 4 << 20);
    assertThat(Cli.run("bench", "ram:4M", "--cache=writeback").err())
        .contains("--cache has no effect on a disk in memory");
    assertThat(Cli.run("bench", "ram:4M", "--rw=randwrite", "--verify").err())
        .contains("a disk in memory is gone");
    assertThat(Cli.run("bench", "ram:4x").err()).contains("'4x' is not a size");
    assertThat(Cli.run("bench", "ram:100T").exitCode()).isEqualTo(3);
  }

  /** A disk with large sectors, at the size that only those with small ones have, is none. */
  @Test
  void theSectorIsTheImages() throws IOException {
    for (String device : List.of("raw", "ahci", "virtio")) {
      Object[] read = {
        "bench",
        image,
        "--device",
        device,
        "--logical-block-size=4096",
        "--runtime=20ms",
        "--warmup=0",
        "--cache=writeback",
        "--rw=randwrite",
        "--verify",
        "--destroy-data",
      };
      assertThat(Cli.run(read).err()).isEmpty();
      assertThat(Cli.run(read).exitCode()).isZero();
    }
    Files.write(image, new byte[512], StandardOpenOption.APPEND);
    for (String command : List.of("iotest", "bench")) {
      Cli cli = Cli.run(command, image, "--logical-block-size=4096", "--cache=writeback");
      assertThat(cli.err()).contains("is not a multiple of 4096");
      assertThat(cli.exitCode()).isEqualTo(2);
    }
  }

  @Test
  void jsonOnStandardOutputIsAllThereIs() throws IOException {
    Cli cli =
        Cli.run(
            "bench",
            image,
            "--device=raw",
            "--runtime=50ms",
            "--warmup=0",
            "--cache=writeback",
            "--json=-");
    assertThat(cli.exitCode()).isZero();
    Map<String, Object> document = JSON.std.mapFrom(cli.out());
    assertThat(document).containsEntry("schema", "platter.bench/1");
    assertThat(rows(document).getFirst())
        .containsEntry("device", "raw")
        .containsKeys("iops", "iops_ratio_to_raw", "p50_us", "p50_minus_raw_us");
  }

  @Test
  void aReportIsThePageOfTheSameFigures() throws IOException {
    Path json = directory.resolve("r.json");
    Path page = directory.resolve("it's a page.html");
    Cli cli =
        Cli.run(
            "iotest",
            image,
            "--total=256K",
            "--chunk=64K",
            "--batch-delay=0",
            "--completion-delay=0",
            "--cache=writeback",
            "--json",
            json,
            "--report",
            page);
    assertThat(cli.err()).isEmpty();
    assertThat(cli.exitCode()).isZero();
    Map<String, Object> document = JSON.std.mapFrom(Files.readString(json));
    assertThat(List.copyOf(document.keySet())).startsWith("schema", "created", "command");
    assertThat(document.get("created"))
        .asString()
        .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ");
    assertThat(document.get("command"))
        .asString()
        .startsWith("./platter iotest " + image + " --total=256K --chunk=64K")
        .endsWith(" --report '" + directory + "/it'\\''s a page.html'");
    assertThat(page)
        .content()
        .startsWith("<!DOCTYPE html>\n<!-- Platter report -->")
        .contains("<h1>iotest: ", "data-key=\"1:rows[2].latency_us.p50\"");
  }

  @Test
  void aReportCanBeMailed() {
    for (String form : List.of("r.txt", "r.md")) {
      Path report = directory.resolve(form);
      Cli cli =
          Cli.run(
              "bench",
              image,
              "--device=raw,virtio",
              "--runtime=20ms",
              "--warmup=0",
              "--cache=writeback",
              "--report",
              report);
      assertThat(cli.err()).isEmpty();
      assertThat(cli.exitCode()).isZero();
      assertThat(report)
          .content()
          .contains("Platter report: bench: ", "Figures", "Why", "Environment", "Linux ")
          .contains("./platter bench ")
          .satisfies(text -> assertThat(text.lines().toList()).hasSizeLessThanOrEqualTo(40));
    }
  }

  @Test
  void aReportIsNotWrittenOverAnythingElse() throws IOException {
    Files.writeString(image, "boot sector");
    byte[] before = Files.readAllBytes(image);
    Cli cli = Cli.run("iotest", "--report", image);
    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).contains("something else than a report of Platter's");
    assertThat(Files.readAllBytes(image)).isEqualTo(before);
    Path both = directory.resolve("x");
    Cli same = Cli.run("bench", "--json", both, "--report", both);
    assertThat(same.err()).contains("--json and --report name the same file");
    assertThat(same.exitCode()).isEqualTo(2);
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> verification(Map<String, Object> row) {
    return (Map<String, Object>) Objects.requireNonNull(row.get("verification"));
  }

  private Cli bench(Object... more) {
    return benchFor(200, more);
  }

  private Cli benchFor(int millis, Object... more) {
    List<Object> words = new ArrayList<>(List.of("bench", image, "--device=raw", "--warmup=0"));
    words.addAll(List.of("--runtime=" + millis + "ms", "--cache=writeback"));
    words.addAll(List.of(more));
    return Cli.run(words.toArray());
  }

  @Test
  void whatWasVerifiedIsInTheTableAndInTheJson() throws IOException {
    Path json = directory.resolve("r.json");
    // Two writes fill it, and so many are made on the slowest host.
    Files.write(image, new byte[64 << 10]);
    Cli written = bench("--rw=write", "--bs=32K", "--verify", "--destroy-data", "--json", json);
    assertThat(written.err()).isEmpty();
    Map<String, Object> row = rows(JSON.std.mapFrom(Files.readString(json))).getFirst();
    assertThat(verification(row))
        .containsEntry("read_sectors", 0)
        .containsEntry("wrong_sectors", 0)
        .containsEntry("first_wrong", List.of());
    Number sectors = (Number) Objects.requireNonNull(verification(row).get("read_back_sectors"));
    assertThat(sectors.longValue()).isPositive();
    assertThat(written.out())
        .contains(
            String.format(Locale.ROOT, "raw: verified %,d sectors by reading back\n", sectors));
    Cli read = bench("--rw=read", "--verify", "--json=-");
    assertThat(read.err()).isEmpty();
    assertThat(verification(rows(JSON.std.mapFrom(read.out())).getFirst()))
        .containsEntry("read_back_sectors", 0);
    assertThat(rows(JSON.std.mapFrom(bench("--json=-").out())).getFirst())
        .containsEntry("verification", null);
  }

  /** The image holds nothing that bench has written. */
  @Test
  void aWrongSectorIsInTheTableAndInTheJsonAndFailsTheRun() throws IOException {
    Path json = directory.resolve("r.json");
    Cli cli = bench("--rw=read", "--verify", "--json", json);
    assertThat(cli.exitCode()).isEqualTo(1);
    assertThat(cli.err())
        .startsWith("platter: verification failed: ")
        .contains("\n  offset 0: lost, holds zeroes\n")
        .contains("\n  try: docs/bench.md");
    assertThat(cli.out()).startsWith("device ").contains("raw: verified ").contains(" wrong\n");
    Map<String, Object> found =
        verification(rows(JSON.std.mapFrom(Files.readString(json))).getFirst());
    assertThat(((Number) Objects.requireNonNull(found.get("wrong_sectors"))).longValue())
        .isPositive();
    assertThat(Objects.requireNonNull(found.get("wrong")))
        .asInstanceOf(InstanceOfAssertFactories.map(String.class, Object.class))
        .containsEntry("torn", 0)
        .containsEntry("lost", found.get("wrong_sectors"));
  }

  @Test
  void aSweepHasARowForEachDepthAndItsCurve() throws IOException {
    Path json = directory.resolve("r.json");
    Path page = directory.resolve("r.html");
    Cli cli =
        Cli.run(
            "bench",
            image,
            "--device=raw,virtio",
            "--iodepth=1,4",
            "--runtime=30ms",
            "--warmup=0",
            "--cache=writeback",
            "--json",
            json,
            "--report",
            page);
    assertThat(cli.err()).isEmpty();
    assertThat(cli.exitCode()).isZero();
    Map<String, Object> document = JSON.std.mapFrom(Files.readString(json));
    assertThat(document.get("parameters"))
        .asInstanceOf(InstanceOfAssertFactories.map(String.class, Object.class))
        .containsEntry("iodepth", null)
        .containsEntry("iodepths", List.of(1, 4));
    assertThat(rows(document))
        .extracting(row -> row.get("label") + " " + row.get("iodepth"))
        .containsExactly(
            "raw (depth 1) 1", "virtio (depth 1) 1", "raw (depth 4) 4", "virtio (depth 4) 4");
    assertThat(rows(document).get(1).get("iops_ratio_to_raw")).isNotNull();
    assertThat(cli.out())
        .containsPattern("\nvirtio \\(depth 4\\) ")
        .contains("\nIOPS over latency, by depth\n")
        .containsPattern("\nvirtio +4 ");
    assertThat(page).content().contains("class=\"chart lines sweep\"");
  }

  @Test
  void aMixReportsEachOperationAndEachJob() throws IOException {
    Path json = directory.resolve("r.json");
    Object[] mix = {
      "--rw=randrw",
      "--rwmixread=60",
      "--rwmixtrim=10",
      "--numjobs=2",
      "--iodepth=4",
      "--destroy-data",
      "--verify",
      "--json",
      json,
      "--report",
      directory.resolve("r.html")
    };
    List<Pattern> tells =
        Stream.of(
                "\ndevice +operation +per second ",
                "\nraw +read +[0-9]",
                "\nraw +write +[0-9]",
                "\nraw: each job made [0-9.,]+ to [0-9.,]+ IOPS\n",
                "raw: verified [0-9,]+ sectors as read, [0-9,]+ sectors by")
            .map(Pattern::compile)
            .toList();
    Cli cli = bench(mix);
    // On a host that is busy enough, it takes longer until there has been some of each.
    for (int millis = 400; millis < 30_000; millis *= 2) {
      String out = cli.out();
      if (tells.stream().allMatch(tell -> tell.matcher(out).find())) {
        break;
      }
      cli = benchFor(millis, mix);
    }
    assertThat(cli.err()).isEmpty();
    assertThat(cli.out())
        .satisfies(out -> tells.forEach(tell -> assertThat(out).containsPattern(tell)));
    Map<String, Object> document = JSON.std.mapFrom(Files.readString(json));
    assertThat(document.get("parameters"))
        .asInstanceOf(InstanceOfAssertFactories.map(String.class, Object.class))
        .containsEntry("read_percent", 60)
        .containsEntry("trim_percent", 10)
        .containsEntry("numjobs", 2)
        .containsEntry("rate_iops", 0)
        .containsEntry("thinktime_seconds", 0.0)
        .containsEntry("iodepth", 4)
        .doesNotContainKeys("rwmixread", "rwmixtrim");
    Map<String, Object> row = rows(document).getFirst();
    assertThat(Objects.requireNonNull(row.get("operations")))
        .asInstanceOf(InstanceOfAssertFactories.map(String.class, Object.class))
        .containsKeys("read", "write");
    assertThat(Objects.requireNonNull(row.get("job_iops")))
        .asInstanceOf(InstanceOfAssertFactories.map(String.class, Object.class))
        .containsOnlyKeys("median", "min", "max");
    assertThat(directory.resolve("r.html"))
        .content()
        .contains("data-key=\"1:rows[0].operations.read.latency_us.max\"");
  }

  @Test
  void aVerificationByItselfIsADocument() throws IOException {
    Path state = directory.resolve("state");
    Cli written = bench("--rw=write", "--verify", "--destroy-data", "--verify-state", state);
    assertThat(written.err()).isEmpty();
    Cli good = Cli.run("bench", image, "--verify-only", "--verify-state", state, "--json=-");
    assertThat(good.err()).isEmpty();
    Map<String, Object> document = JSON.std.mapFrom(good.out());
    assertThat(document)
        .containsEntry("schema", "platter.verify/1")
        .containsEntry("parameters", Map.of("verify_state", state.toString()))
        .containsEntry("run", WriteLedger.readState(state).run().toString())
        .containsKeys("created", "command", "environment");
    assertThat(verification(document)).containsEntry("wrong_sectors", 0);

    Files.write(image, new byte[(int) IMAGE_BYTES]);
    Cli bad = Cli.run("bench", image, "--verify-only", "--verify-state", state, "--json=-");
    assertThat(bad.exitCode()).isEqualTo(1);
    assertThat(bad.err()).contains(" lost)");
    Map<String, Object> found = verification(JSON.std.mapFrom(bad.out()));
    assertThat(found)
        .containsEntry("wrong_sectors", found.get("sectors"))
        .containsEntry("read_back_sectors", found.get("sectors"));
  }

  @Test
  void aVerdictIsToldAlsoIfItsJsonCannotBeWritten() throws IOException {
    Path state = directory.resolve("state");
    Cli written = bench("--rw=write", "--verify", "--destroy-data", "--verify-state", state);
    assertThat(written.err()).isEmpty();
    Files.write(image, new byte[(int) IMAGE_BYTES]);
    Cli bad = Cli.run("bench", image, "--verify-only", "--verify-state", state, "--json=/dev/full");
    assertThat(bad.exitCode()).isEqualTo(1);
    assertThat(bad.err()).contains(" lost)", "platter: cannot write JSON to /dev/full: ");
  }

  /** In a process of its own, which has a TMPDIR of its own: others may make theirs meanwhile. */
  @Test
  void aScratchImageIsRemoved(@TempDir Path temporary) throws Exception {
    ProcessBuilder builder =
        ChildJvm.builder(
            Platter.class,
            "bench",
            "--device=raw",
            "--size=1M",
            "--runtime=20ms",
            "--warmup=0",
            "--verify",
            "--cache=writeback");
    builder.environment().put("TMPDIR", temporary.toString());
    Ended ended = ChildProcess.run(builder);
    assertThat(ended.exitCode()).as(ended.output()).isZero();
    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void writingToAGivenImageNeedsPermission() throws IOException {
    byte[] before = Files.readAllBytes(image);
    Cli cli = Cli.run("bench", image, "--rw=randwrite", "--runtime=20ms");
    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).contains("would overwrite").contains("--destroy-data");
    assertThat(Files.readAllBytes(image)).isEqualTo(before);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "iotest --chunk=1000                 | --chunk must be a multiple of 512",
        "iotest --total=0                    | --total must be a multiple of --chunk",
        "iotest --chunk=1G --batch=1         | --total must be a multiple of --chunk, which is 1G",
        "iotest --chunk=1G --total=1G        | --chunk times --batch must not exceed 1G",
        "iotest --chunk=0                    | --chunk must be a multiple of 512, and not 0",
        "bench --size=0                      | --size must not be less than a request: --bs is 4K",
        "bench --size=1000000                | --size must be a multiple of 512",
        "iotest --batch=33                   | --batch must be between 1 and 32",
        "iotest --runs=0                     | --runs must be at least 1",
        "iotest --device=ahci,nvme           | is not one of raw, ahci, virtio",
        "iotest --ablate=everything          | is not one of notify",
        "iotest --ring-flags=magic           | there is no flag",
        "iotest --ablate=notify --device=virtio | --ablate has no effect without ahci",
        "iotest --halt-poll=1us --device=raw | --halt-poll has no effect without a device that",
        "bench --queues=2 --device=ahci | --queues has no effect without virtio",
        "bench --iothreads=2 --device=raw,ahci | --iothreads has no effect without virtio",
        "bench /no/such/image --size=1M | --size has no effect on an image that is there",
        "iotest --logical-block-size=4k      | is not one of 512, 4096",
        "iotest --logical-block-size=4096 --chunk=6K | --chunk must be a multiple of 4096",
        "bench --logical-block-size=4096 --bs=512-1M | --bs must be a multiple of 4096",
        "iotest /no/such/image               | no such file",
        "iotest /                            | directory",
        "bench --bs=1M-512                   | upside down",
        "bench --iodepth=0                   | --iodepth must be between 1 and 1024",
        "bench --bs=1G --iodepth=64          | must not exceed 1G",
        "bench --iodepth=1,0,4               | --iodepth must be between 1 and 1024",
        "bench --iodepth=4,4                 | names a depth twice",
        "bench --numjobs=0                   | --numjobs must be between 1 and 64",
        "bench --numjobs=64 --iodepth=32     | must not exceed 1024 requests",
        "bench --rate-iops=-1                | --rate-iops must be between 0 and 1000000",
        "bench --rwmixread=50                | have no effect with --rw randread",
        "bench --rw=randrw --rwmixread=101   | must be between 0 and 100",
        "bench --rw=trim --verify            | --verify has nothing to check with --rw trim",
        "bench --fsync=4                     | --fsync has no effect with --rw randread",
        "bench --verify-state=x              | --verify-state goes with --verify",
        "bench --rw=read --verify --verify-state=x | needs the IMAGE that it tells of",
        "bench --rw=rw --rwmixtrim=1 --verify --verify-state=x | cannot tell what is stable",
        "bench x --rw=randtrim               | --rw randtrim would overwrite x",
        "bench --rw=randwrite --device=raw --iodepth=1,2 --verify --verify-state=x | at one depth",
        "guest run --rw=randrw               | is a pattern of platter bench",
        "bench --queues=0                    | --queues must be between 1 and 64",
        "bench --rw=scribble                 | is not one of read, write, randread, randwrite",
        "bench --verify-only                 | --verify-only needs IMAGE",
        "bench x --verify-only --verify-state=y --stages | there are no stages",
        "bench x --verify-only --verify-state=y --report=z | --verify-only measures nothing",
        "bench --json=/no/such/dir/x.json    | there is no directory",
      })
  void badInputIsToldBeforeAnythingIsDone(String command, String message) {
    Cli cli = Cli.run((Object[]) command.split(" "));
    assertThat(cli.err()).startsWith("platter: ").contains(message);
    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.out()).isEmpty();
  }

  @Test
  void anEmptyOrOddImageIsNoDisk() throws IOException {
    Path empty = Files.createFile(directory.resolve("empty.img"));
    assertThat(Cli.run("iotest", empty).err()).contains("it is empty");
    byte[] bytes = new byte[1000];
    Path odd = Files.write(directory.resolve("odd.img"), bytes);
    for (String command : List.of("iotest", "bench")) {
      for (String device : List.of("raw", "ahci", "virtio")) {
        Cli cli = Cli.run(command, odd, "--device", device, "--cache=writeback");
        assertThat(cli.err()).contains("1000 bytes is not a multiple of 512");
        assertThat(cli.exitCode()).isEqualTo(2);
        assertThat(cli.out()).isEmpty();
      }
    }
    assertThat(odd).hasBinaryContent(bytes);
  }

  @Test
  void aResultIsNotWrittenOverAnImage() throws IOException {
    Files.writeString(image, "boot sector");
    byte[] before = Files.readAllBytes(image);
    for (Object[] command :
        List.of(
            new Object[] {"iotest", "--json", image},
            new Object[] {"iotest", image, "--json", image},
            new Object[] {"bench", "--json", image})) {
      Cli cli = Cli.run(command);
      assertThat(cli.exitCode()).isEqualTo(2);
      assertThat(cli.err()).contains("something else than JSON");
    }
    assertThat(Files.readAllBytes(image)).isEqualTo(before);
  }

  @Test
  void aVerifyStateIsNotWrittenOverSomethingElse() throws IOException {
    Path precious = Files.writeString(directory.resolve("thesis.tex"), "precious".repeat(1000));
    Cli cli =
        Cli.run(
            "bench",
            image,
            "--device=raw",
            "--rw=randwrite",
            "--verify",
            "--destroy-data",
            "--runtime=20ms",
            "--warmup=0",
            "--cache=writeback",
            "--verify-state",
            precious);
    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).contains("will not be overwritten");
    assertThat(precious).hasContent("precious".repeat(1000));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "iotest IMAGE --chunk=8M --total=8M            | smaller than one request: --chunk is 8M",
        "iotest IMAGE --chunk=2M --total=2M --batch=1 --device=virtio | --chunk 2M: requests of",
        "bench IMAGE --bs=2M --device=virtio           | more than this disk's driver takes",
        "bench IMAGE --bs=64M --device=ahci            | smaller than one request",
        "bench IMAGE --rw=write --bs=512K --iodepth=32 --verify --destroy-data | too small to"
            + " verify",
      })
  void whatTheDiskCannotDoIsRefused(String command, String message) {
    Cli cli =
        Cli.run(
            (Object[])
                (command + " --cache=writeback").replace("IMAGE", image.toString()).split(" +"));
    assertThat(cli.err()).startsWith("platter: ").contains(message);
    assertThat(cli.exitCode()).isEqualTo(2);
  }

  /** A run that fails does not take with it what was measured before. */
  @Test
  void whatWasMeasuredBeforeAFailureIsPrintedAndWritten() throws IOException {
    Path json = directory.resolve("r.json");
    Path page = directory.resolve("r.html");
    Cli cli =
        Cli.run(
            "bench",
            image,
            "--bs=2M",
            "--device=raw,virtio",
            "--runtime=20ms",
            "--warmup=0",
            "--cache=writeback",
            "--json",
            json,
            "--report",
            page);
    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).startsWith("platter: --bs 2M: requests of 2097152 bytes").hasLineCount(2);
    assertThat(cli.out().lines().map(line -> line.split(" ", 2)[0])).startsWith("device", "raw");
    Map<String, Object> document = JSON.std.mapFrom(Files.readString(json));
    assertThat(rows(document)).hasSize(1);
    assertThat(document.get("failure")).asString().startsWith("--bs 2M: requests of");
    assertThat(page).content().contains("<h1>bench: ");
  }

  /** All rows that there can be, with long names, their stages, and what went wrong. */
  @ParameterizedTest
  @CsvSource({"iotest, time s", "bench, IOPS"})
  void tablesFit80ColumnsUnlessTheyShallBeWide(String command, String column) {
    List<Object> words = new ArrayList<>(List.of(command, image, "--stages", "--cache=writeback"));
    words.addAll(
        command.equals("iotest")
            ? List.of("--ablate=cq-check", "--total=1M", "--chunk=64K", "--completion-delay=0")
            : List.of("--runtime=20ms", "--warmup=0", "--iodepth=1,32"));
    Cli fits = Cli.run(words.toArray());
    assertThat(fits.exitCode()).isZero();
    assertThat(fits.out()).contains(column, "p99 us", "BW").doesNotContain("wakeups");
    assertThat(fits.out().lines())
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80));
    words.add("--wide");
    assertThat(Cli.run(words.toArray()).out())
        .contains("thread", "usr CPU s", "req/syscall", "wakeups");
  }

  @Test
  void whatAnAblationDoesComesFirst() {
    Cli cli =
        Cli.run(
            "iotest",
            image,
            "--device=ahci",
            "--ablate=cq-check",
            "--total=1M",
            "--chunk=64K",
            "--batch-delay=0",
            "--completion-delay=0",
            "--cache=writeback");
    assertThat(cli.exitCode()).isZero();
    assertThat(cli.out().replace('\n', ' '))
        .matches(
            "SATA without cq check takes \\d+\\.\\d+ s against \\d+\\.\\d+ s of SATA \\(one run;"
                + " take `--runs 5` before relying on it\\), [0-9.]+ times as long(; stages were"
                + " not recorded, so the reason is not known)?\\.  device .*");
  }

  @Test
  void aScratchImageThatDoesNotFitIsNotBegun() {
    Cli cli = Cli.run("bench", "--size=1000000G", "--runtime=20ms");
    assertThat(cli.exitCode()).isEqualTo(1);
    assertThat(cli.err())
        .startsWith("platter: cannot make a scratch image of 1073741824000000 bytes in ")
        .contains(" bytes are free\n  try: ");
  }

  @Test
  void requestsLargerThanTheImageAreRefused() {
    Cli cli = Cli.run("bench", image, "--bs=8M", "--runtime=20ms", "--cache=writeback");
    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).contains("smaller than one request");
  }
}
