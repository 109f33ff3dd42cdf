package dev.platter.emulator.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileTreeTest {
  private static final Instant TIME = Instant.parse("2026-01-01T00:00:00Z");

  @TempDir private Path directory;

  private static List<String> listed(InputStream compressed) throws Exception {
    List<String> lines = new ArrayList<>();
    try (TarArchiveInputStream tar = new TarArchiveInputStream(new GZIPInputStream(compressed))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        assertThat(entry.getLastModifiedTime()).isEqualTo(FileTime.from(TIME));
        assertThat(entry.getLongUserId() + entry.getLongGroupId()).isZero();
        assertThat(entry.getUserName()).isEqualTo("root");
        String content = new String(tar.readAllBytes(), StandardCharsets.UTF_8);
        lines.add(
            "%o %s %s%s"
                .formatted(entry.getMode() & 0777, entry.getName(), entry.getLinkName(), content));
      }
    }
    return lines;
  }

  private FileTree tree() throws Exception {
    Path program = Files.writeString(directory.resolve("program"), "run");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    Path below = Files.createDirectories(directory.resolve("some/below"));
    Files.writeString(below.resolve("text"), "text");
    Files.createSymbolicLink(directory.resolve("some/link"), Path.of("below/text"));
    FileTree tree = new FileTree();
    tree.add("z", "last");
    tree.copy("bin/program", program);
    tree.copy("lib", directory.resolve("some"));
    tree.addLink("bin/p", "program");
    return tree;
  }

  @Test
  void aTarballHasAllInTheOrderOfPaths() throws Exception {
    Path file = directory.resolve("a.tar.gz");
    FileTree tree = tree();
    tree.writeTar(file, "./", TIME);
    try (InputStream in = Files.newInputStream(file)) {
      assertThat(listed(in))
          .containsExactly(
              "755 ./bin/ ",
              "777 ./bin/p program",
              "755 ./bin/program run",
              "755 ./lib/ ",
              "755 ./lib/below/ ",
              "644 ./lib/below/text text",
              "777 ./lib/link below/text",
              "644 ./z last");
    }
    assertThat(tree.sizeBytes()).isEqualTo("lastruntext".length());
  }

  @Test
  void aTreeIsInAnother() throws Exception {
    FileTree outer = new FileTree();
    outer.addAll("usr/share", tree());
    Path file = directory.resolve("b.tar.gz");
    outer.writeTar(file, "", TIME);
    try (InputStream in = Files.newInputStream(file)) {
      assertThat(listed(in)).contains("755 usr/ ", "755 usr/share/ ", "644 usr/share/z last");
    }
  }

  /** deb(5) knows GNU's long names; what pax has for them is an error to dpkg. */
  @Test
  void aLongNameIsWrittenInGnusWay() throws Exception {
    FileTree tree = new FileTree();
    tree.add("n".repeat(120), "text");
    Path file = directory.resolve("l.tar.gz");
    tree.writeTar(file, "./", TIME);
    try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
      assertThat((char) in.readNBytes(512)[156]).as("the first header's typeflag").isEqualTo('L');
    }
    try (InputStream in = Files.newInputStream(file)) {
      assertThat(listed(in)).containsExactly("644 ./" + "n".repeat(120) + " text");
    }
  }

  @Test
  void theSameContentsMakeTheSameBytes() throws Exception {
    Path one = directory.resolve("1");
    Path other = directory.resolve("2");
    FileTree tree = tree();
    tree.writeDeb(one, tree, TIME);
    Files.setLastModifiedTime(directory.resolve("program"), FileTime.fromMillis(1));
    tree.writeDeb(other, tree, TIME);
    assertThat(other).hasSameBinaryContentAs(one);
  }

  @Test
  void aDebianPackageHasItsThreeMembers() throws Exception {
    FileTree control = new FileTree();
    control.add("control", Release.control("1.0", 2049, "2.17"));
    Path file = directory.resolve("p.deb");
    tree().writeDeb(file, control, TIME);
    Map<String, byte[]> members = new LinkedHashMap<>();
    try (ArArchiveInputStream ar = new ArArchiveInputStream(Files.newInputStream(file))) {
      for (ArArchiveEntry entry = ar.getNextEntry(); entry != null; entry = ar.getNextEntry()) {
        members.put(entry.getName(), ar.readAllBytes());
      }
    }
    assertThat(members.keySet()).containsExactly("debian-binary", "control.tar.gz", "data.tar.gz");
    assertThat(members.get("debian-binary")).asString().isEqualTo("2.0\n");
    assertThat(listed(new ByteArrayInputStream(members.get("control.tar.gz"))).getFirst())
        .startsWith("644 ./control Package: platter\nVersion: 1.0\n")
        .contains("\nInstalled-Size: 3\nDepends: libc6 (>= 2.17), ")
        .endsWith("\n");
    assertThat(listed(new ByteArrayInputStream(members.get("data.tar.gz")))).hasSize(8);
  }

  @Test
  void theNewestGlibcOfAllIsNeeded() {
    assertThat(
            Release.newestGlibc(
                Set.of("GLIBC_2.4", "GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_PRIVATE", "CXXABI_1.3.99")))
        .isEqualTo("2.34");
  }

  @Test
  void theVersionsThatAJavaNeedsAreRead() throws Exception {
    Set<String> versions = Release.neededVersions(Path.of(System.getProperty("java.home")));
    assertThat(versions).allMatch(version -> version.matches("[A-Z][A-Za-z]*_[A-Za-z0-9_.]+"));
    assertThat(Release.newestGlibc(versions)).matches("2\\.[0-9]+");
  }

  @Test
  void noPathIsThereTwice() {
    FileTree tree = new FileTree();
    tree.add("a/b", "");
    assertThatThrownBy(() -> tree.add("a/b", "")).hasMessageContaining("a/b");
  }

  @Test
  void theLinkedJavaHasTheModulesOfTheContainerImage() throws Exception {
    assertThat(Release.modules(Path.of("..")).split(",", -1))
        .contains("java.base", "jdk.httpserver", "jdk.unsupported");
  }

  @Test
  void aSnapshotComesBeforeItsRelease() {
    assertThat(Release.debianVersion("0.1.0-SNAPSHOT")).isEqualTo("0.1.0~snapshot");
    assertThat(Release.debianVersion("0.1.0")).isEqualTo("0.1.0");
  }
}
