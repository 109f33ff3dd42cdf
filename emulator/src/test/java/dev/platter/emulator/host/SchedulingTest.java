package dev.platter.emulator.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.platter.aio.sys.CpuTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SchedulingTest {
  private static final long SECOND = 1_000_000_000;

  @TempDir Path root;

  private static HostReading at(double seconds, double own, double busy, double stolen) {
    return new HostReading(
        Math.round(seconds * SECOND),
        2,
        new CpuTime(Math.round(own * SECOND), 0),
        Math.round(busy * SECOND),
        Math.round(stolen * SECOND),
        null,
        1.5);
  }

  private static Scheduling scheduling(double seconds, ThreadTime... threads) {
    return new Scheduling(Math.round(seconds * SECOND), List.of(threads), null, null, null, null);
  }

  private static ThreadTime waited(String name, double seconds) {
    return new ThreadTime(name, 1, Math.round(seconds * SECOND));
  }

  @Test
  void sharesAreOfWhatTheHostHas() {
    Scheduling seen =
        Scheduling.between(at(10, 1, 7, 0), at(14, 2, 12, 0.8), 3 * SECOND, List.of(), SECOND);
    assertThat(seen.elapsedNanos()).isEqualTo(3 * SECOND);
    // 5 s of CPU time, of which 1 s is ours, and 1 s that of a program that belongs to us.
    assertThat(seen.otherCpus()).isCloseTo(0.75, within(1e-9));
    assertThat(seen.stolen()).isCloseTo(0.1, within(1e-9));
    assertThat(seen.pressure()).isNull();
    assertThat(seen.load()).isEqualTo(1.5);
    assertThat(seen.worst()).isNull();
    assertThat(seen.busy()).as("stolen").isTrue();
  }

  @Test
  void aHostIsBusyFromATwentiethOn() {
    assertThat(scheduling(10, waited("loop", 0.49), waited("vcpu0", 0.1)).busy()).isFalse();
    assertThat(scheduling(10, waited("loop", 0.1), waited("vcpu0", 0.5)).busy()).isTrue();
    assertThat(Scheduling.UNKNOWN.busy()).isFalse();
  }

  @Test
  void runsAreAddedUpByThread() {
    Scheduling all =
        Scheduling.sum(
            List.of(
                scheduling(1, waited("loop", 0.3), waited("loop", 0.1)),
                scheduling(3, waited("vcpu0", 1), waited("loop", 0.4))));
    assertThat(all.threads())
        .containsExactlyInAnyOrder(
            new ThreadTime("loop", 3, 800_000_000), new ThreadTime("vcpu0", 1, SECOND));
    assertThat(all.worst()).isCloseTo(0.25, within(1e-9));
    assertThat(Scheduling.sum(List.of())).isEqualTo(Scheduling.UNKNOWN);
  }

  private void file(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  @Test
  void whatTheKernelTells() throws IOException {
    file("proc/stat", "cpu  100 20 30 9999 500 1 2 40 7 0\ncpu0 1 2\ncpu1 1 2\nintr 7\n");
    file("proc/loadavg", "3.59 3.65 3.79 7/196 29314\n");
    file(
        "proc/pressure/cpu",
        "some avg10=73.70 avg60=47.62 avg300=33.74 total=12580214009\nfull avg10=0.00 total=0\n");
    HostReading reading = HostReading.now(root);
    assertThat(reading.cpus()).isEqualTo(2);
    // Idle and iowait are no work; a guest's time is in the users'.
    assertThat(reading.busyNanos()).isEqualTo(153 * 10_000_000L);
    assertThat(reading.stolenNanos()).isEqualTo(40 * 10_000_000L);
    assertThat(reading.pressureNanos()).isEqualTo(12_580_214_009_000L);
    assertThat(reading.load()).isEqualTo(3.59);
  }

  @Test
  void whatTheKernelDoesNotTellIsNotKnown() throws IOException {
    HostReading nothing = HostReading.now(root);
    assertThat(List.of(nothing.cpus())).containsExactly(1);
    for (Object unknown :
        new @Nullable Object[] {
          nothing.busyNanos(), nothing.stolenNanos(), nothing.pressureNanos(), nothing.load()
        }) {
      assertThat(unknown).isNull();
    }
    file("proc/stat", "cpu  1 2 x 4 5 6 7 8\n");
    file("proc/loadavg", "\n");
    file("proc/pressure/cpu", "some avg10=1 total=many\n");
    assertThat(HostReading.now(root).busyNanos()).isNull();
    assertThat(HostReading.now(root).pressureNanos()).isNull();
    assertThat(HostReading.now(root).load()).isNull();
    // CONFIG_SCHED_INFO is not set.
    assertThat(ThreadTime.parse("loop", "0 0 0\n")).isNull();
    assertThat(ThreadTime.parse("loop", "")).isNull();
    assertThat(ThreadTime.parse("loop", "17 3 1\n")).isEqualTo(new ThreadTime("loop", 17, 3));
  }

  @Test
  void onlyThreadsThatAreInBothReadingsCount() throws IOException {
    file("tasks/7/comm", "vcpu0\n");
    file("tasks/7/schedstat", "100 10 1\n");
    ThreadTimes before = ThreadTimes.read(root.resolve("tasks").toFile());
    file("tasks/7/schedstat", "150 40 2\n");
    file("tasks/8/comm", "new\n");
    file("tasks/8/schedstat", "5 5 5\n");
    assertThat(ThreadTimes.read(root.resolve("tasks").toFile()).since(before))
        .containsExactly(new ThreadTime("vcpu0", 50, 30));
    assertThat(ThreadTimes.read(root.resolve("none").toFile()).since(before)).isEmpty();
  }

  @Test
  void openAccountsAreReadAsTheyAreThen() throws IOException {
    file("tasks/7/comm", "vcpu0\n");
    file("tasks/7/schedstat", "100 10 1\n");
    file("tasks/8/comm", "other\n");
    file("tasks/8/schedstat", "100 10 1\n");
    file("tasks/9/comm", "vcpu0\n");
    try (OpenAccounts accounts =
        new OpenAccounts(root.resolve("tasks").toFile(), "vcpu0"::equals)) {
      OpenAccounts.Reading before = accounts.read();
      file("tasks/7/schedstat", "150 4000 2\n");
      assertThat(accounts.between(before, accounts.read()))
          .containsExactly(new ThreadTime("vcpu0", 50, 3990));
      file("tasks/7/schedstat", "");
      assertThat(accounts.between(before, accounts.read())).isEmpty();
    }
  }
}
