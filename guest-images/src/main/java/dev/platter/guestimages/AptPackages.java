package dev.platter.guestimages;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Debian packages, downloaded and checked by the host's apt, and kept. The cache remembers their
 * versions, so that a later build takes the same packages without apt or a network.
 */
final class AptPackages {
  /** A line of {@code apt-get download --print-uris}: 'uri' name size hash. */
  private static final Pattern URI_LINE = Pattern.compile("'[^']+' (\\S+\\.deb) (\\d+)( \\S+)?");

  private static final Pattern REMEMBERED = Pattern.compile("(\\S+) (\\S+\\.deb) ([0-9a-f]{64})");
  private static final String UPDATE = "Run: apt-get update (as root)";

  /**
   * A package in the cache.
   *
   * @param name the package's name
   * @param file its {@code .deb}
   * @param sha256 of the file
   */
  record Deb(String name, Path file, String sha256) {}

  private final Cache cache;
  private final boolean refresh;
  private final Consumer<String> progress;

  AptPackages(Cache cache, boolean refresh, Consumer<String> progress) {
    this.cache = cache;
    this.refresh = refresh;
    this.progress = progress;
  }

  /**
   * The packages of a set, from the cache if it has them.
   *
   * @param set the name under which their versions are remembered
   * @param names gives the packages; asked only if nothing is remembered or newer versions are
   *     wanted
   * @return by package name, in the order of {@code names}
   */
  Map<String, Deb> fetch(String set, Supplier<List<String>> names) {
    String memory = "packages-" + set;
    try {
      if (!refresh) {
        @Nullable Map<String, Deb> known = remembered(cache.root().resolve(memory));
        if (known != null) {
          return known;
        }
      }
      Map<String, Deb> debs = download(names.get());
      cache.writeFile(
          memory,
          debs.values().stream()
              .map(deb -> deb.name() + " " + deb.file().getFileName() + " " + deb.sha256())
              .toList());
      return debs;
    } catch (IOException e) {
      throw GuestImageException.io("fetching packages into " + cache.root(), e);
    }
  }

  private @Nullable Map<String, Deb> remembered(Path memory) throws IOException {
    if (!Files.exists(memory)) {
      return null;
    }
    Map<String, Deb> debs = new LinkedHashMap<>();
    for (String line : Files.readAllLines(memory)) {
      Matcher match = REMEMBERED.matcher(line);
      if (!match.matches()) {
        return null;
      }
      Path file = directory().resolve(match.group(2));
      if (!Files.exists(file)) {
        return null;
      }
      debs.put(match.group(1), new Deb(match.group(1), file, match.group(3)));
    }
    return debs;
  }

  private Path directory() {
    return cache.root().resolve("debs");
  }

  private Map<String, Deb> download(List<String> names) throws IOException {
    Map<String, String> files = fileNames(names);
    Files.createDirectories(directory());
    List<String> missing = names.stream().filter(name -> !Files.exists(path(files, name))).toList();
    if (!missing.isEmpty()) {
      downloadFiles(missing);
    }
    Map<String, Deb> debs = new LinkedHashMap<>();
    for (String name : names) {
      Path file = path(files, name);
      if (!Files.exists(file)) {
        throw GuestImageException.failed(
            "apt-get download " + name + " did not bring " + file.getFileName(), UPDATE);
      }
      debs.put(name, new Deb(name, file, Hashes.ofFile(file)));
    }
    return debs;
  }

  private Path path(Map<String, String> files, String name) {
    @Nullable String file = files.get(name);
    if (file == null) {
      throw GuestImageException.hostLacks("apt knows no package " + name, UPDATE);
    }
    return directory().resolve(file);
  }

  private void downloadFiles(List<String> names) throws IOException {
    progress.accept("fetching " + String.join(", ", names));
    Path work = cache.newWorkDirectory();
    try {
      apt(work, command(List.of("apt-get", "-q", "download"), names));
      try (var files = Files.list(work)) {
        for (Path file : files.toList()) {
          Files.move(file, directory().resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
        }
      }
    } finally {
      Cache.deleteTree(work);
    }
  }

  /** The file names that apt gives to packages, by package. */
  private static Map<String, String> fileNames(List<String> names) {
    Map<String, String> files = new LinkedHashMap<>();
    HostCommand.Result result =
        apt(null, command(List.of("apt-get", "download", "--print-uris"), names));
    for (String line : result.lines()) {
      Matcher match = URI_LINE.matcher(line);
      if (match.lookingAt()) {
        String file = match.group(1);
        files.put(file.substring(0, file.indexOf('_')), file);
      }
    }
    return files;
  }

  /** The package behind an empty package such as linux-image-amd64: its first dependency. */
  static String firstDependency(String name, String prefix) {
    for (String line : apt(null, List.of("apt-cache", "depends", name)).lines()) {
      String text = line.strip();
      if (text.startsWith("Depends: " + prefix)) {
        return text.substring("Depends: ".length());
      }
    }
    throw GuestImageException.hostLacks(
        "apt's " + name + " depends on no " + prefix + "VERSION", UPDATE);
  }

  /** A package and all libraries that it needs, directly or not. */
  static List<String> withLibraries(String name) {
    List<String> names = new ArrayList<>(List.of(name));
    List<String> command = List.of("apt-cache", "depends", "--recurse", "--important", name);
    for (String line : apt(null, command).lines()) {
      // Names of packages start a line; virtual ones are in angle brackets.
      if (line.startsWith("lib") && line.indexOf(':') < 0) {
        names.add(line);
      }
    }
    return names;
  }

  private static List<String> command(List<String> words, List<String> more) {
    List<String> command = new ArrayList<>(words);
    command.addAll(more);
    return command;
  }

  private static HostCommand.Result apt(@Nullable Path directory, List<String> command) {
    if (HostCommand.find(command.getFirst()) == null) {
      throw GuestImageException.hostLacks(
          command.getFirst() + " is missing: the test guest is made of Debian packages",
          "Use a Debian or Ubuntu host, or a container of one");
    }
    HostCommand.Result result = HostCommand.run(directory, command);
    if (result.status() != 0) {
      throw GuestImageException.hostLacks(
          String.join(" ", command) + " failed: " + result.complaint().replaceFirst("^E: ", ""),
          UPDATE + ", and look whether its mirror can be reached");
    }
    return result;
  }
}
