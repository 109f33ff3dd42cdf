package dev.platter.emulator.release;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;

/**
 * The files of a package. Whatever they are copied from, they belong to root, have one time, and
 * stand in the order of their paths: so that the same contents make the same bytes.
 */
final class FileTree {
  private static final int EXECUTABLE = 0755;
  private static final int READABLE = 0644;

  private interface Content {
    byte[] read() throws IOException;
  }

  private record Entry(byte kind, int mode, Content content, String target) {}

  private final Map<String, Entry> entries = new TreeMap<>();

  /** Adds a file with a text. */
  void add(String path, String text) {
    addFile(path, READABLE, () -> text.getBytes(StandardCharsets.UTF_8));
  }

  /** Adds a file with bytes, which are not copied. */
  void add(String path, byte[] bytes) {
    addFile(path, READABLE, () -> bytes);
  }

  /** Adds a program of text. */
  void addProgram(String path, String text) {
    addFile(path, EXECUTABLE, () -> text.getBytes(StandardCharsets.UTF_8));
  }

  /** Adds a symbolic link. */
  void addLink(String path, String target) {
    put(path, new Entry(TarConstants.LF_SYMLINK, 0777, () -> new byte[0], target));
  }

  /**
   * Adds a file, or a directory with all that is in it. Symbolic links in it stay such.
   *
   * @param path where it is in the package, relative
   */
  void copy(String path, Path from) throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.walk(from)) {
      all = files.toList();
    }
    for (Path file : all) {
      Path below = from.relativize(file);
      String to = below.toString().isEmpty() ? path : path + "/" + below;
      if (Files.isSymbolicLink(file)) {
        addLink(to, Files.readSymbolicLink(file).toString());
      } else if (Files.isRegularFile(file)) {
        int mode = Files.isExecutable(file) ? EXECUTABLE : READABLE;
        addFile(to, mode, () -> Files.readAllBytes(file));
      }
    }
  }

  /** Adds all of another tree, below a directory. */
  void addAll(String directory, FileTree tree) {
    tree.entries.forEach((path, entry) -> put(directory + "/" + path, entry));
  }

  private void addFile(String path, int mode, Content content) {
    put(path, new Entry(TarConstants.LF_NORMAL, mode, content, ""));
  }

  private void put(String path, Entry entry) {
    for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      entries.putIfAbsent(
          path.substring(0, slash),
          new Entry(TarConstants.LF_DIR, EXECUTABLE, () -> new byte[0], ""));
    }
    if (entries.putIfAbsent(path, entry) != null && entry.kind() != TarConstants.LF_DIR) {
      throw new IllegalArgumentException(path + " is there twice");
    }
  }

  /** How much the files take, in bytes. */
  long sizeBytes() throws IOException {
    long size = 0;
    for (Entry entry : entries.values()) {
      size += entry.content().read().length;
    }
    return size;
  }

  /**
   * Writes a tar archive, compressed by gzip.
   *
   * @param prefix before each path, such as {@code ./}
   * @param time of all files
   */
  void writeTar(Path file, String prefix, Instant time) throws IOException {
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      writeTar(out, prefix, time);
    }
  }

  private void writeTar(OutputStream out, String prefix, Instant time) throws IOException {
    try (TarArchiveOutputStream tar =
        new TarArchiveOutputStream(new GzipCompressorOutputStream(out), "UTF-8")) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
      for (Map.Entry<String, Entry> each : entries.entrySet()) {
        Entry entry = each.getValue();
        boolean directory = entry.kind() == TarConstants.LF_DIR;
        TarArchiveEntry header =
            new TarArchiveEntry(prefix + each.getKey() + (directory ? "/" : ""), entry.kind());
        byte[] content = entry.content().read();
        header.setSize(content.length);
        header.setMode(entry.mode());
        header.setLinkName(entry.target());
        header.setIds(0, 0);
        header.setNames("root", "root");
        header.setLastModifiedTime(FileTime.from(time));
        tar.putArchiveEntry(header);
        tar.write(content);
        tar.closeArchiveEntry();
      }
    }
  }

  /**
   * Writes a Debian package, deb(5), of these files.
   *
   * @param control the files of its control archive
   * @param time of all files
   */
  void writeDeb(Path file, FileTree control, Instant time) throws IOException {
    try (ArArchiveOutputStream ar =
        new ArArchiveOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
      member(ar, "debian-binary", "2.0\n".getBytes(StandardCharsets.US_ASCII), time);
      member(ar, "control.tar.gz", control.tar(time), time);
      member(ar, "data.tar.gz", tar(time), time);
    }
  }

  private byte[] tar(Instant time) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    writeTar(bytes, "./", time);
    return bytes.toByteArray();
  }

  private static void member(ArArchiveOutputStream ar, String name, byte[] content, Instant time)
      throws IOException {
    ar.putArchiveEntry(
        new ArArchiveEntry(name, content.length, 0, 0, 0100644, time.getEpochSecond()));
    ar.write(content);
    ar.closeArchiveEntry();
  }
}
