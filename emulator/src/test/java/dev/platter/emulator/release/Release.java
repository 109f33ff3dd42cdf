package dev.platter.emulator.release;

import dev.platter.guestimages.ElfFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;

/**
 * Makes a release from a checkout that is built: a tarball and a Debian package, each with the
 * launcher, a Java of its own, the manual and the completions. The files lie as in a checkout, as
 * they do in the container image, so one launcher serves all three (ADR 018).
 *
 * <p>Two builds on one JDK make the same bytes.
 */
public final class Release {
  private static final String NAME = "platter";
  private static final String HOME = "opt/platter";
  private static final Pattern MODULES = Pattern.compile("--add-modules \\\\\\s+([a-z.,]+)");

  private static final Pattern GLIBC = Pattern.compile("GLIBC_2\\.([0-9]+)");

  private static final String POSTINST =
      """
      #!/bin/sh
      # Starts take less with caches, and work without them.
      [ "$1" != configure ] || /opt/platter/platter --make-caches || :
      """;
  private static final String PRERM =
      """
      #!/bin/sh
      rm -f /opt/platter/*.aot*
      """;

  private final Path checkout;
  private final Path target;
  private final String version;
  private final Instant time;

  private Release(Path checkout, Path target, String version, Instant time) {
    this.checkout = checkout;
    this.target = target;
    this.version = version;
    this.time = time;
  }

  /**
   * Makes both.
   *
   * @param args the checkout, the directory to make them in, the version, and the time that all
   *     files get (ISO 8601)
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    Path target = Path.of(args[1]);
    Files.createDirectories(target);
    Path checkout = Path.of(args[0]).toRealPath();
    new Release(checkout, target, args[2], Instant.parse(args[3])).make();
  }

  private void make() throws IOException, InterruptedException {
    Path java = target.resolve("java");
    link(java, modules(checkout));
    dumpClasses(java);
    FileTree home = home(java);
    Map<String, String> texts = CommandTexts.all(version);

    FileTree tarball = new FileTree();
    tarball.addAll(NAME + "-" + version, home);
    texts.forEach((path, text) -> tarball.add(NAME + "-" + version + "/share/" + path, text));
    String platform = "linux-" + System.getProperty("os.arch");
    tarball.writeTar(target.resolve(NAME + "-" + version + "-" + platform + ".tar.gz"), "", time);

    FileTree installed = installed(home, texts);
    FileTree control = new FileTree();
    control.add(
        "control",
        control(debianVersion(version), installed.sizeBytes(), newestGlibc(neededVersions(java))));
    control.addProgram("postinst", POSTINST);
    control.addProgram("prerm", PRERM);
    installed.writeDeb(
        target.resolve(NAME + "_" + debianVersion(version) + "_" + architecture() + ".deb"),
        control,
        time);
  }

  /**
   * The modules that Platter and its libraries use, as the Dockerfile has them; a test compares
   * that with what is imported.
   */
  static String modules(Path checkout) throws IOException {
    Matcher modules = MODULES.matcher(Files.readString(checkout.resolve("Dockerfile")));
    if (!modules.find()) {
      throw new IllegalStateException("the Dockerfile names no modules");
    }
    return modules.group(1);
  }

  private static void link(Path java, String modules) throws IOException {
    if (Files.exists(java)) {
      delete(java, _ -> true);
    }
    int status =
        ToolProvider.findFirst("jlink")
            .orElseThrow(() -> new IllegalStateException("this Java has no jlink"))
            .run(
                System.out,
                System.err,
                "--output",
                java.toString(),
                "--strip-debug",
                "--no-man-pages",
                "--no-header-files",
                "--compress",
                "zip-6",
                // It makes classes whose bytes differ from run to run; the archives have them
                // anyway.
                "--disable-plugin",
                "generate-jli-classes",
                "--add-modules",
                modules);
    if (status != 0) {
      throw new IllegalStateException("jlink has ended with " + status);
    }
    // Debian's JDK brings the debuggers' files as if they were libraries.
    delete(java, file -> file.toString().endsWith(".debuginfo"));
  }

  private static void delete(Path directory, Predicate<Path> unwanted) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.filter(unwanted).sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /**
   * Makes archives of the JDK's classes for the two layouts of objects that commands run with. They
   * are the same in each build, which caches of the launcher ({@code --make-caches}) are not.
   */
  private static void dumpClasses(Path java) throws IOException, InterruptedException {
    for (String layout : List.of("-XX:-UseCompactObjectHeaders", "-XX:+UseCompactObjectHeaders")) {
      int status =
          new ProcessBuilder(
                  java.resolve("bin/java").toString(),
                  layout,
                  "-XX:+UseSerialGC",
                  // It warns of the classes that jlink did not make.
                  "-Xlog:all=error",
                  "-Xshare:dump")
              .inheritIO()
              .start()
              .waitFor();
      if (status != 0) {
        throw new IllegalStateException("the dump of classes has ended with " + status);
      }
    }
  }

  /** What the launcher wants beside itself. */
  private FileTree home(Path java) throws IOException {
    FileTree home = new FileTree();
    for (String path :
        List.of(
            "platter",
            "LICENSE",
            "NOTICE",
            "README.md",
            "CHANGELOG.md",
            "SECURITY.md",
            "CONTRIBUTING.md",
            "docs",
            "guest-images/make-qemu-root", // a remedy that commands name
            "emulator/deploy",
            "emulator/target/platter.jar",
            "emulator/target/lib")) {
      home.copy(path, checkout.resolve(path));
    }
    home.copy("java", java);
    return home;
  }

  /** What the Debian package installs, below the root directory. */
  private FileTree installed(FileTree home, Map<String, String> texts) throws IOException {
    FileTree installed = new FileTree();
    installed.addAll(HOME, home);
    installed.addLink("usr/bin/" + NAME, "/" + HOME + "/" + NAME);
    installed.copy("usr/share/doc/" + NAME + "/copyright", checkout.resolve("LICENSE"));
    for (Map.Entry<String, String> text : texts.entrySet()) {
      String path = text.getKey().replace("zsh/site-functions", "zsh/vendor-completions");
      if (path.startsWith("man/")) {
        installed.add("usr/share/" + path + ".gz", compressed(text.getValue()));
      } else {
        installed.add("usr/share/" + path, text.getValue());
      }
    }
    return installed;
  }

  /** As Debian has manual pages. */
  private static byte[] compressed(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream gzip = new GzipCompressorOutputStream(bytes)) {
      gzip.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  /** In Debian's order a version with a tilde comes before the one without. */
  static String debianVersion(String version) {
    return version.replace("-SNAPSHOT", "~snapshot");
  }

  private static String architecture() {
    return switch (System.getProperty("os.arch")) {
      case "amd64", "x86_64" -> "amd64";
      case "aarch64" -> "arm64";
      default -> System.getProperty("os.arch");
    };
  }

  /** The versions of symbols that the programs and libraries of a Java need. */
  static Set<String> neededVersions(Path java) throws IOException {
    Set<String> versions = new HashSet<>();
    try (Stream<Path> files = Files.walk(java)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (file.startsWith(java.resolve("bin"))
            || file.endsWith("lib/jspawnhelper")
            || file.toString().endsWith(".so")) {
          versions.addAll(ElfFile.of(Files.readAllBytes(file), file.toString()).neededVersions());
        }
      }
    }
    return versions;
  }

  /** The oldest glibc that has all of these versions of symbols. */
  static String newestGlibc(Set<String> versions) {
    return "2."
        + versions.stream()
            .map(GLIBC::matcher)
            .filter(Matcher::lookingAt)
            .mapToInt(version -> Integer.parseInt(version.group(1)))
            .max()
            .orElseThrow(() -> new IllegalStateException("no program needs glibc"));
  }

  static String control(String version, long sizeBytes, String glibc) {
    return """
    Package: %s
    Version: %s
    Architecture: %s
    Maintainer: Platter contributors
    Installed-Size: %d
    Depends: libc6 (>= %s), libstdc++6, zlib1g
    Suggests: qemu-system-x86
    Section: utils
    Priority: optional
    Description: emulated SATA and virtio disks over raw images, on io_uring
     Platter serves raw images to virtual machines, as virtio-blk disks over
     vhost-user and as SATA (AHCI) disks over vfio-user, and measures where the
     time of each request goes. It brings a Java of its own.
    """
        .formatted(NAME, version, architecture(), (sizeBytes + 1023) / 1024, glibc);
  }
}
