package dev.platter.guestimages;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The source of the guest's kernel: Debian's package, or the caller's files. */
final class GuestKernel {
  /**
   * A kernel's files.
   *
   * @param image the kernel to boot
   * @param modules a directory like {@code /lib/modules/VERSION}
   */
  record Parts(Path image, Path modules) {
    /**
     * Its version, as {@code uname -r} says.
     *
     * @throws GuestImageException of kind BAD_INPUT if the modules are another kernel's, which it
     *     would not load
     */
    String release(ModuleSet set) throws IOException {
      String ofModules = set.release();
      String ofImage = releaseOf(image);
      if (!ofImage.isEmpty() && !ofModules.isEmpty() && !ofImage.equals(ofModules)) {
        throw GuestImageException.badInput(
            "the kernel "
                + image
                + " is "
                + ofImage
                + ", the modules in "
                + modules
                + " are for "
                + ofModules,
            "Give a kernel and its own modules");
      }
      return ofImage.isEmpty() ? ofModules : ofImage;
    }
  }

  // Linux, Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".
  private static final int HEADER_MAGIC = 0x202;
  private static final int HEADER_MAGIC_VALUE = 0x5372_6448; // "HdrS"
  private static final int HEADER_VERSION_POINTER = 0x20e;
  private static final int HEADER_VERSION_BASE = 0x200;
  private static final int SETUP_BYTES = 1 << 16;

  /** The version in a bzImage; empty if the file is no bzImage. */
  static String releaseOf(Path image) throws IOException {
    byte[] setup;
    try (InputStream in = Files.newInputStream(image)) {
      setup = in.readNBytes(SETUP_BYTES);
    }
    ByteBuffer header = ByteBuffer.wrap(setup).order(ByteOrder.LITTLE_ENDIAN);
    if (setup.length < HEADER_VERSION_POINTER + 2
        || header.getInt(HEADER_MAGIC) != HEADER_MAGIC_VALUE) {
      return "";
    }
    int start = HEADER_VERSION_BASE + Short.toUnsignedInt(header.getShort(HEADER_VERSION_POINTER));
    int end = start;
    while (end < setup.length && setup[end] > ' ') {
      end++;
    }
    return start > HEADER_VERSION_BASE && start < end
        ? new String(setup, start, end - start, StandardCharsets.ISO_8859_1)
        : "";
  }

  private final AptPackages.@Nullable Deb deb;
  private final @Nullable Parts given;
  private final List<String> inputs;

  private GuestKernel(AptPackages.@Nullable Deb deb, @Nullable Parts given, List<String> inputs) {
    this.deb = deb;
    this.given = given;
    this.inputs = List.copyOf(inputs);
  }

  /** Debian's newest kernel for amd64, of the suite that the host's apt uses. */
  static GuestKernel debian(AptPackages packages) {
    Map<String, AptPackages.Deb> debs =
        packages.fetch(
            "kernel",
            () -> List.of(AptPackages.firstDependency("linux-image-amd64", "linux-image-")));
    AptPackages.Deb deb = debs.values().iterator().next();
    return new GuestKernel(deb, null, List.of("package " + deb.name() + " " + deb.sha256()));
  }

  /**
   * The caller's kernel.
   *
   * @throws GuestImageException of kind BAD_INPUT if the image or the directory is missing
   */
  static GuestKernel given(Path image, Path modules) {
    if (!Files.isRegularFile(image)) {
      throw GuestImageException.badInput("there is no kernel " + image, null);
    }
    if (!Files.isDirectory(modules)) {
      throw GuestImageException.badInput(
          "there is no directory of kernel modules " + modules,
          "Name a directory like /lib/modules/VERSION");
    }
    List<String> inputs = new ArrayList<>();
    try (Stream<Path> tree = Files.walk(modules.toRealPath())) {
      inputs.add("kernel " + Hashes.ofFile(image));
      List<String> stamps = new ArrayList<>();
      for (Path file : tree.filter(path -> path.toString().contains(".ko")).sorted().toList()) {
        BasicFileAttributes facts = Files.readAttributes(file, BasicFileAttributes.class);
        stamps.add(file + " " + facts.size() + " " + facts.lastModifiedTime());
      }
      inputs.add("modules " + Hashes.ofLines(stamps));
    } catch (IOException e) {
      throw GuestImageException.io("reading the kernel " + image + " and " + modules, e);
    }
    return new GuestKernel(null, new Parts(image, modules), inputs);
  }

  /** The identity of the kernel, as lines to hash. */
  List<String> inputs() {
    return inputs;
  }

  /** The kernel's files; those of a package are unpacked into an empty directory. */
  Parts unpack(Path work) throws IOException {
    if (given != null) {
      return given;
    }
    if (deb == null) {
      throw new IllegalStateException("neither given nor a package");
    }
    DebArchive.extract(
        deb.file(),
        work,
        path -> path.startsWith("boot/vmlinuz-") || path.matches("(usr/)?lib/modules/.*"));
    Path image = only(work.resolve("boot"), deb);
    Path usr = work.resolve("usr/lib/modules");
    Path modules = only(Files.isDirectory(usr) ? usr : work.resolve("lib/modules"), deb);
    return new Parts(image, modules);
  }

  private static Path only(Path directory, AptPackages.Deb deb) throws IOException {
    if (Files.isDirectory(directory)) {
      try (Stream<Path> entries = Files.list(directory)) {
        List<Path> all = entries.toList();
        if (all.size() == 1) {
          return all.getFirst();
        }
      }
    }
    throw GuestImageException.failed(
        deb.file()
            + " is not laid out as a kernel package: there is not one entry in its "
            + directory.getFileName(),
        null);
  }
}
