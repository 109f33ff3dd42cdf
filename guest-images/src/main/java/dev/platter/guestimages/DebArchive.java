package dev.platter.guestimages;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/** Unpacks Debian packages, deb(5): an ar archive whose {@code data.tar.*} member has the files. */
final class DebArchive {
  private DebArchive() {}

  /**
   * Unpacks files, symbolic and hard links; nothing else, and no owners.
   *
   * @param wanted asked with each path, relative and without a leading {@code ./}
   * @throws GuestImageException of kind BAD_INPUT if the file is no Debian package
   */
  static void extract(Path deb, Path directory, Predicate<String> wanted) {
    try (InputStream file = new BufferedInputStream(Files.newInputStream(deb));
        ArArchiveInputStream ar = new ArArchiveInputStream(file)) {
      for (ArArchiveEntry entry = ar.getNextEntry(); entry != null; entry = ar.getNextEntry()) {
        if (entry.getName().startsWith("data.tar")) {
          extractTar(decompress(entry.getName(), ar, deb), directory, wanted);
          return;
        }
      }
    } catch (IOException e) {
      throw new GuestImageException(
          GuestImageException.Kind.BAD_INPUT,
          "cannot unpack " + deb + ": " + GuestImageException.reason(e),
          null,
          e);
    }
    throw GuestImageException.badInput(deb + " is no Debian package: it has no data.tar", null);
  }

  private static InputStream decompress(String member, InputStream in, Path deb)
      throws IOException {
    return switch (member) {
      case "data.tar" -> in;
      case "data.tar.gz" -> new GZIPInputStream(in);
      case "data.tar.xz" -> new XZInputStream(in);
      default ->
          throw GuestImageException.badInput(
              deb + " is compressed in a way unknown here: " + member, null);
    };
  }

  private static void extractTar(InputStream in, Path directory, Predicate<String> wanted)
      throws IOException {
    // This stream stays open, because closing it would close the archive around it.
    TarArchiveInputStream tar = new TarArchiveInputStream(in);
    for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
      String name = stripDot(entry.getName());
      if (!name.isEmpty() && !entry.isDirectory() && wanted.test(name)) {
        extractEntry(tar, entry, directory, name);
      }
    }
  }

  private static void extractEntry(
      TarArchiveInputStream tar, TarArchiveEntry entry, Path directory, String name)
      throws IOException {
    Path target = inside(directory, name);
    Files.createDirectories(target.getParent());
    if (entry.isSymbolicLink()) {
      Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
    } else if (entry.isLink()) {
      Files.copy(inside(directory, stripDot(entry.getLinkName())), target);
    } else if (entry.isFile()) {
      Files.copy(tar, target);
      if ((entry.getMode() & 0100) != 0) {
        target.toFile().setExecutable(true, false);
      }
    }
  }

  private static String stripDot(String name) {
    return name.startsWith("./") ? name.substring(2) : name;
  }

  private static Path inside(Path directory, String name) throws IOException {
    Path target = directory.resolve(name).normalize();
    if (!target.startsWith(directory.normalize())) {
      throw new IOException("it has a file outside its root: " + name);
    }
    return target;
  }
}
