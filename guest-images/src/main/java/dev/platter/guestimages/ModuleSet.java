package dev.platter.guestimages;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/**
 * The modules of a kernel, a directory like {@code /lib/modules/VERSION}. Dependencies come from
 * the modules themselves: Debian's package has no {@code modules.dep}, because that file is made
 * when the package is installed.
 */
final class ModuleSet {
  /** Endings of module files, compressed or not. */
  private static final List<String> ENDINGS = List.of(".ko", ".ko.xz", ".ko.gz", ".ko.zst");

  private final Path directory;
  private final Map<String, Path> files = new HashMap<>();
  private final Set<String> builtIn = new HashSet<>();

  private ModuleSet(Path directory) {
    this.directory = directory;
  }

  /**
   * Reads a directory.
   *
   * @throws GuestImageException of kind BAD_INPUT if there are no modules
   */
  static ModuleSet of(Path directory) {
    ModuleSet set = new ModuleSet(directory);
    if (!Files.isDirectory(directory.resolve("kernel"))) {
      throw GuestImageException.badInput(
          directory + " has no directory named kernel",
          "Name a directory like /lib/modules/VERSION");
    }
    // The directory may itself be a link; links inside lead to sources and headers and are not
    // followed.
    try (Stream<Path> tree = Files.walk(directory.toRealPath())) {
      tree.filter(Files::isRegularFile).sorted().forEach(set::add);
      Path builtIn = directory.resolve("modules.builtin");
      if (Files.exists(builtIn)) {
        Files.readAllLines(builtIn).forEach(line -> set.builtIn.add(nameOf(Path.of(line))));
      }
    } catch (IOException e) {
      throw new GuestImageException(
          GuestImageException.Kind.BAD_INPUT,
          "cannot read the kernel modules in " + directory + ": " + GuestImageException.reason(e),
          "Name a directory like /lib/modules/VERSION",
          e);
    }
    if (set.files.isEmpty()) {
      throw GuestImageException.badInput(
          directory + " holds no kernel modules", "Name a directory like /lib/modules/VERSION");
    }
    return set;
  }

  private void add(Path file) {
    String name = file.getFileName().toString();
    if (ENDINGS.stream().anyMatch(name::endsWith)) {
      files.putIfAbsent(nameOf(file), file);
    }
  }

  private static String nameOf(Path file) {
    String name = file.getFileName().toString();
    int end = name.indexOf(".ko");
    return normal(end < 0 ? name : name.substring(0, end));
  }

  /** A module's name in its normal form: dashes and underscores mean the same. */
  static String normal(String name) {
    return name.strip().replace('-', '_');
  }

  /** The kernel that they were built for, as {@code uname -r} says; empty if they do not say. */
  String release() {
    Path any = files.values().stream().min(Comparator.naturalOrder()).orElseThrow();
    return ModuleInfo.of(read(any), any.toString()).release();
  }

  /**
   * Modules with all their dependencies, each after its dependencies.
   *
   * @param required modules that must be there or built in
   * @param wished modules that are taken if they are there
   * @return contents by name
   */
  Map<String, byte[]> closure(List<String> required, List<String> wished) {
    Map<String, byte[]> ordered = new LinkedHashMap<>();
    for (String name : required) {
      visit(normal(name), ordered, new ArrayList<>());
    }
    for (String name : wished) {
      if (files.containsKey(normal(name))) {
        visit(normal(name), ordered, new ArrayList<>());
      }
    }
    return ordered;
  }

  private void visit(String name, Map<String, byte[]> ordered, List<String> path) {
    if (ordered.containsKey(name) || path.contains(name)) {
      return; // A soft dependency may lead back to its origin.
    }
    Path file = files.get(name);
    if (file == null) {
      if (builtIn.contains(name)) {
        return;
      }
      throw GuestImageException.badInput(
          "the kernel in " + directory + " has no module " + name + needed(path),
          "Use a kernel that has it, or Debian's");
    }
    byte[] content = read(file);
    ModuleInfo info = ModuleInfo.of(content, file.toString());
    path.add(name);
    info.depends().forEach(other -> visit(other, ordered, path));
    info.softPre().forEach(other -> visitSoft(other, ordered, path));
    path.removeLast();
    ordered.put(name, content);
  }

  private static String needed(List<String> path) {
    return path.isEmpty() ? "" : ", which " + path.getLast() + " needs";
  }

  /**
   * Visits a soft dependency, which mostly names an algorithm and then means its plain
   * implementation.
   */
  private void visitSoft(String name, Map<String, byte[]> ordered, List<String> path) {
    for (String candidate : List.of(name, name + "_generic")) {
      if (files.containsKey(candidate)) {
        visit(candidate, ordered, path);
      }
    }
  }

  /** A module, decompressed. */
  private static byte[] read(Path file) {
    String name = file.getFileName().toString();
    try {
      byte[] stored = Files.readAllBytes(file);
      if (name.endsWith(".ko")) {
        return stored;
      }
      if (name.endsWith(".zst")) {
        return unzstd(file);
      }
      try (InputStream in =
          name.endsWith(".xz")
              ? new XZInputStream(new ByteArrayInputStream(stored))
              : new GZIPInputStream(new ByteArrayInputStream(stored))) {
        return in.readAllBytes();
      }
    } catch (IOException e) {
      throw GuestImageException.io("reading the kernel module " + file, e);
    }
  }

  private static byte[] unzstd(Path file) throws IOException {
    @Nullable Path zstd = HostCommand.find("zstd");
    if (zstd == null) {
      throw GuestImageException.hostLacks(
          file + " is compressed with zstd, which is missing here", "apt install zstd");
    }
    Path plain = Files.createTempFile("platter-module", ".ko");
    try {
      HostCommand.Result result =
          HostCommand.run(
              null, List.of(zstd.toString(), "-dqf", "-o", plain.toString(), file.toString()));
      if (result.status() != 0) {
        throw GuestImageException.failed(
            "zstd cannot unpack " + file + ": " + result.complaint(), null);
      }
      return Files.readAllBytes(plain);
    } finally {
      Files.deleteIfExists(plain);
    }
  }
}
