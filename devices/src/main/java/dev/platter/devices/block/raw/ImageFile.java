package dev.platter.devices.block.raw;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileFacts;
import dev.platter.aio.file.FileHandle;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.DirectAlignment;
import dev.platter.devices.block.image.ForeignFormat;
import dev.platter.devices.block.image.ImageCreator;
import dev.platter.devices.block.image.ImageOptions;
import org.jspecify.annotations.Nullable;

/**
 * The open file of an image, of which everything has been checked that a disk asks for.
 *
 * @param handle the file; the holder of this record closes it
 * @param facts of the file, when it was opened
 * @param alignment the rule of O_DIRECT for it
 * @param foreign the format that it seems to have besides raw; null if none
 */
record ImageFile(
    FileHandle handle,
    FileFacts facts,
    DirectAlignment alignment,
    @Nullable ForeignFormat foreign) {
  /** Opens a file for writing or not, with O_DIRECT or not. */
  @FunctionalInterface
  interface Opener {
    FileHandle open(boolean writable, boolean direct);
  }

  /** The identity of an image, the same for all paths to it. */
  private record Identity(FileFacts.Type type, int major, int minor, long inode) {
    static Identity of(FileFacts facts) {
      // Block devices are told apart by their numbers: two nodes may lead to one.
      long inode = facts.type() == FileFacts.Type.BLOCK_DEVICE ? 0 : facts.inode();
      return new Identity(facts.type(), facts.deviceMajor(), facts.deviceMinor(), inode);
    }
  }

  /**
   * Opens the file of an image.
   *
   * @throws PlatterException of kind BAD_INPUT, with a remedy, if it cannot serve as a disk
   */
  static ImageFile open(String path, ImageOptions options, Opener opener) {
    // A look before the open: O_DIRECT on a directory or a device node misleads, and some devices
    // notice that they are opened. The opened file is looked at again.
    try (FileHandle probe = FileHandle.locate(path, ImageCreator.IF_MISSING)) {
      checkType(path, probe.facts());
    }
    FileHandle file = opener.open(!options.readOnly(), options.cache() == CacheMode.NONE);
    try {
      FileFacts facts = file.facts();
      checkType(path, facts);
      DirectAlignment alignment = DirectAlignment.of(file, facts);
      ForeignFormat foreign = foreignFormat(file, facts.sizeBytes(), options);
      checkSize(path, facts.sizeBytes(), options, alignment);
      return new ImageFile(file, facts, alignment, foreign);
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** The same for all paths to the image, and for no other image. */
  Object identity() {
    return Identity.of(facts);
  }

  /** The {@link #identity} of the image at a path, which is not opened. */
  static Object identity(String path) {
    try (FileHandle probe = FileHandle.locate(path)) {
      return Identity.of(probe.facts());
    }
  }

  /** A size is a multiple of it: whole sectors, and whole blocks of O_DIRECT, in bytes. */
  static int sizeUnitBytes(ImageOptions options, DirectAlignment alignment) {
    return Math.max(options.logicalBlockBytes(), alignment.offsetBytes());
  }

  private static void checkType(String path, FileFacts facts) {
    switch (facts.type()) {
      case REGULAR -> checkFilesystem(path, facts.filesystem());
      case BLOCK_DEVICE -> {}
      case DIRECTORY ->
          throw PlatterException.badInput(
              "cannot use " + path + " as an image: it is a directory", "Name an image file");
      case OTHER ->
          throw PlatterException.badInput(
              "cannot use "
                  + path
                  + " as an image: it is neither a regular file nor a block device",
              "Name an image file");
    }
  }

  /** Refuses files that look regular but show the kernel's memory or settings. */
  private static void checkFilesystem(String path, String filesystem) {
    if (filesystem.equals("proc") || filesystem.equals("sysfs")) {
      throw PlatterException.badInput(
          "cannot use " + path + " as an image: it is a file of " + filesystem,
          "Name an image file");
    }
  }

  private static @Nullable ForeignFormat foreignFormat(
      FileHandle file, long size, ImageOptions options) {
    ForeignFormat format =
        options.foreign() == ImageOptions.Foreign.TAKE ? null : ForeignFormat.of(file, size);
    if (format == null) {
      return null;
    }
    boolean certain = format.isCertain(file.path(), size);
    boolean refused =
        options.foreign() == ImageOptions.Foreign.REFUSE && format.isRefused(file.path(), size);
    if (certain || refused) {
      throw PlatterException.badInput(
          "cannot use "
              + file.path()
              + " as an image: it is "
              + format
              + ", and disks are served from raw images",
          format.remedy(file.path())
              + (certain ? "" : "; or say format=raw if it is a raw disk that begins so"));
    }
    return format;
  }

  private static void checkSize(
      String path, long size, ImageOptions options, DirectAlignment alignment) {
    if (size == 0) {
      throw PlatterException.badInput(
          "cannot use " + path + " as an image: it is empty",
          "Make one with: platter image create PATH --size 1G");
    }
    int unit = sizeUnitBytes(options, alignment);
    if (size % unit != 0) {
      throw PlatterException.badInput(
          "cannot use "
              + path
              + " as an image: its size of "
              + size
              + " bytes is not a multiple of "
              + unit,
          unit == options.logicalBlockBytes()
              ? "Grow it to a whole number of sectors: truncate -s %" + unit + " FILE"
              : "Grow it to whole blocks of the disk under it: truncate -s %"
                  + unit
                  + " FILE, or use the cache mode writeback");
    }
  }
}
