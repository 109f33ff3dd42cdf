package dev.platter.emulator.server.confine;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.emulator.host.OwnProcess;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The files that this program and its JVM consist of.
 *
 * @param rules one for each file or directory
 */
record JvmFiles(List<PathRule> rules) {
  private static final int ELF_HEADER_SIZE = 64;
  private static final int PT_INTERP = 3;

  /** The files of the running JVM. */
  static JvmFiles running() throws IOException {
    List<PathRule> rules = new ArrayList<>();
    Path home = Path.of(System.getProperty("java.home"));
    rules.add(PathRule.required(home, PathRule.READ_TREE));
    for (Path target : linksOutOf(home)) {
      rules.add(PathRule.of(target, PathRule.READ_TREE));
    }
    rules.add(PathRule.required(OwnProcess.EXECUTABLE, PathRule.EXECUTE));
    interpreter(OwnProcess.EXECUTABLE)
        .ifPresent(path -> rules.add(PathRule.of(path, PathRule.EXECUTE)));
    for (Path entry : classPath(System.getProperty("java.class.path", ""))) {
      rules.add(PathRule.of(entry, PathRule.READ_TREE));
    }
    // Libraries that lie elsewhere, an archive of classes.
    for (Path file : mapped(OwnProcess.maps())) {
      rules.add(PathRule.of(file, PathRule.READ));
    }
    return new JvmFiles(List.copyOf(rules));
  }

  /** Entries of a class path; a jar's own Class-Path names what lies in lib, beside it. */
  static Set<Path> classPath(String classPath) {
    Set<Path> entries = new LinkedHashSet<>();
    for (String entry : classPath.split(File.pathSeparator, -1)) {
      Path path = Path.of(entry).toAbsolutePath();
      entries.add(path);
      if (entry.endsWith(".jar")) {
        entries.add(path.resolveSibling("lib"));
      }
    }
    return entries;
  }

  /**
   * The targets of links in a Java's lib and conf; distributions keep its configuration in /etc.
   */
  static Set<Path> linksOutOf(Path home) throws IOException {
    Path real = home.toRealPath();
    Set<Path> targets = new LinkedHashSet<>();
    for (String name : List.of("conf", "lib")) {
      Path directory = real.resolve(name);
      if (Files.isSymbolicLink(directory)) {
        targets.add(directory.toRealPath());
      }
      if (!Files.isDirectory(directory)) {
        continue;
      }
      try (Stream<Path> all = Files.walk(directory)) {
        for (Path link : all.filter(Files::isSymbolicLink).toList()) {
          if (Files.exists(link) && !link.toRealPath().startsWith(real)) {
            targets.add(link.toRealPath());
          }
        }
      }
    }
    return targets;
  }

  /** The files among the lines of a {@code /proc/PID/maps}. */
  static Set<Path> mapped(List<String> maps) {
    Set<Path> files = new LinkedHashSet<>();
    for (String line : maps) {
      // address perms offset dev inode, blanks, and a path that may hold anything
      int slash = line.indexOf('/');
      if (slash >= 0 && !line.endsWith(" (deleted)")) {
        String path = new String(line.substring(slash).getBytes(ISO_8859_1), UTF_8);
        files.add(Path.of(path));
      }
    }
    return files;
  }

  /** The dynamic linker that a program asks for, executed with it. */
  static Optional<Path> interpreter(Path program) throws IOException {
    try (SeekableByteChannel file = Files.newByteChannel(program)) {
      ByteBuffer header = read(file, 0, ELF_HEADER_SIZE);
      long table = header.getLong(32);
      int entrySize = header.getShort(54) & 0xffff;
      int entries = header.getShort(56) & 0xffff;
      for (int i = 0; i < entries; i++) {
        ByteBuffer entry = read(file, table + (long) i * entrySize, entrySize);
        if (entry.getInt(0) == PT_INTERP) {
          ByteBuffer name = read(file, entry.getLong(8), (int) entry.getLong(32) - 1);
          return Optional.of(Path.of(UTF_8.decode(name).toString()));
        }
      }
      return Optional.empty();
    }
  }

  private static ByteBuffer read(SeekableByteChannel file, long at, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    file.position(at);
    int count;
    do {
      count = file.read(bytes);
    } while (count >= 0 && bytes.hasRemaining());
    if (bytes.hasRemaining()) {
      throw new IOException("the program's header is cut short");
    }
    return bytes.flip();
  }
}
