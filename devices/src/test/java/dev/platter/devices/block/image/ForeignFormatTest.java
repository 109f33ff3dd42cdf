package dev.platter.devices.block.image;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.LockTimeout;
import dev.platter.devices.block.image.ImageOptions.Foreign;
import dev.platter.devices.block.raw.RawImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that are disks only for who knows their format. */
class ForeignFormatTest {
  private static final int SIZE = 1 << 16;
  private static final ImageOptions CACHED = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);

  @TempDir private Path directory;

  private Path file(String name, int size, int at, String what) throws IOException {
    byte[] contents = new byte[size];
    byte[] bytes = what.getBytes(ISO_8859_1);
    System.arraycopy(bytes, 0, contents, at, bytes.length);
    return Files.write(directory.resolve(name), contents);
  }

  private static void assertRefused(Path path, ImageOptions options, String what, String remedy) {
    assertThatThrownBy(() -> RawImage.open(path.toString(), options).close())
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT);
              assertThat(e)
                  .hasMessage(
                      "cannot use "
                          + path
                          + " as an image: it is "
                          + what
                          + ", and disks are served from raw images");
              assertThat(e.remedy()).contains(remedy).doesNotContain("truncate");
            });
    ImageInfo info = ImageInspector.inspect(path.toString());
    assertThat(info.foreign().map(ForeignFormat::toString)).contains(what);
    assertThat(info.unusable()).contains("it is " + what);
  }

  @ParameterizedTest
  @CsvSource({
    "a qcow2 image,   0, 'QFI\u00fb\0\0\0\3', qemu-img convert -p -f qcow2 -O raw",
    "a qcow image,    0, 'QFI\u00fb\0\0\0\1', qemu-img convert -p -f qcow -O raw",
    "a QED image,     0, 'QED\0',                qemu-img convert -p -f qed -O raw",
    "a VMDK image,    0, KDMV,                   qemu-img convert -p -f vmdk -O raw",
    "a VMDK image,    0, COWD,                   qemu-img convert -p -f vmdk -O raw",
    "a VMDK image,    0, # Disk DescriptorFile,  qemu-img convert -p -f vmdk -O raw",
    "a VHD image,     0, conectix,               qemu-img convert -p -f vpc -O raw",
    "a VHD image, 65024, conectix,               qemu-img convert -p -f vpc -O raw",
    "a VHDX image,    0, vhdxfile,               qemu-img convert -p -f vhdx -O raw",
    "a VDI image,    64, '\u007f\u0010\u00da\u00be', qemu-img convert -p -f vdi -O raw",
  })
  void whatIsNoRawImageIsCalledWhatItIs(String what, int at, String bytes, String command)
      throws Exception {
    Path path = file("disk.img", SIZE, at, bytes);
    String convert = command + " " + path + " " + directory.resolve("disk.raw");
    assertRefused(path, CACHED, what, convert + "; or say format=raw");
    assertRefused(path, CACHED.withLogicalBlock(4096), what, convert);

    try (RawImage told = RawImage.open(path.toString(), CACHED.withForeign(Foreign.TELL));
        RawImage taken =
            RawImage.open(path.toString(), CACHED.withForeign(Foreign.TAKE).withLock(false))) {
      assertThat(told.description().foreign().map(ForeignFormat::toString)).contains(what);
      assertThat(taken.description().foreign()).isEmpty();
    }
  }

  /** No guest can bring that about, so it is refused beside other guests' disks, too. */
  @Test
  void anOddSizeOrANameIsCertain() throws Exception {
    ImageOptions beside = CACHED.withForeign(Foreign.TELL);
    assertRefused(file("a.img", 1000, 0, "QFI\u00fb"), beside, "a qcow2 image", "-f qcow2");
    assertRefused(file("a.VHD", SIZE, 0, "conectix"), beside, "a VHD image", "-f vpc");
    assertRefused(file("odd.img", 1000, 1000 - 512, "conectix"), beside, "a VHD image", "-f vpc");
    assertRefused(
        file("odd.img", 1000, 0, "LUKS\u00ba\u00be"), CACHED, "a LUKS volume", "cryptsetup open");
    assertRefused(
        file("a.luks", SIZE, 0, "LUKS\u00ba\u00be"), beside, "a LUKS volume", "cryptsetup open");
    assertThat(ForeignFormat.QCOW2.remedy("/d.d/disk"))
        .endsWith("convert -p -f qcow2 -O raw /d.d/disk /d.d/disk.raw");
  }

  /** A guest that encrypts all of its disk finds it served again. */
  @Test
  void aDiskThatAGuestHasEncryptedIsADisk() throws Exception {
    Path path = file("disk.img", SIZE, 0, "LUKS\u00ba\u00be");
    try (RawImage image = RawImage.open(path.toString(), CACHED)) {
      assertThat(image.description().foreign()).contains(ForeignFormat.LUKS);
    }
    assertThat(ImageInspector.inspect(path.toString()).unusable()).isEmpty();
  }

  @Test
  void aRawDiskIsNone() throws Exception {
    Path path = file("disk.img", SIZE, 510, "U\u00aa");
    try (RawImage image = RawImage.open(path.toString(), CACHED)) {
      assertThat(image.description().foreign()).isEmpty();
    }
    assertThat(ImageInspector.inspect(path.toString()).foreign()).isEmpty();
  }

  /** Which is what a file system without locks leaves. */
  @Test
  void withoutALockNothingKeepsASecondWriterAway() throws Exception {
    Path path = file("disk.img", SIZE, 0, "");
    try (RawImage one = RawImage.open(path.toString(), CACHED);
        RawImage two = RawImage.open(path.toString(), CACHED.withLock(false))) {
      assertThat(one.sizeBytes()).isEqualTo(two.sizeBytes());
      assertThat(RawImage.examine(path.toString(), CACHED, "", LockTimeout.noWait()).locked())
          .isPresent();
      assertThat(
              RawImage.examine(path.toString(), CACHED.withLock(false), "", LockTimeout.noWait())
                  .locked())
          .isEmpty();
    }
  }
}
