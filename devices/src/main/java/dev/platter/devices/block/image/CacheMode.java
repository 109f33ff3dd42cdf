package dev.platter.devices.block.image;

import java.util.Locale;

/** How an image's file is opened. */
public enum CacheMode {
  /** O_DIRECT: transfers go between guest memory and the disk. */
  NONE,
  /** Through the host's page cache. */
  WRITEBACK;

  /** As the command line names it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
