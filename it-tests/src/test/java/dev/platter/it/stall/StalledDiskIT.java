package dev.platter.it.stall;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.PlatterException;
import dev.platter.guestimages.GuestImageException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Guests whose disk's storage answers nothing for 45 s: longer than Linux waits for a request (30
 * s) and for a link that is down after a reset (10 s). {@code it-tests/stall/run} does longer ones,
 * and QEMU's own disks beside them.
 */
@Timeout(1200)
class StalledDiskIT {
  private static final int STALL_SECONDS = 45;

  private static void assumeThatStorageCanBeStalled() {
    skipUnless("root".equals(System.getProperty("user.name")), "stalling storage needs root");
    skipUnless(Files.exists(Path.of("/dev/fuse")), "there is no /dev/fuse");
    skipUnless(Files.exists(Path.of("/dev/loop-control")), "there are no loop devices");
  }

  private static void skipUnless(boolean condition, @Nullable String reason) {
    if (!condition) {
      System.err.println("skipped: " + reason);
      System.err.flush();
      Assumptions.abort(String.valueOf(reason));
    }
  }

  private static List<StallResult> run(StallRun.Plan plan) {
    try {
      return StallRun.run(plan);
    } catch (PlatterException e) {
      skipUnless(e.kind() != PlatterException.Kind.HOST_LACKS, e.getMessage());
      throw e;
    } catch (GuestImageException e) {
      skipUnless(e.kind() != GuestImageException.Kind.HOST_LACKS, e.getMessage());
      throw e;
    }
  }

  @Test
  void guestsSurviveAStallOfTheirStorage() {
    assumeThatStorageCanBeStalled();
    StallRun.Plan plan =
        new StallRun.Plan(
            List.of(DiskServer.Backend.PLATTER_SATA, DiskServer.Backend.PLATTER_VIRTIO),
            List.of(StalledDisk.Way.FREEZE, StalledDisk.Way.FUSE),
            List.of(STALL_SECONDS),
            Path.of("stall", "held-file.c"),
            Path.of("/var/tmp"),
            null,
            // Guests of a stalled disk are idle.
            4);
    List<StallResult> results = run(plan);
    StallRun.print(results);
    assertThat(results)
        .hasSize(4)
        .allSatisfy(result ->
            assertThat(result.faults())
                .as("%s, %s: %s", result.backend(), result.way(), result.dmesg())
                .isEmpty());
  }
}
