package dev.platter.emulator.cli.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.ChildProcess;
import dev.platter.emulator.ChildProcess.Ended;
import dev.platter.emulator.cli.Cli;
import dev.platter.emulator.cli.Platter;
import dev.platter.emulator.measure.workload.WriteLedger;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.jr.ob.JSON;

/** Runs in a JVM of their own, ended from outside in the middle. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class KilledRunTest {
  private static final long IMAGE_BYTES = 16 << 20;
  private static final int ENOUGH_STABLE_SECTORS = 2000;

  @TempDir private Path directory;
  private Path image;
  private Path state;

  @BeforeEach
  void makeImage() throws IOException {
    image = directory.resolve("disk.img");
    state = directory.resolve("state");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(IMAGE_BYTES);
    }
  }

  private Process start(String... arguments) throws IOException {
    return ChildProcess.start(command(arguments));
  }

  private ProcessBuilder command(String... arguments) {
    return ChildJvm.builder(Platter.class, arguments)
        .redirectOutput(directory.resolve("output").toFile());
  }

  private Process startWriting(String device, String... more) throws IOException {
    List<String> arguments = new ArrayList<>(List.of(more));
    arguments.addAll(
        List.of(
            image.toString(),
            "--device=" + device,
            "--rw=randwrite",
            "--bs=512-64K",
            "--iodepth=32",
            "--fsync=16",
            "--warmup=0",
            "--runtime=10m",
            "--cache=writeback",
            "--verify",
            "--verify-state=" + state,
            "--destroy-data"));
    arguments.addFirst("bench");
    return start(arguments.toArray(String[]::new));
  }

  private long stableSectors() {
    if (!Files.exists(state)) {
      return 0;
    }
    try {
      return Arrays.stream(WriteLedger.readState(state).generations()).filter(g -> g != 0).count();
    } catch (RuntimeException e) {
      return 0; // the process is only just making it
    }
  }

  private void awaitStableSectors(Process process) throws IOException, InterruptedException {
    while (stableSectors() < ENOUGH_STABLE_SECTORS) {
      assertThat(process.waitFor(20, TimeUnit.MILLISECONDS))
          .as("ended early: %s", Files.readString(directory.resolve("output")))
          .isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ahci", "virtio"})
  void whatAFlushHasAcknowledgedSurvivesSigkill(String device) throws Exception {
    Process process = startWriting(device);
    awaitStableSectors(process);
    process.destroyForcibly().waitFor();

    Cli verified =
        Cli.run("bench", image, "--device", device, "--verify-only", "--verify-state", state);
    assertThat(verified.err()).isEmpty();
    assertThat(verified.exitCode()).isZero();
    assertThat(verified.out()).startsWith("verified ");
    assertThat(image).hasSize(IMAGE_BYTES);

    // The check can fail: a stable sector that is gone is found.
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      int[] generations = WriteLedger.readState(state).generations();
      int sector = 0;
      while (generations[sector] == 0) {
        sector++;
      }
      file.seek(sector * 512L + 100);
      file.write(new byte[300]);
    }
    Cli spoilt =
        Cli.run("bench", image, "--device", device, "--verify-only", "--verify-state", state);
    assertThat(spoilt.exitCode()).isEqualTo(1);
    assertThat(spoilt.err()).contains("1 torn").contains("holds a part of a write");
  }

  @Test
  void anInterruptedScratchImageIsRemoved() throws Exception {
    long free = Files.getFileStore(directory).getUsableSpace() >> 20;
    ProcessBuilder builder = command("bench", "--size=" + free / 2 + "M", "--cache=writeback");
    builder.environment().put("TMPDIR", Files.createDirectory(directory.resolve("tmp")).toString());
    Process process = ChildProcess.start(builder);
    while (scratchBytes() < 1 << 20) {
      assertThat(process.waitFor(10, TimeUnit.MILLISECONDS))
          .as("ended early: %s", Files.readString(directory.resolve("output")))
          .isFalse();
    }
    process.destroy();
    assertThat(process.waitFor()).isEqualTo(128 + 15);
    assertThat(directory.resolve("tmp")).isEmptyDirectory();
    assertThat(directory.resolve("output"))
        .content()
        .isEqualTo(
            "platter: interrupted while the scratch image was written; nothing is left of it\n");
  }

  @Test
  void anInterruptedExperimentIsReportedAndLeavesNothing() throws Exception {
    Path scratch = Files.createDirectory(directory.resolve("tmp"));
    Process process = start("lab", "lost-wakeup", "--full", "--dir=" + scratch);
    while (!hasBegun(scratch)) {
      assertThat(process.waitFor(10, TimeUnit.MILLISECONDS))
          .as("ended early: %s", Files.readString(directory.resolve("output")))
          .isFalse();
    }
    process.destroy();
    assertThat(process.waitFor()).isEqualTo(128 + 15);
    assertThat(scratch).isEmptyDirectory();
    assertThat(directory.resolve("output")).content().contains("inconclusive (partial)");
  }

  /** Whether an experiment has made a file. */
  private static boolean hasBegun(Path scratch) throws IOException {
    try (var files = Files.walk(scratch)) {
      return files.anyMatch(Files::isRegularFile);
    } catch (UncheckedIOException e) {
      return false; // a file went away meanwhile: the next look will tell
    }
  }

  private long scratchBytes() throws IOException {
    try (var files = Files.list(directory.resolve("tmp"))) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    }
  }

  @ParameterizedTest
  @CsvSource({"TERM, 143", "INT, 130", "HUP, 129"})
  void whatWasMeasuredUntilTheSignalIsInTheTableTheJsonAndThePage(String signal, int status)
      throws Exception {
    Path json = directory.resolve("r.json");
    Path page = directory.resolve("r.html");
    Process process = startWriting("virtio", "--json=" + json, "--report=" + page);
    awaitStableSectors(process);
    signal(process, signal);
    assertThat(process.waitFor())
        .as(Files.readString(directory.resolve("output")))
        .isEqualTo(status);
    String output = Files.readString(directory.resolve("output"), UTF_8);
    assertThat(output).contains("virtio (partial)", "end to end").doesNotContain("internal error");
    assertThat(JSON.std.mapFrom(json.toFile()).get("rows"))
        .asString()
        .contains("partial=true", "source=flight recorder");
    assertThat(page).content().contains("<h1>bench: ", "</html>");
  }

  private static void signal(Process process, String name) throws Exception {
    int sent =
        new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start().waitFor();
    assertThat(sent).isZero();
  }

  /**
   * Both signals are pending when the process goes on; whichever is handled second, the process
   * ends with a signal's code.
   */
  @Test
  void theSecondSignalEndsItAtOnce() throws Exception {
    Process process = startWriting("virtio", "--runs=1");
    awaitStableSectors(process);
    signal(process, "STOP");
    signal(process, "TERM");
    signal(process, "INT"); // both are there when it goes on
    signal(process, "CONT");
    assertThat(process.waitFor()).isIn(128 + 15, 128 + 2);
  }

  @Test
  void anInterruptedRunDrainsReportsAndLetsGoOfTheImage() throws Exception {
    Process process = startWriting("virtio");
    awaitStableSectors(process);
    process.destroy(); // SIGTERM, as SIGINT
    assertThat(process.waitFor()).isEqualTo(128 + 15);
    String output = Files.readString(directory.resolve("output"), UTF_8);
    assertThat(output).contains("virtio (partial)").contains("virtio: verified");
    try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      assertThat(lock).isNotNull();
    }
  }

  /** A write beyond the largest file that the process may write fails, and ends the run. */
  @Test
  void whatWasMeasuredIsToldWhenARequestFails() throws Exception {
    Path json = directory.resolve("r.json");
    List<String> command = new ArrayList<>(List.of("prlimit", "--fsize=4194304"));
    command.addAll(
        ChildJvm.command(
            Platter.class,
            List.of("-XX:-UsePerfData"),
            List.of(
                "bench",
                image.toString(),
                "--device=raw,ahci,virtio",
                "--rw=write",
                "--runs=2",
                "--warmup=0",
                "--runtime=10m",
                "--cache=writeback",
                "--destroy-data",
                "--json=" + json)));
    Ended ended = ChildProcess.run(ChildProcess.builder(command));
    assertThat(ended.exitCode()).as(ended.output()).isEqualTo(1);
    assertThat(ended.output())
        .contains("\nraw (partial) ")
        .contains("\nplatter: WRITE of 4096 bytes at 4194304 failed with device status ");
    assertThat(JSON.std.mapFrom(json.toFile()).get("failure"))
        .asString()
        .startsWith("WRITE of 4096 bytes at 4194304 failed with device status ");
  }
}
