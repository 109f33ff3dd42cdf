package dev.platter.guestimages;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Finds files in a directory of unpacked packages, and the shared libraries that programs need. */
final class Libraries {
  /** Debian's directories of libraries, before and after /usr was merged. */
  private static final List<String> DIRECTORIES =
      List.of("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib64", "usr/lib64", "lib");

  private static final String LOADER = "ld-linux-x86-64.so.2";

  private Libraries() {}

  /** A file of a package, wherever the package has it: at its path or below usr. */
  static Path find(Path root, String path) {
    for (String prefix : List.of("", "usr/")) {
      Path file = root.resolve(prefix + path);
      if (Files.exists(file)) {
        return file;
      }
    }
    throw GuestImageException.failed("none of the unpacked packages has " + path, null);
  }

  /** Adds what programs need to run: the dynamic loader and all libraries. */
  static void add(Initramfs initramfs, Path root, List<String> programs) throws IOException {
    Deque<Path> open = new ArrayDeque<>();
    for (String program : programs) {
      open.add(find(root, program));
    }
    Set<String> seen = new HashSet<>(Set.of(LOADER));
    while (!open.isEmpty()) {
      Path file = open.remove();
      ElfFile elf = ElfFile.of(Files.readAllBytes(file), file.toString());
      for (String name : elf.neededLibraries()) {
        if (seen.add(name)) {
          Path library = library(root, name);
          initramfs.file("lib/x86_64-linux-gnu/" + name, Files.readAllBytes(library), false);
          open.add(library);
        }
      }
    }
    initramfs.file("lib64/" + LOADER, Files.readAllBytes(library(root, LOADER)), true);
  }

  private static Path library(Path root, String name) {
    for (String directory : DIRECTORIES) {
      Path file = root.resolve(directory).resolve(name);
      // A link may lead outside the unpacked packages, so only files inside count.
      if (Files.isRegularFile(file) && isInside(root, file)) {
        return file;
      }
    }
    throw GuestImageException.failed("none of the unpacked packages has the library " + name, null);
  }

  private static boolean isInside(Path root, Path file) {
    try {
      return file.toRealPath().startsWith(root.toRealPath());
    } catch (IOException _) {
      return false;
    }
  }

  /** Directories of {@code root} to look for libraries in. */
  static String searchPath(Path root) {
    return String.join(
        ":", DIRECTORIES.stream().map(directory -> root.resolve(directory).toString()).toList());
  }

  /** The dynamic loader of unpacked packages, to run their programs with. */
  static Path loader(Path root) {
    return library(root, LOADER);
  }
}
