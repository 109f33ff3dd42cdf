package dev.platter.guestimages;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads sections by name, and the needed shared libraries and versions, of a 64-bit little-endian
 * ELF file. After the System V ABI, chapters 4 (sections) and 5 (dynamic linking), and the Linux
 * Standard Base (symbol versioning).
 */
public final class ElfFile {
  private static final int HEADER_BYTES = 64;
  private static final int SECTION_HEADER_BYTES = 64;
  private static final int SHT_STRTAB = 3;
  private static final int SHT_DYNAMIC = 6;
  private static final int SHT_NOBITS = 8;
  private static final int SHT_GNU_VERNEED = 0x6fff_fffe;
  private static final int DYNAMIC_ENTRY_BYTES = 16;
  private static final long DT_NEEDED = 1;

  private final ByteBuffer bytes;

  private ElfFile(ByteBuffer bytes) {
    this.bytes = bytes;
  }

  /**
   * Parses a file's bytes.
   *
   * @param what the file, in words for messages
   * @throws GuestImageException of kind BAD_INPUT if it is no such ELF file
   */
  public static ElfFile of(byte[] content, String what) {
    ByteBuffer bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    // EI_CLASS 2: 64 bits; EI_DATA 1: little-endian.
    if (content.length < HEADER_BYTES
        || bytes.getInt(0) != 0x464c_457f
        || content[4] != 2
        || content[5] != 1) {
      throw GuestImageException.badInput(what + " is no 64-bit little-endian ELF file", null);
    }
    return new ElfFile(bytes);
  }

  private record Section(int name, int type, int offset, int size, int link) {}

  private List<Section> sections() {
    long table = bytes.getLong(0x28);
    int entrySize = Short.toUnsignedInt(bytes.getShort(0x3a));
    int count = Short.toUnsignedInt(bytes.getShort(0x3c));
    List<Section> sections = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long at = table + (long) i * entrySize;
      if (table < 0 || at > bytes.limit() - SECTION_HEADER_BYTES) {
        return sections;
      }
      sections.add(section((int) at));
    }
    return sections;
  }

  /** An Elf64_Shdr; a section outside the file counts as empty. */
  private Section section(int at) {
    int type = bytes.getInt(at + 4);
    long offset = bytes.getLong(at + 0x18);
    long size = bytes.getLong(at + 0x20);
    boolean inside =
        type != SHT_NOBITS
            && offset >= 0
            && size >= 0
            && offset <= bytes.limit()
            && size <= bytes.limit() - offset;
    return new Section(
        bytes.getInt(at),
        type,
        inside ? (int) offset : 0,
        inside ? (int) size : 0,
        bytes.getInt(at + 0x28));
  }

  /** A section's bytes, or null if there is none of this name. */
  byte @Nullable [] section(String name) {
    List<Section> all = sections();
    int namesIndex = Short.toUnsignedInt(bytes.getShort(0x3e));
    if (namesIndex >= all.size()) {
      return null;
    }
    Section names = all.get(namesIndex);
    for (Section section : all) {
      if (name.equals(string(names, section.name))) {
        byte[] content = new byte[section.size];
        bytes.get(section.offset, content);
        return content;
      }
    }
    return null;
  }

  /** The shared libraries that it names as needed (DT_NEEDED). */
  List<String> neededLibraries() {
    List<Section> all = sections();
    List<String> needed = new ArrayList<>();
    for (Section dynamic : all) {
      if (dynamic.type != SHT_DYNAMIC || dynamic.link < 0 || dynamic.link >= all.size()) {
        continue;
      }
      Section strings = all.get(dynamic.link);
      for (int at = 0; at + DYNAMIC_ENTRY_BYTES <= dynamic.size; at += DYNAMIC_ENTRY_BYTES) {
        if (strings.type == SHT_STRTAB && bytes.getLong(dynamic.offset + at) == DT_NEEDED) {
          needed.add(string(strings, (int) bytes.getLong(dynamic.offset + at + 8)));
        }
      }
    }
    return needed;
  }

  /** The versions of symbols that it needs of libraries, such as {@code GLIBC_2.34}. */
  public List<String> neededVersions() {
    List<Section> all = sections();
    List<String> versions = new ArrayList<>();
    for (Section needs : all) {
      if (needs.type != SHT_GNU_VERNEED || needs.link < 0 || needs.link >= all.size()) {
        continue;
      }
      int library = 0; // an Elf64_Verneed
      int toNextLibrary;
      do {
        int version = library + word(needs, library + 8); // an Elf64_Vernaux
        int toNextVersion;
        do {
          versions.add(string(all.get(needs.link), word(needs, version + 8)));
          toNextVersion = word(needs, version + 12);
          version += toNextVersion;
        } while (toNextVersion > 0);
        toNextLibrary = word(needs, library + 12);
        library += toNextLibrary;
      } while (toNextLibrary > 0);
    }
    return versions;
  }

  /** A number in a section; 0 outside. */
  private int word(Section section, int at) {
    return at < 0 || at > section.size - Integer.BYTES ? 0 : bytes.getInt(section.offset + at);
  }

  private String string(Section table, int index) {
    if (index < 0 || index >= table.size) {
      return "";
    }
    int end = index;
    while (end < table.size && bytes.get(table.offset + end) != 0) {
      end++;
    }
    byte[] text = new byte[end - index];
    bytes.get(table.offset + index, text);
    return new String(text, StandardCharsets.ISO_8859_1);
  }
}
