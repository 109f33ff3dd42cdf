package dev.platter.emulator.host;

import dev.platter.aio.file.FileFacts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The storage below an image.
 *
 * @param device the disk; null for a file system without a disk of its own
 * @param mount where the image's file system is mounted, and how; null for a block device
 */
public record Storage(@Nullable BlockDevice device, @Nullable Mount mount) {
  /**
   * Finds the storage of an image on this host.
   *
   * @param image the image's path
   */
  public static Storage of(String image, FileFacts facts) {
    return of(Path.of("/"), image, facts);
  }

  /**
   * Finds the storage of an image on a test's host.
   *
   * @param root the host's root directory
   */
  static Storage of(Path root, String image, FileFacts facts) {
    BlockDevice device = BlockDevice.of(root, facts.deviceMajor(), facts.deviceMinor());
    if (facts.type() == FileFacts.Type.BLOCK_DEVICE) {
      return new Storage(device, null);
    }
    Mount mount = Mount.of(lines(root.resolve("proc/self/mountinfo")), real(image));
    // On file systems with a number for each subvolume, such as btrfs, that number belongs to no
    // disk.
    return new Storage(
        device == null && mount != null ? BlockDevice.of(root, mount.source()) : device, mount);
  }

  /** The limits of this process's cgroup for the disk; null if there is no disk. */
  public @Nullable IoLimits limits(HostFiles files) {
    String numbers = device == null ? null : device.numbers();
    return numbers == null ? null : CgroupLimits.io(files, numbers);
  }

  private static String real(String image) {
    Path path = Path.of(image);
    try {
      return path.toRealPath().toString();
    } catch (IOException e) {
      return path.toAbsolutePath().normalize().toString();
    }
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return List.of();
    }
  }
}
