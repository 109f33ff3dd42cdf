package dev.platter.devices.ata;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/** General purpose log pages (ACS-3 annex A): the directory and the NCQ command error log. */
public final class LogPages {
  /** Length of a log page in bytes. */
  public static final int PAGE_BYTES = 512;

  /** Log address of the log directory. */
  public static final int DIRECTORY = 0x00;

  /** Log address of the NCQ command error log. */
  public static final int NCQ_COMMAND_ERROR = 0x10;

  /** NCQ command error log, byte 0: the error was in a command that was not queued. */
  public static final int NOT_QUEUED = 0x80;

  private LogPages() {}

  /** The number of pages of a log; 0 if it does not exist. */
  public static int pages(int logAddress) {
    return logAddress == DIRECTORY || logAddress == NCQ_COMMAND_ERROR ? 1 : 0;
  }

  /** Writes the directory: word 0 is its version, word n the number of pages of log n. */
  public static void writeDirectory(MemorySegment page) {
    page.asSlice(0, PAGE_BYTES).fill((byte) 0);
    page.set(JAVA_BYTE, 0, (byte) 1);
    page.set(JAVA_BYTE, 2 * NCQ_COMMAND_ERROR, (byte) pages(NCQ_COMMAND_ERROR));
  }

  /**
   * Writes the NCQ command error log.
   *
   * @param tagByte the failed command's tag, or {@link #NOT_QUEUED}
   * @param status STATUS at the error
   * @param error ERROR at the error
   * @param lba the command's address
   * @param count the command's COUNT field
   * @param device the command's DEVICE field
   */
  public static void writeNcqError(
      MemorySegment page, int tagByte, int status, int error, long lba, int count, int device) {
    page.asSlice(0, PAGE_BYTES).fill((byte) 0);
    set(page, 0, tagByte);
    set(page, 2, status);
    set(page, 3, error);
    set(page, 4, (int) lba);
    set(page, 5, (int) (lba >> 8));
    set(page, 6, (int) (lba >> 16));
    set(page, 7, device);
    set(page, 8, (int) (lba >> 24));
    set(page, 9, (int) (lba >> 32));
    set(page, 10, (int) (lba >> 40));
    set(page, 12, count);
    set(page, 13, count >> 8);
    set(page, 511, -IdentifyDevice.sum(page, 511));
  }

  private static void set(MemorySegment page, int offset, int value) {
    page.set(JAVA_BYTE, offset, (byte) value);
  }
}
