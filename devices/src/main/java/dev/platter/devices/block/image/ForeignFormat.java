package dev.platter.devices.block.image;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A format of disk images in which byte N of the file is not byte N of the disk. A guest can write
 * the beginning of such a file onto a raw disk of its own; a name or an odd size it cannot give.
 */
public enum ForeignFormat {
  /** Of QEMU. */
  QCOW2("a qcow2 image", "qcow2", "qcow2"),
  /** Its predecessor. */
  QCOW("a qcow image", "qcow", "qcow"),
  /** Of QEMU, not made any more. */
  QED("a QED image", "qed", "qed"),
  /** Of VMware. */
  VMDK("a VMDK image", "vmdk", "vmdk"),
  /** Of Virtual PC. */
  VHD("a VHD image", "vpc", "vhd|vpc"),
  /** Of Hyper-V. */
  VHDX("a VHDX image", "vhdx", "vhdx"),
  /** Of VirtualBox. */
  VDI("a VDI image", "vdi", "vdi"),
  /** Encrypted, by the host or by a guest. */
  LUKS("a LUKS volume", "luks", "luks");

  private static final int HEAD_BYTES = 128;
  private static final int SECTOR_BYTES = 512;
  private static final int PATIENCE_SECONDS = 5;
  private static final int VDI_SIGNATURE = 0x40;

  private final String title;
  private final String qemuName;
  private final String extensions;

  ForeignFormat(String title, String qemuName, String extensions) {
    this.title = title;
    this.qemuName = qemuName;
    this.extensions = extensions;
  }

  /** What a file of that format is, with its article. */
  @Override
  public String toString() {
    return title;
  }

  /**
   * The format that the contents of a file are those of; null for none, or if its disk does not
   * answer: that holds up nobody.
   *
   * @param sizeBytes its size
   * @throws PlatterException if there is no thread to be had that looks
   */
  public static @Nullable ForeignFormat of(FileHandle file, long sizeBytes) {
    // A description without O_DIRECT: the last sector of a file may lie anywhere.
    int fd = Libc.open("/proc/self/fd/" + file.fd(), LinuxAbi.O_RDONLY | LinuxAbi.O_CLOEXEC, 0);
    if (fd < 0) {
      return null;
    }
    CompletableFuture<Optional<ForeignFormat>> look = new CompletableFuture<>();
    try {
      Thread.ofPlatform()
          .daemon()
          .name("image-format")
          .start(() -> look.complete(Optional.ofNullable(ofContents(fd, sizeBytes))));
    } catch (OutOfMemoryError e) {
      Libc.close(fd);
      throw PlatterException.hostLacks(
          "a thread that looks at " + file.path() + " could not be started: " + e.getMessage(),
          null);
    }
    try {
      return look.get(PATIENCE_SECONDS, TimeUnit.SECONDS).orElse(null);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    } catch (TimeoutException | ExecutionException e) {
      return null;
    }
  }

  private static @Nullable ForeignFormat ofContents(int fd, long sizeBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment sector = arena.allocate(SECTOR_BYTES);
      ForeignFormat format = ofHead(read(fd, 0, HEAD_BYTES, sector));
      boolean fixedVhd =
          format == null
              && sizeBytes > SECTOR_BYTES
              && isVhd(read(fd, sizeBytes - SECTOR_BYTES, SECTOR_BYTES, sector));
      return fixedVhd ? VHD : format;
    } finally {
      Libc.close(fd);
    }
  }

  /** A character for each byte. */
  private static String read(int fd, long offset, int length, MemorySegment into) {
    int got = (int) Libc.pread(fd, into.address(), length, offset);
    byte[] bytes = into.asSlice(0, Math.max(0, got)).toArray(ValueLayout.JAVA_BYTE);
    return new String(bytes, ISO_8859_1);
  }

  private static @Nullable ForeignFormat ofHead(String head) {
    if (head.startsWith("QFI\u00fb\0\0\0\1")) {
      return QCOW;
    }
    if (head.startsWith("QFI\u00fb")) {
      return QCOW2;
    }
    if (head.startsWith("QED\0")) {
      return QED;
    }
    if (head.startsWith("KDMV")
        || head.startsWith("COWD")
        || head.startsWith("# Disk DescriptorFile")) {
      return VMDK;
    }
    if (head.startsWith("vhdxfile")) {
      return VHDX;
    }
    if (head.startsWith("\u007f\u0010\u00da\u00be", VDI_SIGNATURE)) {
      return VDI;
    }
    if (head.startsWith("LUKS\u00ba\u00be")) {
      return LUKS;
    }
    return isVhd(head) ? VHD : null; // a dynamic one has a copy of its footer in front
  }

  private static boolean isVhd(String footer) {
    return footer.startsWith("conectix");
  }

  /** Whether no guest can have made the file so: an odd size, or a name that says the same. */
  public boolean isCertain(String path, long sizeBytes) {
    return sizeBytes % SECTOR_BYTES != 0
        || path.toLowerCase(Locale.ROOT).matches("(?s).*\\.(" + extensions + ")");
  }

  /** Whether such a file is refused: all but a LUKS volume that a guest may have made. */
  public boolean isRefused(String path, long sizeBytes) {
    return this != LUKS || isCertain(path, sizeBytes);
  }

  /** What to do with such a file to have its disk served. */
  public String remedy(String path) {
    String plain = path.replaceFirst("(?<=[^/])\\.[A-Za-z0-9]{2,5}$", "");
    return this == LUKS
        ? "Open it, and name the device: cryptsetup open " + path + " NAME, /dev/mapper/NAME"
        : "Convert it: qemu-img convert -p -f "
            + qemuName
            + " -O raw "
            + path
            + " "
            + (plain.equals(path) ? path : plain)
            + ".raw";
  }
}
