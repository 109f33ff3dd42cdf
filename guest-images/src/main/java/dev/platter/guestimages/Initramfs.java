package dev.platter.guestimages;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioConstants;

/**
 * An initramfs: a cpio archive of the "newc" kind, compressed with gzip (Linux,
 * Documentation/driver-api/early-userspace/buffer-format.rst). Entries are sorted, owned by root
 * and from the beginning of time, so that the same files make the same bytes.
 */
final class Initramfs {
  private static final int DEVICE_BLOCK_BYTES = 512;

  private static final class Entry {
    private final long mode;
    private final byte[] content;
    private final int major;
    private final int minor;

    Entry(long mode, byte[] content, int major, int minor) {
      this.mode = mode;
      this.content = content;
      this.major = major;
      this.minor = minor;
    }
  }

  private final TreeMap<String, Entry> entries = new TreeMap<>();

  /** Adds a file, and missing directories above it. */
  void file(String path, byte[] content, boolean executable) {
    add(path, new Entry(CpioConstants.C_ISREG | (executable ? 0755 : 0644), content, 0, 0));
  }

  void file(String path, String text, boolean executable) {
    file(path, text.getBytes(StandardCharsets.UTF_8), executable);
  }

  void symbolicLink(String path, String target) {
    byte[] content = target.getBytes(StandardCharsets.UTF_8);
    add(path, new Entry(CpioConstants.C_ISLNK | 0777, content, 0, 0));
  }

  void characterDevice(String path, int major, int minor) {
    add(path, new Entry(CpioConstants.C_ISCHR | 0600, new byte[0], major, minor));
  }

  void directory(String path) {
    add(path, new Entry(CpioConstants.C_ISDIR | 0755, new byte[0], 0, 0));
  }

  private void add(String path, Entry entry) {
    int slash = path.lastIndexOf('/');
    if (slash > 0 && !entries.containsKey(path.substring(0, slash))) {
      directory(path.substring(0, slash));
    }
    entries.put(path, entry);
  }

  void write(Path file) throws IOException {
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file));
        GZIPOutputStream gzip = new GZIPOutputStream(out, 1 << 16);
        CpioArchiveOutputStream cpio =
            new CpioArchiveOutputStream(
                gzip, CpioConstants.FORMAT_NEW, DEVICE_BLOCK_BYTES, "US-ASCII")) {
      for (var named : entries.entrySet()) {
        put(cpio, named.getKey(), named.getValue());
      }
    }
  }

  private static void put(CpioArchiveOutputStream cpio, String path, Entry entry)
      throws IOException {
    CpioArchiveEntry header =
        new CpioArchiveEntry(CpioConstants.FORMAT_NEW, path, entry.content.length);
    header.setMode(entry.mode);
    header.setNumberOfLinks(1);
    header.setTime(0);
    header.setRemoteDeviceMaj(entry.major);
    header.setRemoteDeviceMin(entry.minor);
    cpio.putArchiveEntry(header);
    cpio.write(entry.content);
    cpio.closeArchiveEntry();
  }
}
