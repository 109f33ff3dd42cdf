package dev.platter.devices.driver;

import dev.platter.devices.memory.GuestMemory;

/**
 * What a driver takes from an IDENTIFY DEVICE page (ACS-3 7.12.7).
 *
 * @param model the model, trimmed
 * @param serial the serial number, trimmed
 * @param firmware the firmware revision, trimmed
 * @param blocks capacity in logical blocks
 * @param blockSizeBytes logical block size
 * @param queueDepth NCQ depth; 1 if NCQ is missing
 * @param writeCache whether there is a write cache
 * @param trim whether TRIM is offered
 * @param ultraDmaModes bit mask of the Ultra DMA modes offered
 */
public record AhciIdentity(
    String model,
    String serial,
    String firmware,
    long blocks,
    int blockSizeBytes,
    int queueDepth,
    boolean writeCache,
    boolean trim,
    int ultraDmaModes) {
  private static final int PAGE_BYTES = 512;

  /**
   * Reads a page.
   *
   * @throws IllegalStateException if its checksum is wrong
   */
  public static AhciIdentity parse(GuestMemory memory, long page) {
    int sum = 0;
    for (int i = 0; i < PAGE_BYTES; i++) {
      sum += memory.readByte(page + i);
    }
    if ((sum & 0xff) != 0 || memory.readByte(page + 510) != 0xa5) {
      throw new IllegalStateException("IDENTIFY DEVICE page with a wrong checksum");
    }
    boolean longSectors = (word(memory, page, 106) & 0xd000) == 0x5000;
    int words = word(memory, page, 117) | word(memory, page, 118) << 16;
    boolean ncq = (word(memory, page, 76) & 0x0100) != 0;
    return new AhciIdentity(
        text(memory, page, 27, 20),
        text(memory, page, 10, 10),
        text(memory, page, 23, 4),
        memory.readLong(page + 200),
        longSectors ? words * 2 : 512,
        ncq ? (word(memory, page, 75) & 0x1f) + 1 : 1,
        (word(memory, page, 82) & 0x20) != 0,
        (word(memory, page, 169) & 1) != 0,
        word(memory, page, 88) & 0x7f);
  }

  private static int word(GuestMemory memory, long page, int index) {
    return memory.readShort(page + 2L * index);
  }

  private static String text(GuestMemory memory, long page, int firstWord, int words) {
    StringBuilder text = new StringBuilder();
    for (int i = firstWord; i < firstWord + words; i++) {
      int pair = word(memory, page, i);
      text.append((char) (pair >> 8)).append((char) (pair & 0xff));
    }
    return text.toString().strip();
  }
}
