package dev.platter.devices.block.image;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.file.FileFacts;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Looks at an image without writing to it or locking it. */
public final class ImageInspector {
  private ImageInspector() {}

  /**
   * Inspects a regular file or block device.
   *
   * @throws PlatterException of kind BAD_INPUT if it cannot be opened or is something else
   */
  public static ImageInfo inspect(String path) {
    try (FileHandle file = FileHandle.open(path, false, false, ImageCreator.IF_MISSING)) {
      FileFacts facts = file.facts();
      Optional<Extents> extents =
          switch (facts.type()) {
            case REGULAR -> Extents.of(file, facts.sizeBytes());
            case BLOCK_DEVICE -> Optional.empty();
            case DIRECTORY ->
                throw PlatterException.badInput(
                    path + " is a directory", "Name an image file in it");
            case OTHER ->
                throw PlatterException.badInput(
                    path + " is neither a regular file nor a block device",
                    "Name an image file; platter image create makes one");
          };
      // Write-back, if there was any, may just have allocated blocks.
      facts = file.facts();
      return new ImageInfo(
          path,
          facts,
          extents,
          direct(path),
          file.lockHolders(),
          Optional.ofNullable(ForeignFormat.of(file, facts.sizeBytes())),
          DirectWrites.forecast(
              facts, extents, isNocow(file), System.getProperty("os.version", "")));
    }
  }

  /** Whether btrfs was told to overwrite the file in place: chattr +C, or its mount option. */
  private static boolean isNocow(FileHandle file) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flags = arena.allocate(JAVA_LONG);
      return Libc.ioctl(file.fd(), LinuxAbi.FS_IOC_GETFLAGS, flags.address()) >= 0
          && (flags.get(JAVA_INT, 0) & LinuxAbi.FS_NOCOW_FL) != 0;
    }
  }

  private static Optional<ImageInfo.Direct> direct(String path) {
    try (FileHandle file = FileHandle.open(path, false, true)) {
      DirectAlignment alignment = DirectAlignment.of(file, file.facts());
      return Optional.of(new ImageInfo.Direct(alignment.memoryBytes(), alignment.offsetBytes()));
    } catch (PlatterException e) {
      return Optional.empty(); // without O_DIRECT it could be opened just now
    }
  }
}
