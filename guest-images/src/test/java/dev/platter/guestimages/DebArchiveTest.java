package dev.platter.guestimages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class DebArchiveTest {
  @TempDir Path directory;

  /** deb(5): debian-binary, control.tar, data.tar, in this order. */
  private Path deb(String member, String fileInside) throws IOException {
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(compressor(member, data))) {
      put(tar, fileInside, "content", 0755);
      put(tar, "./usr/share/doc/readme", "unwanted", 0644);
      TarArchiveEntry link = new TarArchiveEntry("./usr/bin/link", TarConstants.LF_SYMLINK);
      link.setLinkName("tool");
      tar.putArchiveEntry(link);
      tar.closeArchiveEntry();
    }
    Path file = directory.resolve("a.deb");
    try (ArArchiveOutputStream ar = new ArArchiveOutputStream(Files.newOutputStream(file))) {
      put(ar, "debian-binary", "2.0\n".getBytes(StandardCharsets.US_ASCII));
      put(ar, "control.tar.xz", new byte[] {1, 2, 3});
      put(ar, member, data.toByteArray());
    }
    return file;
  }

  private static OutputStream compressor(String member, OutputStream out) throws IOException {
    if (member.endsWith(".xz")) {
      return new XZOutputStream(out, new LZMA2Options());
    }
    return member.endsWith(".gz") ? new GZIPOutputStream(out) : out;
  }

  private static void put(TarArchiveOutputStream tar, String name, String text, int mode)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setSize(text.length());
    entry.setMode(mode);
    tar.putArchiveEntry(entry);
    tar.write(text.getBytes(StandardCharsets.US_ASCII));
    tar.closeArchiveEntry();
  }

  private static void put(ArArchiveOutputStream ar, String name, byte[] content)
      throws IOException {
    ar.putArchiveEntry(new ArArchiveEntry(name, content.length));
    ar.write(content);
    ar.closeArchiveEntry();
  }

  @ParameterizedTest
  @ValueSource(strings = {"data.tar", "data.tar.gz", "data.tar.xz"})
  void unpacksWhatIsWanted(String member) throws IOException {
    Path root = directory.resolve("root");
    DebArchive.extract(deb(member, "./usr/bin/tool"), root, path -> path.startsWith("usr/bin/"));
    assertThat(root.resolve("usr/bin/tool")).hasContent("content").isExecutable();
    assertThat(Files.readSymbolicLink(root.resolve("usr/bin/link"))).hasToString("tool");
    assertThat(root.resolve("usr/share")).doesNotExist();
  }

  @Test
  void aPathThatLeavesTheRootIsRefused() throws IOException {
    Path deb = deb("data.tar", "./../../escaped");
    assertThatThrownBy(() -> DebArchive.extract(deb, directory.resolve("root"), path -> true))
        .isInstanceOf(GuestImageException.class)
        .hasMessageContaining("outside its root");
    assertThat(directory.resolveSibling("escaped")).doesNotExist();
  }

  @Test
  void whatIsNoPackageIsRefused() throws IOException {
    Path text = Files.writeString(directory.resolve("text.deb"), "this is no archive");
    assertThatThrownBy(() -> DebArchive.extract(text, directory, path -> true))
        .isInstanceOfSatisfying(
            GuestImageException.class,
            e -> assertThat(e.kind()).isEqualTo(GuestImageException.Kind.BAD_INPUT));
  }

  @Test
  void anUnknownCompressionIsNamed() throws IOException {
    Path deb = deb("data.tar.lz9", "./usr/bin/tool");
    assertThatThrownBy(() -> DebArchive.extract(deb, directory, path -> true))
        .hasMessageContaining("data.tar.lz9");
  }
}
