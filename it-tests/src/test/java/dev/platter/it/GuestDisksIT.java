package dev.platter.it;

import static dev.platter.it.GuestResults.assertNoTrouble;
import static dev.platter.it.GuestResults.assertVerified;
import static dev.platter.it.GuestResults.hashes;
import static dev.platter.it.GuestResults.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.guest.GuestListener;
import dev.platter.emulator.guest.GuestRunner;
import dev.platter.emulator.guest.QemuProcess;
import dev.platter.guestimages.GuestConsole;
import dev.platter.guestimages.GuestJob;
import dev.platter.guestimages.KnownImage;
import dev.platter.guestimages.KnownPattern;
import dev.platter.it.TestVm.Kind;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An unmodified Linux uses Platter's disks as any others. */
@Timeout(900)
class GuestDisksIT {
  private static final int MIB = 1 << 20;

  private static Map<String, Object> disk(GuestConsole.Result disks, Kind kind) {
    return json(disks).stream()
        .filter(disk -> kind.serial().equals(disk.get("serial")))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + kind + " in " + disks.json()));
  }

  private static void assertQuiet(TestVm vm) {
    assertThat(vm.events()).allSatisfy(event -> assertThat(event).startsWith("INFO"));
  }

  @Test
  void linuxBringsUpBothKindsAndReadsWhatIsOnThem() throws Exception {
    try (TestVm vm = TestVm.create()) {
      KnownImage.Manifest sata = KnownImage.create(vm.file("sata.img"), 24 * MIB, 7);
      KnownImage.Manifest virtio = KnownImage.create(vm.file("virtio.img"), 24 * MIB + 512 * 8, 8);
      GuestRunner.Outcome outcome =
          vm.disk(Kind.SATA, vm.file("sata.img"))
              .disk(Kind.VIRTIO, vm.file("virtio.img"))
              .run(
                  GuestListener.NONE,
                  GuestJob.disks(),
                  GuestJob.hash(Kind.SATA.disk()),
                  GuestJob.hash(Kind.VIRTIO.disk()),
                  GuestJob.dmesg());
      List<GuestConsole.Result> results = outcome.results();
      assertThat(results).hasSize(4);

      assertThat(disk(results.get(0), Kind.SATA))
          .containsEntry("kind", "sata")
          .containsEntry("size_bytes", 24 * MIB)
          .containsEntry("queue_depth", 32)
          .containsEntry("read_only", false)
          .containsEntry("write_cache", "write back");
      assertThat(disk(results.get(0), Kind.VIRTIO))
          .containsEntry("kind", "virtio")
          .containsEntry("size_bytes", 24 * MIB + 512 * 8)
          .containsEntry("read_only", false)
          .containsEntry("write_cache", "write back");
      assertThat(hashes(results.get(1))).isEqualTo(sata.sha256());
      assertThat(hashes(results.get(2))).isEqualTo(virtio.sha256());

      String dmesg = String.join("\n", results.get(3).text());
      assertThat(dmesg)
          .containsPattern("ahci 0000:00:1f\\.2: AHCI 0001\\.0[03]00 32 slots")
          .containsPattern("ata\\d+\\.00: ATA-\\d+: PLATTER HARDDISK")
          .containsPattern("ata\\d+\\.00: 49152 sectors.*NCQ \\(depth 32\\)")
          .containsPattern("virtio_blk virtio\\d+: \\[vda\\] 49160 512-byte logical blocks");
      assertNoTrouble(dmesg);
      assertQuiet(vm);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void whatTheGuestWritesIsOnTheHost(Kind kind) throws Exception {
    try (TestVm vm = TestVm.create()) {
      Path image = vm.file("disk.img");
      long size = 32L * MIB;
      KnownImage.create(image, size, 1);
      GuestRunner.Outcome outcome =
          vm.disk(kind, image)
              .run(
                  GuestListener.NONE,
                  GuestJob.writePattern(kind.disk(), 99),
                  GuestJob.hash(kind.disk()),
                  GuestJob.dmesg());
      assertThat(json(outcome.results().get(0)).getLast()).containsEntry("written_bytes", 32 * MIB);
      assertThat(hashes(outcome.results().get(1))).isEqualTo(KnownPattern.hashes(99, size));
      assertThat(KnownImage.check(image, KnownImage.Manifest.ofPattern(99, size))).isEmpty();
      assertNoTrouble(String.join("\n", outcome.results().get(2).text()));
      assertQuiet(vm);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void anExt4IsMadeUsedAndCheckedClean(Kind kind) throws Exception {
    try (TestVm vm = TestVm.create()) {
      Path image = vm.file("disk.img");
      KnownImage.create(image, 96L * MIB, 1);
      GuestRunner.Outcome outcome =
          vm.disk(kind, image)
              .run(
                  GuestListener.NONE,
                  GuestJob.fileSystem(kind.disk(), 6, 5, 40),
                  GuestJob.hash(kind.disk()),
                  GuestJob.dmesg());
      List<Map<String, Object>> lines = json(outcome.results().get(0));
      assertThat(lines.getLast())
          .containsEntry("fs", "ext4")
          .containsEntry("fsck_status", 0)
          .containsEntry("files", 6);
      for (int i = 0; i < 6; i++) {
        assertThat(lines.get(i))
            .containsEntry("file", "f" + i)
            .containsEntry("bytes", 5 * MIB)
            .containsEntry("sha256", hashOfPattern(40 + i, 5 * MIB));
      }
      assertThat(hashes(outcome.results().get(1))).isEqualTo(KnownImage.scan(image).sha256());
      String dmesg = String.join("\n", outcome.results().get(2).text());
      assertThat(dmesg).contains("mounted filesystem");
      assertNoTrouble(dmesg);
      assertQuiet(vm);
    }
  }

  private static String hashOfPattern(long seed, int bytes) throws Exception {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    KnownPattern.fill(buffer, seed, 0);
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(buffer.array()));
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void writesSurviveTheirCheck(Kind kind) throws Exception {
    try (TestVm vm = TestVm.create()) {
      Path image = vm.file("disk.img");
      KnownImage.create(image, 32L * MIB, 1);
      GuestJob.VerifyWrites writes = new GuestJob.VerifyWrites(32L * MIB, 16, 64, 4000, 3);
      GuestRunner.Outcome outcome =
          vm.disk(kind, image)
              .run(
                  GuestListener.NONE, GuestJob.verifyWrites(kind.disk(), writes), GuestJob.dmesg());
      assertVerified(outcome.results().getFirst());
      assertNoTrouble(String.join("\n", outcome.results().get(1).text()));
      assertQuiet(vm);
    }
  }

  /** Virtio 1.2, 6: VIRTIO_F_RING_PACKED is feature bit 34; 5.2.3: VIRTIO_BLK_F_MQ is bit 12. */
  @Test
  void virtioHasPackedRingsAndManyQueues() throws Exception {
    try (TestVm vm = TestVm.create()) {
      Path image = vm.file("disk.img");
      KnownImage.Manifest manifest = KnownImage.create(image, 16L * MIB, 5);
      List<String> lines = new CopyOnWriteArrayList<>();
      GuestListener types =
          new GuestListener() {
            @Override
            public void jobBegun(int number, QemuProcess qemu) {
              if (number == 4) {
                type(qemu, "echo features=$(cat /sys/block/vda/device/features); exit\n");
              }
            }

            @Override
            public void jobLine(String line, QemuProcess qemu) {
              lines.add(line);
            }
          };
      GuestRunner.Outcome outcome =
          vm.cpus(2)
              .disk(Kind.VIRTIO, image, 2, true)
              .run(
                  types,
                  GuestJob.disks(),
                  GuestJob.hash(Kind.VIRTIO.disk()),
                  GuestJob.verifyWrites(
                      Kind.VIRTIO.disk(), new GuestJob.VerifyWrites(16L * MIB, 16, 64, 2000, 3)),
                  GuestJob.shell());
      assertThat(disk(outcome.results().get(0), Kind.VIRTIO)).containsEntry("nr_hw_queues", 2);
      assertThat(hashes(outcome.results().get(1))).isEqualTo(manifest.sha256());
      assertThat(json(outcome.results().get(2)).getLast()).containsEntry("verified", true);
      String features =
          lines.stream()
              .filter(line -> line.matches(".*features=[01]{64}.*"))
              .map(line -> line.replaceAll(".*features=([01]{64}).*", "$1"))
              .findFirst()
              .orElseThrow(() -> new AssertionError("no features in " + lines));
      assertThat(features.charAt(34)).as("RING_PACKED in %s", features).isEqualTo('1');
      assertThat(features.charAt(12)).as("MQ in %s", features).isEqualTo('1');
      assertQuiet(vm);
    }
  }

  private static void type(QemuProcess qemu, String text) {
    try {
      qemu.type(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aGuestSeesItsVirtioDiskGrow() throws Exception {
    try (TestVm vm = TestVm.create()) {
      Path image = vm.file("disk.img");
      KnownImage.create(image, 16L * MIB, 5);
      long grown = 48L * MIB;
      GuestListener grows =
          new GuestListener() {
            @Override
            public void jobBegun(int number, QemuProcess qemu) {
              if (number == 2) {
                resize(image, grown);
              }
            }
          };
      GuestRunner.Outcome outcome =
          vm.disk(Kind.VIRTIO, image)
              .run(
                  grows,
                  GuestJob.disks(),
                  GuestJob.waitSize(Kind.VIRTIO.disk(), grown, 60),
                  GuestJob.writePattern(Kind.VIRTIO.disk(), 6));
      assertThat(disk(outcome.results().get(0), Kind.VIRTIO)).containsEntry("size_bytes", 16 * MIB);
      assertThat(json(outcome.results().get(1)).getLast()).containsEntry("size_bytes", 48 * MIB);
      assertThat(json(outcome.results().get(2)).getLast()).containsEntry("written_bytes", 48 * MIB);
      assertThat(KnownImage.check(image, KnownImage.Manifest.ofPattern(6, grown))).isEmpty();
      assertThat(vm.events()).anyMatch(event -> event.contains("resized"));
    }
  }

  private static void resize(Path image, long bytes) {
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
