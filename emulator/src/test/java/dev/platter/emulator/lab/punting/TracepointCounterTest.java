package dev.platter.emulator.lab.punting;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.access.RingAccess;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.ring.SetupFlag;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TracepointCounterTest {
  @TempDir Path scratch;

  @Test
  void findsTracefs() {
    assertThat(
            TracepointCounter.mountPoint(
                List.of(
                    "proc /proc proc rw 0 0",
                    "tracefs /sys/kernel/tracing tracefs rw,nosuid 0 0",
                    "none /mnt/a\\040b tracefs rw 0 0")))
        .isEqualTo(Path.of("/sys/kernel/tracing"));
    assertThat(TracepointCounter.mountPoint(List.of("none /mnt/a\\040b tracefs rw 0 0")))
        .isEqualTo(Path.of("/mnt/a b"));
    assertThat(
            TracepointCounter.mountPoint(
                List.of("/dev/sda / ext4 rw 0 0", "debugfs /no/such debugfs rw 0 0", "")))
        .isNull();
  }

  @Test
  void addsUpWhatABufferHasSeen() {
    assertThat(
            TracepointCounter.events(
                List.of(
                    "entries: 7",
                    "overrun: 1017",
                    "commit overrun: 3",
                    "bytes: 812",
                    "oldest event ts:  1262.527683",
                    "now ts:  1262.527683",
                    "dropped events: 0",
                    "read events: 5")))
        .isEqualTo(7 + 1017 + 5);
    assertThat(TracepointCounter.events(List.of())).isZero();
  }

  @Test
  void knowsItsInstances() {
    assertThat(TracepointCounter.pid("platter-4711-2")).isEqualTo(4711);
    assertThat(TracepointCounter.pid("platter-mine-2")).isZero();
    assertThat(TracepointCounter.pid("platter-2")).isZero();
    assertThat(TracepointCounter.pid("platter-4711-mine")).isZero();
    assertThat(TracepointCounter.pid("platter-4711-2-mine")).isZero();
    assertThat(TracepointCounter.pid("platter-4711-")).isZero();
  }

  @Test
  void countsPuntsOfAllThreadsAndLeavesNothingBehind() throws Exception {
    HostPowers.assumeTracefs();
    long counted =
        PrivateMounts.run(
            "counting",
            refused -> {
              try (TracepointCounter counter = TracepointCounter.open(scratch, refused)) {
                long before = counter.count();
                punt(3);
                Thread other = Thread.ofPlatform().start(() -> punt(4));
                join(other);
                return counter.count() - before;
              }
            });
    assertThat(counted).isEqualTo(3 + 4);
    assertNothingLeft();
  }

  @Test
  void aFailureLeavesNothingBehind() throws IOException {
    HostPowers.assumeTracefs();
    try {
      PrivateMounts.run(
          "failing",
          refused -> {
            try (TracepointCounter _ = TracepointCounter.open(scratch, refused)) {
              throw new IllegalStateException("expected");
            }
          });
    } catch (IllegalStateException e) {
      assertThat(e).hasMessage("expected");
    }
    assertNothingLeft();
  }

  private void assertNothingLeft() throws IOException {
    assertThat(HostPowers.tracingInstances(scratch)).isEmpty();
    assertThat(HostPowers.mountsBelow(scratch)).isEmpty();
    assertThat(scratch).isEmptyDirectory();
  }

  private static void punt(int requests) {
    try (Ring ring = RingAccess.open(8, EnumSet.noneOf(SetupFlag.class))) {
      for (int i = 0; i < requests; i++) {
        ring.submission().next().prepNop().async();
      }
      ring.submission().publish();
      assertThat(ring.enter(requests, requests, Ring.NO_TIMEOUT, false)).isEqualTo(requests);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
