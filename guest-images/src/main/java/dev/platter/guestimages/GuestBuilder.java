package dev.platter.guestimages;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Builds the bootable test guest: a Linux kernel, and an initramfs with its disk modules, busybox,
 * the ext4 tools and the guest's iotest. {@link GuestJob} lists the jobs of the guest.
 *
 * <p>The parts are Debian packages, taken through apt without root, and a C program that the host's
 * gcc compiles. Downloads are kept, and so is every finished guest, under a name that depends on
 * all its inputs. Building the same guest again costs nothing and needs no network, and the same
 * inputs make the same bytes.
 */
public final class GuestBuilder {
  private static final String KERNEL = "vmlinuz";
  private static final String INITRAMFS = "initramfs.cpio.gz";
  private static final String MANIFEST = "manifest";

  /** Modules that the guest needs. */
  private static final List<String> REQUIRED =
      List.of("virtio_pci", "virtio_blk", "ahci", "sd_mod", "ext4");

  /** Modules that are taken where the kernel has them. */
  private static final List<String> WISHED =
      List.of("crc32c_generic", "crc32c_intel", "crc32c_cryptoapi");

  private static final List<String> PROGRAMS = List.of("sbin/e2fsck", "sbin/mke2fs");

  private final GuestOptions options;
  private final Cache cache;
  private final AptPackages packages;

  /** Prepares a build; {@link #build} does all the work. */
  public GuestBuilder(GuestOptions options) {
    this.options = options;
    this.cache = new Cache(options.cacheDirectory());
    this.packages = new AptPackages(cache, options.refresh(), options.progress());
  }

  /**
   * Returns the guest, and builds it if the cache does not have it.
   *
   * @throws GuestImageException if the host lacks something, if the given kernel or its modules are
   *     unusable, or if a step failed
   */
  public Guest build() {
    requireAmd64();
    Map<String, AptPackages.Deb> userland =
        packages.fetch("userland", GuestBuilder::userlandPackages);
    GuestKernel kernel = kernel();
    List<String> manifest = new ArrayList<>(List.of("platter-guest/1"));
    manifest.addAll(kernel.inputs());
    userland.values().forEach(deb -> manifest.add("package " + deb.name() + " " + deb.sha256()));
    GuestProgram.inputs().forEach(line -> manifest.add("program " + line));
    manifest.add("init " + Hashes.ofBytes(GuestProgram.resource("init")));
    manifest.add("modules " + REQUIRED + " " + WISHED);
    String name = "guest-" + Hashes.ofLines(manifest).substring(0, 16);
    Path directory = cache.directory(name, work -> fill(work, kernel, userland.values(), manifest));
    return guestIn(directory);
  }

  private static void requireAmd64() {
    if (!System.getProperty("os.arch").equals("amd64")) {
      throw GuestImageException.hostLacks(
          "the test guest is x86-64 and is compiled by the host, which is "
              + System.getProperty("os.arch"),
          "Build it on an x86-64 host");
    }
  }

  private static List<String> userlandPackages() {
    List<String> names = new ArrayList<>(List.of("busybox-static"));
    names.addAll(AptPackages.withLibraries("e2fsprogs"));
    return names;
  }

  private GuestKernel kernel() {
    @Nullable Path image = options.kernel();
    @Nullable Path modules = options.modules();
    if (image != null && modules != null) {
      return GuestKernel.given(image, modules);
    }
    if (image != null || modules != null) {
      throw GuestImageException.badInput(
          "a kernel and its modules belong together, and only one of them is given",
          "Give both, or neither for Debian's");
    }
    return GuestKernel.debian(packages);
  }

  private static Guest guestIn(Path directory) {
    try (Stream<String> lines = Files.lines(directory.resolve(MANIFEST))) {
      String release =
          lines
              .filter(line -> line.startsWith("release "))
              .map(line -> line.substring("release ".length()))
              .findFirst()
              .orElse("unknown");
      return new Guest(directory, directory.resolve(KERNEL), directory.resolve(INITRAMFS), release);
    } catch (IOException e) {
      throw GuestImageException.io("reading " + directory.resolve(MANIFEST), e);
    }
  }

  private void fill(
      Path work, GuestKernel kernel, Iterable<AptPackages.Deb> userland, List<String> manifest)
      throws IOException {
    options.progress().accept("building the test guest");
    Path scratch = Files.createDirectory(work.resolve("scratch"));
    Path root = Files.createDirectory(scratch.resolve("root"));
    for (AptPackages.Deb deb : userland) {
      DebArchive.extract(deb.file(), root, GuestBuilder::isUserland);
    }
    GuestKernel.Parts parts = kernel.unpack(Files.createDirectory(scratch.resolve("kernel")));
    ModuleSet modules = ModuleSet.of(parts.modules());
    String release = parts.release(modules);
    Path program = GuestProgram.compile(Files.createDirectory(scratch.resolve("program")));

    Initramfs initramfs = new Initramfs();
    skeleton(initramfs, root, program);
    Libraries.add(initramfs, root, PROGRAMS);
    modules(initramfs, modules);
    initramfs.write(work.resolve(INITRAMFS));
    Files.copy(parts.image(), work.resolve(KERNEL));

    List<String> facts = new ArrayList<>(manifest);
    facts.add("release " + release);
    Files.write(work.resolve(MANIFEST), facts);
    Cache.deleteTree(scratch);
  }

  private static boolean isUserland(String path) {
    return path.equals("etc/mke2fs.conf")
        || path.endsWith("bin/busybox")
        || path.endsWith("sbin/mke2fs")
        || path.endsWith("sbin/e2fsck")
        || path.matches("(usr/)?lib(64|/x86_64-linux-gnu)/.*\\.so(\\.[0-9.]+)?");
  }

  private static void skeleton(Initramfs initramfs, Path root, Path program) throws IOException {
    for (String directory : List.of("dev", "mnt", "proc", "sys", "tmp", "run")) {
      initramfs.directory(directory);
    }
    initramfs.characterDevice("dev/console", 5, 1);
    initramfs.file("init", GuestProgram.resource("init"), true);
    initramfs.file("bin/busybox", Files.readAllBytes(Libraries.find(root, "bin/busybox")), true);
    initramfs.file("bin/iotest", Files.readAllBytes(program), true);
    initramfs.file(
        "etc/mke2fs.conf", Files.readAllBytes(Libraries.find(root, "etc/mke2fs.conf")), false);
    for (String name : PROGRAMS) {
      initramfs.file(name, Files.readAllBytes(Libraries.find(root, name)), true);
    }
  }

  private static void modules(Initramfs initramfs, ModuleSet set) {
    Map<String, byte[]> ordered = set.closure(REQUIRED, WISHED);
    ordered.forEach(
        (name, content) -> initramfs.file("lib/modules/" + name + ".ko", content, false));
    initramfs.file("lib/modules/order", String.join("\n", ordered.keySet()) + "\n", false);
  }
}
