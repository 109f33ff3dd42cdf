package dev.platter.devices.ata;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The IDENTIFY DEVICE page (ACS-3 7.12.7): 256 little-endian words that describe a SATA disk with
 * 48-bit addressing, NCQ, TRIM and a write cache that can be switched.
 *
 * @param model up to 40 ASCII characters
 * @param serial up to 20 ASCII characters
 * @param firmware up to 8 ASCII characters
 */
public record IdentifyDevice(String model, String serial, String firmware) {
  /** Length of the page in bytes. */
  public static final int PAGE_BYTES = 512;

  /** NCQ depth: tags are 0 to this minus 1. Word 75 holds it minus 1. */
  public static final int QUEUE_DEPTH = 32;

  /** Most sectors per DRQ block that SET MULTIPLE MODE takes (word 47). */
  public static final int MAX_MULTIPLE = 16;

  /** Most 512-byte blocks of TRIM ranges in one command (word 105). */
  public static final int MAX_TRIM_BLOCKS = 8;

  /** Most sectors that 28-bit commands reach (words 60-61). */
  public static final long MAX_LBA28_SECTORS = 0x0fff_ffffL;

  private static final ValueLayout.OfShort LE16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Checks the lengths. */
  public IdentifyDevice {
    check(model, 40);
    check(serial, 20);
    check(firmware, 8);
  }

  private static void check(String text, int maxLength) {
    if (text.length() > maxLength || text.chars().anyMatch(c -> c < 0x20 || c > 0x7e)) {
      throw new IllegalArgumentException(
          "an ATA string takes up to " + maxLength + " printable ASCII characters: " + text);
    }
  }

  /**
   * The parts of the page that change while the disk is in use, or that depend on its backend.
   *
   * @param sectors capacity in logical blocks
   * @param blockSizeBytes logical block size, 512 or a larger power of two
   * @param physicalBlockBytes the unit in which the medium reads and writes: the logical block size
   *     times a power of two
   * @param volatileCache whether there is a write cache
   * @param cacheEnabled whether the write cache is on
   * @param lookAhead whether read look-ahead is on
   * @param trim whether TRIM is offered
   * @param multiple sectors per DRQ block, 0 if READ/WRITE MULTIPLE are off
   * @param ultraDmaMode the selected Ultra DMA mode, or -1 if another kind is selected
   * @param multiwordDmaMode the selected Multiword DMA mode, or -1
   * @param preservesSettings whether software settings survive a COMRESET
   */
  public record State(
      long sectors,
      int blockSizeBytes,
      int physicalBlockBytes,
      boolean volatileCache,
      boolean cacheEnabled,
      boolean lookAhead,
      boolean trim,
      int multiple,
      int ultraDmaMode,
      int multiwordDmaMode,
      boolean preservesSettings) {}

  /**
   * Writes the page.
   *
   * @param page at least {@link #PAGE_BYTES} bytes; overwritten from its start
   */
  public void write(MemorySegment page, State state) {
    page.asSlice(0, PAGE_BYTES).fill((byte) 0);
    set(page, 0, 0x0040); // an ATA device, fixed
    set(page, 1, 16383); // CHS geometry of any disk beyond 8 GB, for old firmware
    set(page, 3, 16);
    set(page, 6, 63);
    text(page, 10, 20, serial);
    text(page, 23, 8, firmware);
    text(page, 27, 40, model);
    set(page, 47, 0x8000 | MAX_MULTIPLE);
    capabilities(page, state);
    commandSets(page, state);
    capacity(page, state);
    set(page, 217, 1); // non-rotating medium
    set(page, 222, 0x101e); // transport: serial; SATA 1.0a to 2.6
    set(page, 255, 0x00a5); // signature of a page with a checksum
    page.set(JAVA_BYTE, 511, (byte) -sum(page, 511));
  }

  private static void capabilities(MemorySegment page, State state) {
    set(page, 49, 0x0f00); // LBA, DMA, IORDY
    set(page, 50, 0x4000);
    set(page, 53, 0x0006); // words 64-70 and 88 are valid
    set(page, 59, state.multiple == 0 ? 0 : 0x0100 | state.multiple);
    set(page, 63, selected(0x0007, state.multiwordDmaMode)); // Multiword DMA 0-2
    set(page, 64, 0x0003); // PIO 3 and 4
    for (int word = 65; word <= 68; word++) {
      set(page, word, 120); // cycle times in ns
    }
    set(page, 75, QUEUE_DEPTH - 1);
    set(page, 76, 0x0102); // NCQ; Gen1, as the port's speed says
    set(page, 77, 0x0002); // negotiated Gen1
    set(page, 78, 0x0040); // software settings preservation
    set(page, 79, state.preservesSettings ? 0x0040 : 0);
    set(page, 88, selected(0x007f, state.ultraDmaMode)); // Ultra DMA 0-6
  }

  private static int selected(int offered, int mode) {
    return offered | (mode < 0 ? 0 : 0x0100 << mode);
  }

  private static void commandSets(MemorySegment page, State state) {
    int cache = state.volatileCache ? 0x20 : 0;
    set(page, 80, 0x07f0); // ATA/ATAPI-4 to ACS-3
    set(page, 82, 0x0048 | cache); // look-ahead, power management
    set(page, 83, 0x7400); // FLUSH CACHE EXT, FLUSH CACHE, 48-bit
    set(page, 84, 0x4060); // WRITE DMA FUA EXT, general purpose logging
    set(page, 85, 0x0008 | (state.lookAhead ? 0x40 : 0) | (state.cacheEnabled ? cache : 0));
    set(page, 86, 0xb400); // as word 83; words 119-120 are valid
    set(page, 87, 0x4060);
    set(page, 119, 0x4008); // READ LOG DMA EXT
    set(page, 120, 0x4008);
    if (state.trim) {
      set(page, 105, MAX_TRIM_BLOCKS);
      set(page, 169, 0x0001);
    }
  }

  private static void capacity(MemorySegment page, State state) {
    long sectors28 = Math.min(state.sectors, MAX_LBA28_SECTORS);
    set(page, 60, (int) sectors28);
    set(page, 61, (int) (sectors28 >> 16));
    for (int i = 0; i < 4; i++) {
      set(page, 100 + i, (int) (state.sectors >> (16 * i)));
    }
    int sizes = 0x4000; // the word is valid
    if (state.blockSizeBytes > 512) {
      int words = state.blockSizeBytes / 2;
      sizes |= 0x1000; // logical sectors are longer than 256 words
      set(page, 117, words);
      set(page, 118, words >> 16);
    }
    if (state.physicalBlockBytes > state.blockSizeBytes) {
      // Logical sectors per physical sector, as a power of two; sector 0 is aligned.
      sizes |=
          0x2000 | Integer.numberOfTrailingZeros(state.physicalBlockBytes / state.blockSizeBytes);
      set(page, 209, 0x4000);
    }
    set(page, 106, sizes);
  }

  private static void set(MemorySegment page, int word, int value) {
    page.set(LE16, 2L * word, (short) value);
  }

  // ATA strings hold the first character of each pair in the high byte.
  private static void text(MemorySegment page, int word, int length, String text) {
    for (int i = 0; i < length; i++) {
      char c = i < text.length() ? text.charAt(i) : ' ';
      page.set(JAVA_BYTE, 2L * word + (i ^ 1), (byte) c);
    }
  }

  static int sum(MemorySegment page, int length) {
    int sum = 0;
    for (int i = 0; i < length; i++) {
      sum += page.get(JAVA_BYTE, i);
    }
    return sum;
  }
}
