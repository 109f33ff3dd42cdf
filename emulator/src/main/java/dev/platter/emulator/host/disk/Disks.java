package dev.platter.emulator.host.disk;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.LockTimeout;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.image.DiskExamination;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.memory.MemoryDisk;
import dev.platter.devices.block.raw.RawImage;
import dev.platter.emulator.host.ChargedMemory;
import dev.platter.emulator.host.HostFiles;
import dev.platter.emulator.text.Sizes;
import dev.platter.emulator.text.Units;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Opens a disk by its name: {@code ram:SIZE} for a disk in memory, else the path of a raw image or
 * block device (a file whose name begins with {@code ram:} is {@code ./ram:...}). Any thread.
 */
public final class Disks {
  private static final String MEMORY = "ram:";
  private static final long MOST_BYTES = 1L << 47;

  private Disks() {}

  /** Whether a name stands for a disk in memory, which no other user can have. */
  public static boolean isMemory(@Nullable String name) {
    return name != null && name.startsWith(MEMORY);
  }

  /**
   * How much memory a disk takes at most, in bytes; 0 for a file.
   *
   * @throws PlatterException of kind BAD_INPUT if the name lacks a size
   */
  public static long memoryBytes(String name) {
    if (!isMemory(name)) {
      return 0;
    }
    long bytes;
    try {
      bytes = Sizes.parse(name.substring(MEMORY.length()));
    } catch (IllegalArgumentException e) {
      throw PlatterException.badInput(
          "cannot use " + name + " as a disk: " + e.getMessage(), "Give ram:1G, for example");
    }
    if (bytes == 0 || bytes % ImageOptions.LARGE_BLOCK_BYTES != 0) {
      throw PlatterException.badInput(
          "cannot use " + name + " as a disk: its size must be a multiple of 4096, and not 0",
          "Give ram:1G, for example");
    }
    if (bytes > MOST_BYTES) {
      throw PlatterException.badInput(
          "cannot use " + name + " as a disk: a process has addresses for 128 TiB",
          "Give ram:1G, for example");
    }
    return bytes;
  }

  /**
   * Checks a name without looking at the host.
   *
   * @throws PlatterException of kind BAD_INPUT if the name can be no disk's
   */
  public static void check(String name) {
    long _ = memoryBytes(name);
  }

  /**
   * Refuses a disk for which the host has too little memory now. Other processes may still take the
   * memory later.
   */
  private static long availableMemory(String name) {
    long bytes = memoryBytes(name);
    long available = ChargedMemory.availableBytes(HostFiles.ofHost());
    if (bytes > available) {
      throw PlatterException.hostLacks(
          name
              + " may need "
              + Units.bytes(bytes)
              + " of memory, and "
              + Units.bytes(available)
              + " are available",
          "Give a smaller size, or end what takes memory; in a container or unit, raise its limit");
    }
    return bytes;
  }

  /**
   * Opens a disk without waiting for its users.
   *
   * @throws PlatterException as {@link #open(String, ImageOptions, String, LockTimeout)}
   */
  public static BlockBackend open(String name, ImageOptions options) {
    return open(name, options, "", LockTimeout.noWait());
  }

  /**
   * Opens a disk.
   *
   * @param place the place where guests reach the disk; the next server names it in the same way
   * @param timeout how long to wait for requests of a dead user
   * @throws PlatterException of kind BAD_INPUT, with a remedy, if the name cannot serve as a disk;
   *     of kind HOST_LACKS if there is not enough memory; of kind FAILED if {@code timeout} ends
   *     first
   */
  public static BlockBackend open(
      String name, ImageOptions options, String place, LockTimeout timeout) {
    return isMemory(name)
        ? MemoryDisk.create(name, availableMemory(name), options)
        : RawImage.open(name, options, place, timeout);
  }

  /**
   * Finds out whether a disk could be opened, and its present users; changes nothing.
   *
   * @throws PlatterException as {@link #open(String, ImageOptions, String, LockTimeout)}, except
   *     for present users
   */
  public static DiskExamination examine(
      String name, ImageOptions options, String place, LockTimeout timeout) {
    if (isMemory(name)) {
      long _ = availableMemory(name);
      return DiskExamination.ofOwn();
    }
    return RawImage.examine(name, options, place, timeout);
  }

  /**
   * The identity that a disk will have once it is open; empty if no other disk can be the same.
   *
   * @throws PlatterException if there is no such disk
   */
  public static Optional<Object> identify(String name) {
    return isMemory(name) ? Optional.empty() : Optional.of(RawImage.identify(name));
  }
}
