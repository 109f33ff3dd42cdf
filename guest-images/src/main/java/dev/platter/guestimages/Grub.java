package dev.platter.guestimages;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Debian's GRUB, unpacked in the cache and run from there. */
final class Grub {
  private static final List<String> COMMON =
      List.of(
          "part_msdos", "fat", "search", "search_fs_uuid", "linux", "boot", "serial", "terminal");

  /** The images for a disk; the caller may change the arrays. */
  static final class BootImages {
    private final byte[] biosBoot;
    private final byte[] biosCore;
    private final byte[] efi;

    private BootImages(byte[] biosBoot, byte[] biosCore, byte[] efi) {
      this.biosBoot = biosBoot;
      this.biosCore = biosCore;
      this.efi = efi;
    }

    /** The sector that a BIOS loads; it looks for the next image in sector 1. */
    byte[] biosBoot() {
      return biosBoot;
    }

    /** GRUB for a BIOS. */
    byte[] biosCore() {
      return biosCore;
    }

    /** GRUB as an EFI program. */
    byte[] efi() {
      return efi;
    }
  }

  private final Cache cache;
  private final Path root;

  private Grub(Cache cache, Path root) {
    this.cache = cache;
    this.root = root;
  }

  static Grub fetch(GuestOptions options) {
    Cache cache = new Cache(options.cacheDirectory());
    Map<String, AptPackages.Deb> debs =
        new AptPackages(cache, options.refresh(), options.progress()).fetch("grub", Grub::packages);
    List<String> inputs = debs.values().stream().map(AptPackages.Deb::sha256).toList();
    Path root =
        cache.directory(
            "grub-" + Hashes.ofLines(inputs).substring(0, 16),
            work ->
                debs.values().forEach(deb -> DebArchive.extract(deb.file(), work, Grub::isWanted)));
    return new Grub(cache, root);
  }

  private static List<String> packages() {
    List<String> names = new ArrayList<>(List.of("grub-pc-bin", "grub-efi-amd64-bin"));
    names.addAll(AptPackages.withLibraries("grub-common"));
    return names;
  }

  private static boolean isWanted(String path) {
    return path.equals("usr/bin/grub-mkimage")
        || path.matches("usr/lib/grub/(i386-pc|x86_64-efi)/[^/]+")
        || path.matches("(usr/)?lib(64|/x86_64-linux-gnu)/[^/]*\\.so(\\.[0-9.]+)?");
  }

  /** GRUB for either firmware, with a configuration built in. */
  BootImages images(String configuration) {
    try {
      Path work = cache.newWorkDirectory();
      try {
        Path config = Files.writeString(work.resolve("grub.cfg"), configuration);
        return new BootImages(
            Files.readAllBytes(root.resolve("usr/lib/grub/i386-pc/boot.img")),
            image("i386-pc", config, work.resolve("core.img"), List.of("biosdisk")),
            image("x86_64-efi", config, work.resolve("boot.efi"), List.of()));
      } finally {
        Cache.deleteTree(work);
      }
    } catch (IOException e) {
      throw GuestImageException.io("making GRUB's images in " + cache.root(), e);
    }
  }

  private byte[] image(String format, Path config, Path output, List<String> modules)
      throws IOException {
    Path library = root.resolve("usr/lib/grub").resolve(format);
    List<String> command =
        new ArrayList<>(
            Arrays.asList(
                Libraries.loader(root).toString(),
                "--library-path",
                Libraries.searchPath(root),
                root.resolve("usr/bin/grub-mkimage").toString(),
                "--directory=" + library,
                "--format=" + format,
                "--config=" + config,
                "--output=" + output,
                "--prefix=/"));
    command.addAll(modules);
    command.addAll(COMMON);
    HostCommand.Result result = HostCommand.run(null, command);
    if (result.status() != 0) {
      throw GuestImageException.failed(
          "grub-mkimage cannot make an image for " + format + ": " + result.complaint(), null);
    }
    return Files.readAllBytes(output);
  }
}
