package dev.platter.guestimages;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Writes a FAT16 file system with a few files, each in one piece. After Microsoft's "FAT: General
 * Overview of On-Disk Format", 1.03; names are short ones (8.3), times are FAT's first day.
 */
final class FatVolume {
  private static final int SECTOR = 512;
  private static final int RESERVED_SECTORS = 1;
  private static final int FATS = 2;
  private static final int ENTRY_BYTES = 32;
  private static final int ROOT_ENTRIES = 512;
  private static final int ROOT_SECTORS = ROOT_ENTRIES * ENTRY_BYTES / SECTOR;

  /** With fewer clusters the volume would be FAT12, with more clusters FAT32. */
  private static final int MIN_CLUSTERS = 4085;

  private static final int MAX_CLUSTERS = 65_524;
  private static final int FIRST_CLUSTER = 2;
  private static final int MEDIA_FIXED = 0xf8;
  private static final short END_OF_CHAIN = (short) 0xffff;
  private static final byte ATTR_DIRECTORY = 0x10;
  private static final byte ATTR_ARCHIVE = 0x20;
  private static final short FIRST_DAY = 0x21; // 1980-01-01
  private static final Pattern SHORT_NAME = Pattern.compile("[A-Z0-9]{1,8}(\\.[A-Z0-9]{1,3})?");

  private final long sectors;
  private final int hiddenSectors;
  private final int serial;
  private final int clusterSectors;
  private final int clusters;
  private final int fatSectors;
  private final ByteBuffer fat;
  private int nextCluster = FIRST_CLUSTER;

  /** A directory being filled. */
  private static final class Directory {
    private final int cluster;
    private final ByteBuffer entries;
    private final Map<String, Directory> children = new LinkedHashMap<>();

    Directory(int cluster, int bytes) {
      this.cluster = cluster;
      this.entries = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  /**
   * Lays out a volume.
   *
   * @param sectors its size, of 512 bytes each
   * @param hiddenSectors the sectors before it on the disk
   * @param serial its serial number
   */
  FatVolume(long sectors, int hiddenSectors, int serial) {
    this.sectors = sectors;
    this.hiddenSectors = hiddenSectors;
    this.serial = serial;
    int size = 1;
    while (sectors / size > MAX_CLUSTERS) {
      size *= 2;
    }
    this.clusterSectors = size;
    // A little larger than necessary, because it also covers the sectors of the tables themselves.
    this.fatSectors = Math.toIntExact((sectors / size + FIRST_CLUSTER) * Short.BYTES / SECTOR + 1);
    this.clusters = Math.toIntExact((sectors - dataStart()) / size);
    if (clusters < MIN_CLUSTERS || size > 64) {
      throw new IllegalArgumentException("no FAT16 has " + sectors + " sectors");
    }
    this.fat = ByteBuffer.allocate(fatSectors * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
    fat.putShort(0, (short) (0xff00 | MEDIA_FIXED));
    fat.putShort(Short.BYTES, END_OF_CHAIN);
  }

  private long dataStart() {
    return RESERVED_SECTORS + (long) FATS * fatSectors + ROOT_SECTORS;
  }

  private int clusterBytes() {
    return clusterSectors * SECTOR;
  }

  /**
   * Writes the volume; its free space is left as it is.
   *
   * @param start the volume's offset on the channel
   * @param files by path, as {@code EFI/BOOT/BOOTX64.EFI}
   */
  void write(FileChannel channel, long start, Map<String, byte[]> files) throws IOException {
    Directory root = new Directory(0, ROOT_SECTORS * SECTOR);
    for (var file : files.entrySet()) {
      Directory directory = root;
      String[] names = file.getKey().split("/", -1);
      for (int i = 0; i < names.length - 1; i++) {
        directory = child(directory, names[i]);
      }
      byte[] content = file.getValue();
      int cluster = content.length == 0 ? 0 : allocate(content.length);
      entry(directory.entries, names[names.length - 1], ATTR_ARCHIVE, cluster, content.length);
      put(channel, start + offsetOf(cluster), ByteBuffer.wrap(content));
    }
    put(channel, start, bootSector());
    for (int copy = 0; copy < FATS; copy++) {
      long at = RESERVED_SECTORS + (long) copy * fatSectors;
      put(channel, start + at * SECTOR, fat.duplicate());
    }
    put(channel, start + (dataStart() - ROOT_SECTORS) * SECTOR, root.entries.clear());
    writeChildren(channel, start, root);
  }

  private void writeChildren(FileChannel channel, long start, Directory directory)
      throws IOException {
    for (Directory child : directory.children.values()) {
      put(channel, start + offsetOf(child.cluster), child.entries.clear());
      writeChildren(channel, start, child);
    }
  }

  private Directory child(Directory parent, String name) {
    return parent.children.computeIfAbsent(
        name,
        key -> {
          Directory made = new Directory(allocate(clusterBytes()), clusterBytes());
          entry(parent.entries, key, ATTR_DIRECTORY, made.cluster, 0);
          rawEntry(made.entries, ".          ", ATTR_DIRECTORY, made.cluster, 0);
          // The root directory counts as cluster 0 here.
          rawEntry(made.entries, "..         ", ATTR_DIRECTORY, parent.cluster, 0);
          return made;
        });
  }

  /** Takes the next clusters and chains them. */
  private int allocate(int bytes) {
    int count = (bytes + clusterBytes() - 1) / clusterBytes();
    int first = nextCluster;
    if (first + count > FIRST_CLUSTER + clusters) {
      throw new IllegalArgumentException("the FAT volume is too small for its files");
    }
    for (int cluster = first; cluster < first + count - 1; cluster++) {
      fat.putShort(cluster * Short.BYTES, (short) (cluster + 1));
    }
    fat.putShort((first + count - 1) * Short.BYTES, END_OF_CHAIN);
    nextCluster += count;
    return first;
  }

  private long offsetOf(int cluster) {
    return (dataStart() + (long) (cluster - FIRST_CLUSTER) * clusterSectors) * SECTOR;
  }

  private static void entry(
      ByteBuffer directory, String name, byte attributes, int cluster, int bytes) {
    if (!SHORT_NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(name + " is no short name in capitals");
    }
    int dot = name.indexOf('.');
    String base = dot < 0 ? name : name.substring(0, dot);
    String extension = dot < 0 ? "" : name.substring(dot + 1);
    String padded = String.format(Locale.ROOT, "%-8s%-3s", base, extension);
    rawEntry(directory, padded, attributes, cluster, bytes);
  }

  /** Section 6, "FAT Directory Structure". */
  private static void rawEntry(
      ByteBuffer directory, String padded, byte attributes, int cluster, int bytes) {
    int at = directory.position();
    directory.put(at, padded.getBytes(StandardCharsets.US_ASCII));
    directory.put(at + 11, attributes);
    directory.putShort(at + 16, FIRST_DAY);
    directory.putShort(at + 18, FIRST_DAY);
    directory.putShort(at + 24, FIRST_DAY);
    directory.putShort(at + 26, (short) cluster);
    directory.putInt(at + 28, bytes);
    directory.position(at + ENTRY_BYTES);
  }

  /** Section 3, "Boot Sector and BPB". */
  private ByteBuffer bootSector() {
    ByteBuffer sector = ByteBuffer.allocate(SECTOR).order(ByteOrder.LITTLE_ENDIAN);
    sector.put(0, new byte[] {(byte) 0xeb, 0x3c, (byte) 0x90});
    sector.put(3, "PLATTER ".getBytes(StandardCharsets.US_ASCII));
    sector.putShort(11, (short) SECTOR);
    sector.put(13, (byte) clusterSectors);
    sector.putShort(14, (short) RESERVED_SECTORS);
    sector.put(16, (byte) FATS);
    sector.putShort(17, (short) ROOT_ENTRIES);
    sector.putShort(19, (short) (sectors < 0x1_0000 ? sectors : 0));
    sector.put(21, (byte) MEDIA_FIXED);
    sector.putShort(22, (short) fatSectors);
    sector.putShort(24, (short) 63); // sectors per track, heads: for old BIOSes only
    sector.putShort(26, (short) 255);
    sector.putInt(28, hiddenSectors);
    sector.putInt(32, sectors < 0x1_0000 ? 0 : (int) sectors);
    sector.put(36, (byte) 0x80);
    sector.put(38, (byte) 0x29);
    sector.putInt(39, serial);
    sector.put(43, "NO NAME    FAT16   ".getBytes(StandardCharsets.US_ASCII));
    sector.putShort(510, (short) 0xaa55);
    return sector;
  }

  private static void put(FileChannel channel, long position, ByteBuffer bytes) throws IOException {
    long at = position;
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
    }
  }
}
