package dev.platter.it;

import static dev.platter.it.GuestResults.assertNoTrouble;
import static dev.platter.it.GuestResults.assertVerified;
import static dev.platter.it.GuestResults.hashes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.guestimages.GuestConsole;
import dev.platter.guestimages.GuestJob;
import dev.platter.guestimages.KnownImage;
import dev.platter.testcontainers.PlatterContainer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A guest in one container, its disks served from another. */
@Timeout(300)
class ContainerGuestIT {
  private static final long MIB = 1 << 20;
  private static final long GUEST_MEMORY = 256 * MIB;
  private static final int KILLS = 3;

  private Path directory;
  private Path sata;
  private Path virtio;

  @BeforeAll
  static void engine() {
    Containers.require(Containers.PLATTER, Containers.QEMU);
  }

  @BeforeEach
  void makeDirectory() throws Exception {
    // On a disk: O_DIRECT.
    directory = Files.createTempDirectory(Path.of("/var/tmp"), "platter-it-");
    sata = directory.resolve("sata.img");
    virtio = directory.resolve("virtio.img");
  }

  @AfterEach
  void removeDirectory() throws Exception {
    Files.deleteIfExists(sata);
    Files.deleteIfExists(virtio);
    Files.delete(directory);
  }

  @Test
  void bothDisksWorkFromOneContainerToTheOther() throws Exception {
    KnownImage.Manifest before = KnownImage.create(sata, 16 * MIB, 7);
    KnownImage.create(virtio, 16 * MIB, 8);
    try (PlatterContainer platter =
            new PlatterContainer()
                .withNetworkMode("none")
                .withSataDisks("sata", sata)
                .withVirtioDisk("virtio", virtio);
        GuestContainer guest =
            new GuestContainer(
                    platter,
                    GUEST_MEMORY,
                    GuestJob.hash("sata"),
                    GuestJob.writePattern("virtio", 9),
                    GuestJob.writePattern("sata", 10),
                    GuestJob.dmesg())
                .sata("sata")
                .virtio("virtio")) {
      platter.start();
      guest.start();
      List<GuestConsole.Result> results = guest.results();
      assertThat(results).hasSize(4).allMatch(GuestConsole.Result::succeeded);
      assertThat(hashes(results.get(0))).isEqualTo(before.sha256());
      assertNoTrouble(String.join("\n", results.get(3).text()));
      platter.stop();
      assertThat(KnownImage.check(virtio, KnownImage.Manifest.ofPattern(9, 16 * MIB))).isEmpty();
      assertThat(KnownImage.check(sata, KnownImage.Manifest.ofPattern(10, 16 * MIB))).isEmpty();
    }
  }

  @Test
  void aGuestGoesOnWhenItsServersContainerIsKilled() throws Exception {
    KnownImage.create(virtio, 32 * MIB, 8);
    try (PlatterContainer platter =
            new PlatterContainer().withNetworkMode("none").withVirtioDisk("virtio", virtio);
        GuestContainer guest =
            new GuestContainer(
                    platter,
                    GUEST_MEMORY,
                    GuestJob.verifyWrites(
                        "virtio", new GuestJob.VerifyWrites(32 * MIB, 16, 16, 20_000, 7)),
                    GuestJob.dmesg())
                .virtio("virtio")) {
      platter.start();
      guest.start();
      for (int kill = 0; kill < KILLS; kill++) {
        awaitProgress(guest);
        platter.kill();
        platter.restart();
      }
      awaitProgress(guest);
      List<GuestConsole.Result> results = guest.results();
      assertVerified(results.getFirst());
      assertNoTrouble(String.join("\n", results.getLast().text()));
      System.out.println("after " + KILLS + " kills: " + results.getFirst().json().getLast());
    }
  }

  /** Waits until more writes are flushed: a server works, and the guest with it. */
  private static void awaitProgress(GuestContainer guest) throws InterruptedException {
    long[] before = {-1};
    guest.await(
        "writes",
        console -> {
          long now = flushes(console);
          if (before[0] < 0) {
            before[0] = now;
          }
          return now > before[0];
        });
  }

  private static long flushes(GuestConsole console) {
    GuestConsole.Result job = console.current();
    return job == null ? 0 : job.json().stream().filter(line -> line.contains("flushed")).count();
  }
}
