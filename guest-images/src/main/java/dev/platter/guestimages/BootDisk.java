package dev.platter.guestimages;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A disk that firmware boots into a guest: SeaBIOS through its master boot record, OVMF through
 * {@code \EFI\BOOT\BOOTX64.EFI}. Either way GRUB reads kernel and initramfs from the disk with the
 * firmware's own driver.
 *
 * <p>Layout: sector 0 GRUB's boot.img with the partition table; from sector 1 GRUB's core.img,
 * where boot.img looks for it; from 1 MiB the only partition, an EFI system partition with FAT16
 * that holds everything else.
 */
public final class BootDisk {
  private static final int MIB = 1 << 20;
  private static final int SECTOR = 512;
  private static final int PARTITION_START = MIB;
  private static final long SPARE_BYTES = 8L * MIB;

  // The master boot record: UEFI specification, 5.2.1.
  private static final int BOOT_CODE_BYTES = 440;
  private static final int DISK_SIGNATURE = 440;
  private static final int FIRST_PARTITION = 446;
  private static final int BOOT_SIGNATURE = 510;
  private static final byte TYPE_EFI_SYSTEM = (byte) 0xef;

  /** The FAT's serial number, by which GRUB finds the partition; any fixed number will do. */
  private static final int VOLUME_SERIAL = 0x504c_4154;

  private static final Pattern COMMAND_LINE = Pattern.compile("[A-Za-z0-9_.,:/@+= -]*");

  private BootDisk() {}

  /**
   * Makes a raw disk image that boots into a guest. The same arguments and packages make the same
   * bytes.
   *
   * @param options options whose cache has, or gets, the GRUB packages
   * @param guest the guest to boot, whose kernel and initramfs are copied into the image
   * @param commandLine the kernel's command line, as {@link GuestJob#commandLine} makes it
   * @param image the file to make; must not exist
   * @throws GuestImageException of kind BAD_INPUT if the image exists or the command line has
   *     characters that mean something to GRUB; HOST_LACKS without apt or its packages
   */
  public static void create(GuestOptions options, Guest guest, String commandLine, Path image) {
    if (!COMMAND_LINE.matcher(commandLine).matches()) {
      throw GuestImageException.badInput(
          "the kernel command line has characters that GRUB would change: " + commandLine,
          "Use letters, digits, blanks and _.,:/@+=- only");
    }
    Grub grub = Grub.fetch(options);
    Grub.BootImages images = grub.images(configuration(commandLine));
    Map<String, byte[]> files = new LinkedHashMap<>();
    try {
      files.put("EFI/BOOT/BOOTX64.EFI", images.efi());
      files.put("VMLINUZ", Files.readAllBytes(guest.kernel()));
      files.put("INITRD.IMG", Files.readAllBytes(guest.initramfs()));
      write(image, images, files);
    } catch (FileAlreadyExistsException e) {
      throw new GuestImageException(
          GuestImageException.Kind.BAD_INPUT,
          image + " exists already",
          "Remove it, or name another file",
          e);
    } catch (IOException e) {
      throw GuestImageException.io("writing the boot disk " + image, e);
    }
  }

  private static String configuration(String commandLine) {
    return String.join(
        "\n",
        "serial --unit=0 --speed=115200",
        "terminal_output serial",
        "search --no-floppy --fs-uuid --set=root "
            + "%04X-%04X".formatted(VOLUME_SERIAL >>> 16, VOLUME_SERIAL & 0xffff),
        "linux /vmlinuz " + commandLine,
        "initrd /initrd.img",
        "boot",
        "");
  }

  private static void write(Path image, Grub.BootImages grub, Map<String, byte[]> files)
      throws IOException {
    if (grub.biosCore().length > PARTITION_START - SECTOR) {
      throw GuestImageException.failed(
          "GRUB's core image of " + grub.biosCore().length + " bytes does not fit before 1 MiB",
          null);
    }
    long content = files.values().stream().mapToLong(bytes -> bytes.length).sum();
    long partition = (content + SPARE_BYTES + MIB - 1) / MIB * MIB;
    try (FileChannel channel =
        FileChannel.open(image, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
      write(channel, grub, partition, files);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (IOException e) {
      Files.deleteIfExists(image); // half a disk boots into nothing
      throw e;
    }
  }

  private static void write(
      FileChannel channel, Grub.BootImages grub, long partition, Map<String, byte[]> files)
      throws IOException {
    put(channel, 0, bootRecord(grub.biosBoot(), partition));
    put(channel, SECTOR, ByteBuffer.wrap(grub.biosCore()));
    new FatVolume(partition / SECTOR, PARTITION_START / SECTOR, VOLUME_SERIAL)
        .write(channel, PARTITION_START, files);
    put(channel, PARTITION_START + partition - 1, ByteBuffer.allocate(1));
    channel.force(true);
  }

  private static ByteBuffer bootRecord(byte[] bootCode, long partitionBytes) {
    ByteBuffer record = ByteBuffer.allocate(SECTOR).order(ByteOrder.LITTLE_ENDIAN);
    record.put(0, bootCode, 0, BOOT_CODE_BYTES);
    record.putInt(DISK_SIGNATURE, VOLUME_SERIAL);
    record.put(FIRST_PARTITION, (byte) 0x80); // active: some firmware boots nothing else
    // The largest CHS address stands for "use the LBA".
    record.put(FIRST_PARTITION + 1, new byte[] {(byte) 0xfe, (byte) 0xff, (byte) 0xff});
    record.put(FIRST_PARTITION + 4, TYPE_EFI_SYSTEM);
    record.put(FIRST_PARTITION + 5, new byte[] {(byte) 0xfe, (byte) 0xff, (byte) 0xff});
    record.putInt(FIRST_PARTITION + 8, PARTITION_START / SECTOR);
    record.putInt(FIRST_PARTITION + 12, (int) (partitionBytes / SECTOR));
    record.putShort(BOOT_SIGNATURE, (short) 0xaa55);
    return record;
  }

  private static void put(FileChannel channel, long position, ByteBuffer bytes) throws IOException {
    long at = position;
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
    }
  }
}
