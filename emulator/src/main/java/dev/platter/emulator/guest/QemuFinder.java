package dev.platter.emulator.guest;

import dev.platter.aio.PlatterException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Finds a QEMU that can attach Platter's disks: the user's choice; else the first new enough
 * program of {@code qemu-system-x86_64} on the PATH and the QEMU in the root directory that {@code
 * guest-images/make-qemu-root} makes.
 *
 * <p>A root directory's QEMU runs without chroot, and so without root rights, through the root's
 * own loader and with the root's libraries and firmware.
 */
public final class QemuFinder {
  private static final String PROGRAM = "qemu-system-x86_64";
  private static final String LIBRARIES = "usr/lib/x86_64-linux-gnu";
  private static final String LOADER = "ld-linux-x86-64.so.2";
  private static final long PATIENCE_SECONDS = 30;
  private static final String REMEDY =
      "apt install -t trixie-backports qemu-system-x86 (11.1); on an older Debian run"
          + " guest-images/make-qemu-root, which puts one into ~/.cache/platter/qemu-root";

  private final @Nullable Path program;
  private final @Nullable Path root;
  private final String searchPath;
  private final Path defaultRoot;

  /**
   * Prepares a search.
   *
   * @param program the user's {@code --qemu}, or null
   * @param root the user's {@code --qemu-root}, or null
   * @param searchPath directories as in PATH
   * @param defaultRoot the root directory to try if nothing is named
   */
  QemuFinder(@Nullable Path program, @Nullable Path root, String searchPath, Path defaultRoot) {
    this.program = program;
    this.root = root;
    this.searchPath = searchPath;
    this.defaultRoot = defaultRoot;
  }

  /**
   * Prepares a search on this host.
   *
   * @param program the user's {@code --qemu}, or null
   * @param root the user's {@code --qemu-root}, or null
   */
  public static QemuFinder onHost(@Nullable Path program, @Nullable Path root) {
    String path = System.getenv("PATH");
    return new QemuFinder(program, root, path == null ? "" : path, defaultRoot());
  }

  /** The root directory that {@code guest-images/make-qemu-root} makes. */
  public static Path defaultRoot() {
    String cache = System.getenv("XDG_CACHE_HOME");
    Path base =
        cache == null || cache.isEmpty()
            ? Path.of(System.getProperty("user.home", "/"), ".cache")
            : Path.of(cache);
    return base.resolve("platter").resolve("qemu-root");
  }

  /**
   * Finds a QEMU.
   *
   * @param needsVfioUser whether it must have a vfio-user client
   * @throws PlatterException of kind HOST_LACKS if there is none, or only older ones; BAD_INPUT if
   *     the user's choice is no QEMU
   */
  public Qemu find(boolean needsVfioUser) {
    List<String> refused = new ArrayList<>();
    for (Qemu candidate : candidates()) {
      String lack = lack(candidate, needsVfioUser);
      if (lack == null) {
        return candidate;
      }
      refused.add(candidate.name() + " " + lack);
    }
    throw PlatterException.hostLacks(
        refused.isEmpty()
            ? "there is no " + PROGRAM + " on the PATH, and none in " + defaultRoot
            : "no QEMU that can attach these disks: " + String.join("; ", refused),
        REMEDY);
  }

  /** All QEMUs that run, whatever they can attach, in the order of the search. */
  public List<Qemu> found() {
    return candidates();
  }

  private static @Nullable String lack(Qemu qemu, boolean needsVfioUser) {
    if (!qemu.version().atLeast(QemuVersion.VHOST_USER)) {
      return "is version " + qemu.version() + ", too old for vhost-user";
    }
    if (!needsVfioUser || qemu.vfioUser()) {
      return null;
    }
    return "is version "
        + qemu.version()
        + (qemu.version().atLeast(QemuVersion.VFIO_USER)
            ? ", built without vfio-user-pci, which a SATA controller of Platter's needs"
            : "; a SATA controller of Platter's needs vfio-user, which is in "
                + QemuVersion.VFIO_USER.major()
                + "."
                + QemuVersion.VFIO_USER.minor());
  }

  private List<Qemu> candidates() {
    if (program != null) {
      return List.of(named(onPath(program), "--qemu " + program));
    }
    if (root != null) {
      return List.of(named(inRoot(root), "--qemu-root " + root));
    }
    List<Qemu> found = new ArrayList<>();
    Path host = search(Path.of(PROGRAM));
    if (host != null) {
      add(found, onPath(host));
    }
    if (Files.isDirectory(defaultRoot)) {
      add(found, inRoot(defaultRoot));
    }
    return found;
  }

  private static void add(List<Qemu> found, @Nullable Qemu qemu) {
    if (qemu != null) {
      found.add(qemu);
    }
  }

  private static Qemu named(@Nullable Qemu qemu, String option) {
    if (qemu == null) {
      throw PlatterException.badInput(
          option + " has no QEMU that runs",
          "Name a " + PROGRAM + ", or a directory that guest-images/make-qemu-root made");
    }
    return qemu;
  }

  private @Nullable Path search(Path name) {
    if (name.getNameCount() > 1 || name.isAbsolute()) {
      return Files.isExecutable(name) ? name : null;
    }
    for (String directory : searchPath.split(File.pathSeparator, -1)) {
      Path file = Path.of(directory.isEmpty() ? "." : directory).resolve(name);
      if (Files.isExecutable(file) && Files.isRegularFile(file)) {
        return file;
      }
    }
    return null;
  }

  private @Nullable Qemu onPath(Path given) {
    Path found = search(given);
    if (found == null && Files.isExecutable(given)) {
      found = given.toAbsolutePath(); // a bare name in the current directory
    }
    return found == null
        ? null
        : probe(List.of(found.toString()), Map.of(), Path.of("/usr/share"), found.toString());
  }

  private static @Nullable Qemu inRoot(Path directory) {
    Path absolute = directory.toAbsolutePath();
    Path file = absolute.resolve("usr/bin").resolve(PROGRAM);
    Path libraries = absolute.resolve(LIBRARIES);
    Path share = absolute.resolve("usr/share");
    if (!Files.isExecutable(file)) {
      return null;
    }
    List<String> command =
        List.of(
            libraries.resolve(LOADER).toString(),
            "--library-path",
            libraries.toString(),
            file.toString(),
            "-L",
            share.resolve("qemu").toString(),
            "-L",
            share.resolve("seabios").toString());
    Map<String, String> environment = new HashMap<>();
    environment.put("QEMU_MODULE_DIR", libraries.resolve("qemu").toString());
    return probe(command, environment, share, file.toString());
  }

  private static @Nullable Qemu probe(
      List<String> command, Map<String, String> environment, Path share, String name) {
    String version = output(command, environment, "--version");
    QemuVersion parsed = version == null ? null : QemuVersion.parse(version);
    if (parsed == null) {
      return null;
    }
    boolean vfioUser = false;
    if (parsed.atLeast(QemuVersion.VFIO_USER)) {
      String devices = output(command, environment, "-device", "help");
      vfioUser = devices != null && devices.contains("\"vfio-user-pci\"");
    }
    return new Qemu(command, environment, parsed, vfioUser, share, name);
  }

  /** The output of a program; null if the program does not run or hangs. */
  private static @Nullable String output(
      List<String> command, Map<String, String> environment, String... arguments) {
    List<String> all = new ArrayList<>(command);
    all.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(all).redirectErrorStream(true);
    builder.redirectInput(new File("/dev/null"));
    builder.environment().putAll(environment);
    Path text = null;
    try {
      text = Files.createTempFile("platter-qemu-", ".txt");
      Process process = builder.redirectOutput(text.toFile()).start();
      try {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
          return null;
        }
      } finally {
        process.destroyForcibly();
      }
      return process.exitValue() == 0 ? Files.readString(text) : null;
    } catch (IOException e) {
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    } finally {
      if (text != null) {
        boolean _ = text.toFile().delete();
      }
    }
  }
}
