package dev.platter.emulator.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.file.FileFacts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StorageTest {
  private static final String MOUNTS =
      """
      21 1 8:0 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro
      35 21 0:44 /sub /srv/with\\040blank rw,noatime - btrfs /dev/nvme0n1 rw,ssd,noatime
      36 21 0:50 / /srv/net rw - nfs4 server:/export rw,vers=4.2
      nonsense
      """;

  @TempDir Path root;

  private void file(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private void disk(String name, String model, String scheduler) throws IOException {
    String disk = "sys/devices/" + name + "/";
    file(disk + "dev", "8:0\n");
    file(disk + "queue/scheduler", scheduler);
    file(disk + "queue/nr_requests", "64\n");
    file(disk + "queue/write_cache", "write back\n");
    file(disk + "queue/rotational", "0\n");
    file(disk + "device/model", model);
    file(disk + "device/queue_depth", "32\n");
    Path drivers = Files.createDirectories(root.resolve("sys/drivers/sd"));
    Files.createSymbolicLink(root.resolve(disk + "device/driver"), drivers);
    Path links = Files.createDirectories(root.resolve("sys/class/block"));
    Files.createSymbolicLink(links.resolve(name), root.resolve(disk));
  }

  private static FileFacts facts(FileFacts.Type type, int major, int minor) {
    return new FileFacts(type, 1, 1, major, minor, 42, 512, 512, true, "ext4");
  }

  private Storage of(String image, int major, int minor) throws IOException {
    file("proc/self/mountinfo", MOUNTS);
    return Storage.of(root, image, facts(FileFacts.Type.REGULAR, major, minor));
  }

  @Test
  void aPartitionsDiskIsNamedWithItsQueue() throws IOException {
    disk("sda", "FAST DISK      \n", "mq-deadline [none] kyber\n");
    file("sys/devices/sda/sda2/partition", "2\n");
    Path numbers = Files.createDirectories(root.resolve("sys/dev/block"));
    Files.createSymbolicLink(numbers.resolve("8:2"), root.resolve("sys/devices/sda/sda2"));
    Storage storage = of("/var/images/disk.img", 8, 2);
    assertThat(storage.device())
        .isEqualTo(
            new BlockDevice(
                "sda", "8:0", "FAST DISK", "sd", "none", 64L, 32L, "write back", false, List.of()));
    assertThat(storage.mount())
        .isEqualTo(new Mount("/", "ext4", "/dev/sda2", "rw,relatime,errors=remount-ro"));
    Storage device = Storage.of(root, "/dev/sda2", facts(FileFacts.Type.BLOCK_DEVICE, 8, 2));
    assertThat(device.device()).isEqualTo(storage.device());
    assertThat(device.mount()).isNull();
  }

  @Test
  void aSubvolumesDiskIsFoundByItsMount() throws IOException {
    disk("nvme0n1", "QUICK\n", "[mq-deadline] none\n");
    Storage storage = of("/srv/with blank/disk.img", 0, 44);
    assertThat(storage.device())
        .isNotNull()
        .extracting(BlockDevice::scheduler)
        .isEqualTo("mq-deadline");
    assertThat(storage.mount())
        .isNotNull()
        .extracting(Mount::point, Mount::options)
        .containsExactly("/srv/with blank", "rw,noatime,ssd");
    // A directory whose name only begins like a mount point is not on it.
    assertThat(of("/srv/with blanks/disk.img", 0, 44).mount())
        .isNotNull()
        .extracting(Mount::point)
        .isEqualTo("/");
  }

  @Test
  void aNetworkFileSystemHasNoDisk() throws IOException {
    Storage storage = of("/srv/net/disk.img", 0, 50);
    assertThat(storage.device()).isNull();
    assertThat(storage.mount()).isNotNull().extracting(Mount::source).isEqualTo("server:/export");
    assertThat(Storage.of(root.resolve("nothing"), "/x", facts(FileFacts.Type.REGULAR, 8, 1)))
        .isEqualTo(new Storage(null, null));
  }

  @Test
  void whatADiskDoesNotTellIsNull() throws IOException {
    Files.createDirectories(root.resolve("sys/dev/block/7:0"));
    BlockDevice bare = BlockDevice.of(root, 7, 0);
    assertThat(bare).isNotNull();
    if (bare != null) {
      assertThat(bare)
          .isEqualTo(
              new BlockDevice("7:0", null, null, null, null, null, null, null, null, List.of()));
    }
  }
}
