package dev.platter.emulator.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.AioConfig;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.cli.Cli;
import dev.platter.emulator.cli.run.FaultyDisk.Fault;
import dev.platter.emulator.measure.workload.Bench;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.TestBed;
import dev.platter.emulator.measure.workload.WriteLedger;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.jr.ob.JSON;

/**
 * A disk that loses, reorders, tears, takes back or misdirects one write, and acknowledges all: the
 * table of docs/bench.md, on an image of zeroes and on one that a longer run has filled before.
 */
@Timeout(120)
@Tag("slow")
class PlantedFaultsTest {
  private static final int PIECES = 256;

  @TempDir private Path directory;

  private Path newImage(String name) throws IOException {
    Path image = directory.resolve(name);
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(PIECES * (long) FaultyDisk.PIECE);
    }
    return image;
  }

  /** Writes pieces in order, from the first on, one at a time, and flushes. */
  private FaultyDisk run(Path image, Path state, Fault fault, int writes) {
    TestBed.Setup setup =
        new TestBed.Setup(
            image.toString(),
            ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK),
            AioConfig.mainLoop(),
            AioConfig.ioThread(),
            1,
            1,
            1,
            FaultyDisk.PIECE,
            0);
    Bench.Options options =
        new Bench.Options(
            Bench.Pattern.WRITE,
            FaultyDisk.PIECE,
            FaultyDisk.PIECE,
            4,
            0,
            60_000_000_000L,
            0,
            1,
            Bench.Mix.EVEN,
            Bench.Jobs.ONE);
    FaultyDisk[] made = new FaultyDisk[1];
    TestBed.run(
        DeviceKind.RAW,
        setup,
        (target, measurement) -> {
          FaultyDisk disk = new FaultyDisk(target, image, fault, writes);
          made[0] = disk;
          WriteLedger ledger = new WriteLedger(target.capacityBytes(), state);
          return new Bench(disk, options, ledger, disk).run(measurement);
        });
    return Objects.requireNonNull(made[0]);
  }

  @ParameterizedTest
  @CsvSource({
    "NONE,        fresh,",
    "NONE,        used,",
    "DROPPED,     fresh, 8 lost",
    "DROPPED,     used,  8 stale",
    "REORDERED,   fresh, 8 lost",
    "REORDERED,   used,  8 lost",
    "TORN,        fresh, 1 torn",
    "TORN,        used,  1 torn",
    "STALE,       fresh, 8 stale",
    "STALE,       used,  8 stale",
    "MISDIRECTED, fresh, '8 lost, 8 misplaced'",
    "MISDIRECTED, used,  '8 stale, 8 misplaced'",
  })
  void everyFaultIsFoundAndNamed(Fault fault, String kind, String verdict) throws IOException {
    Path image = newImage("disk.img");
    Path other = newImage("other.img");
    Path state = directory.resolve("state");
    run(other, directory.resolve("other.state"), Fault.NONE, 3 * PIECES);
    if (kind.equals("used")) {
      run(image, state, Fault.NONE, 3 * PIECES);
    }
    // The place that has the fault is written once, or twice where two writes are needed.
    int writes = 200 + (fault == Fault.REORDERED ? PIECES : 0);
    run(image, state, fault, writes).end(other);
    Cli cli = Cli.run("bench", image, "--verify-only", "--verify-state", state);
    if (fault == Fault.NONE) {
      assertThat(cli).isEqualTo(new Cli(0, cli.out(), ""));
      assertThat(cli.out()).startsWith("verified ").contains(" sectors");
    } else {
      assertThat(cli.exitCode()).as(cli.out()).isEqualTo(1);
      assertThat(cli.err()).contains(" wrong (" + verdict + ")");
      assertThat(cli.out()).doesNotContain("verified ");
    }
  }

  private Cli readAll(Path image, Object... more) {
    List<Object> words = new ArrayList<>(List.of("bench", image, "--rw=read"));
    words.addAll(List.of("--device=raw,ahci,virtio", "--runtime=20ms", "--warmup=0"));
    words.addAll(List.of("--cache=writeback", "--verify"));
    words.addAll(List.of(more));
    return Cli.run(words.toArray());
  }

  /** Through a device, in requests of the whole image. */
  @Test
  void readingWithTheStateOfTheRunFindsWhatReadingAloneCannot() throws IOException {
    Path image = newImage("disk.img");
    Path other = newImage("other.img");
    Path state = directory.resolve("state");
    run(other, directory.resolve("other.state"), Fault.NONE, 3 * PIECES);
    run(image, state, Fault.NONE, PIECES);
    Cli good = readAll(image, "--bs=1M", "--verify-state", state);
    assertThat(good.err()).isEmpty();
    assertThat(good.out()).contains("\nvirtio: verified ");

    run(image, state, Fault.STALE, PIECES).end(other);
    assertThat(readAll(image, "--bs=1M").exitCode()).isZero();
    Path json = directory.resolve("bad.json");
    Cli bad = readAll(image, "--bs=1M", "--verify-state", state, "--json", json);
    assertThat(bad.exitCode()).isEqualTo(1);
    assertThat(String.valueOf(JSON.std.mapFrom(json.toFile()).get("failure")))
        .startsWith("verification failed: ");
    assertThat(bad.err()).contains(" stale)\n  offset 69632: stale, holds write ");

    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(PIECES * (long) FaultyDisk.PIECE - 4096);
    }
    Cli cut = readAll(image, "--bs=4k", "--verify-state", state);
    assertThat(cut.exitCode()).isEqualTo(1);
    assertThat(cut.err()).contains("smaller than when it was written");
  }

  /** A record of nothing says nothing of any image. */
  @Test
  void aStateInWhichNothingIsStableVerifiesNothing() throws IOException {
    Path image = newImage("disk.img");
    Path state = directory.resolve("state");
    assertThat(new WriteLedger(Files.size(image), state).completed()).isNotEmpty();
    Cli cli = Cli.run("bench", image, "--verify-only", "--verify-state", state);
    assertThat(cli.exitCode()).isEqualTo(1);
    assertThat(cli.err()).contains("nothing was verified", "--fsync");
  }

  /** The table of docs/bench.md is what this test finds. */
  @Test
  void theDocumentedTableIsThis() throws Exception {
    String documentation = Files.readString(Path.of("../docs/bench.md"));
    CsvSource rows =
        Objects.requireNonNull(
            PlantedFaultsTest.class
                .getDeclaredMethod(
                    "everyFaultIsFoundAndNamed", Fault.class, String.class, String.class)
                .getAnnotation(CsvSource.class));
    Map<String, String> verdicts = new HashMap<>();
    for (String row : rows.value()) {
      String[] cells = row.split(",", 3);
      String verdict = cells[2].replace("'", "").strip();
      verdicts.put(
          cells[0].strip() + " " + cells[1].strip(),
          verdict.isEmpty() ? "verified, exit code 0" : verdict);
    }
    for (Fault fault : Fault.values()) {
      assertThat(documentation)
          .contains(
              "| "
                  + verdicts.get(fault + " fresh")
                  + " | "
                  + verdicts.get(fault + " used")
                  + " | `PlantedFaultsTest` (`"
                  + fault
                  + "`) |");
    }
  }

  /** The options that the documentation names are there. */
  @Test
  void everyOptionOfTheDocumentationIsThere() throws IOException {
    String help = Cli.run("bench", "--help").out();
    Matcher option =
        Pattern.compile("--[a-z][a-z-]+")
            .matcher(Files.readString(Path.of("../docs/bench.md")).replace("--output-format", ""));
    int found = 0;
    while (option.find()) {
      assertThat(help).contains(option.group());
      found++;
    }
    assertThat(found).isGreaterThan(30);
  }
}
