package dev.platter.guestimages;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Makes the smallest ELF files that have what the tests look for (System V ABI, chapter 4). */
final class SyntheticElf {
  private static final int HEADER = 64;

  private SyntheticElf() {}

  /** A "module" whose .modinfo holds these strings. */
  static byte[] module(String... modinfo) {
    return withSection(
        ".modinfo", 1, (String.join("\0", modinfo) + "\0").getBytes(StandardCharsets.US_ASCII));
  }

  /** Two sections besides the null one: section names, and the one asked for. */
  static byte[] withSection(String name, int type, byte[] content) {
    byte[] names = ("\0.shstrtab\0" + name + "\0").getBytes(StandardCharsets.US_ASCII);
    int table = HEADER + names.length + content.length;
    ByteBuffer elf = ByteBuffer.allocate(table + 3 * HEADER).order(ByteOrder.LITTLE_ENDIAN);
    elf.put(0, new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
    elf.putLong(0x28, table); // e_shoff
    elf.putShort(0x3a, (short) HEADER); // e_shentsize
    elf.putShort(0x3c, (short) 3); // e_shnum
    elf.putShort(0x3e, (short) 1); // e_shstrndx
    elf.put(HEADER, names);
    elf.put(HEADER + names.length, content);
    section(elf, table + HEADER, 1, 3, HEADER, names.length);
    section(elf, table + 2 * HEADER, 11, type, HEADER + names.length, content.length);
    return elf.array();
  }

  private static void section(ByteBuffer elf, int at, int name, int type, int offset, int size) {
    elf.putInt(at, name);
    elf.putInt(at + 4, type);
    elf.putLong(at + 0x18, offset);
    elf.putLong(at + 0x20, size);
  }
}
