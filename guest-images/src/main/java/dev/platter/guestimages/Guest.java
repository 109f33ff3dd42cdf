package dev.platter.guestimages;

import java.nio.file.Path;

/**
 * A bootable test guest on disk, for QEMU's {@code -kernel} and {@code -initrd}.
 *
 * @param directory holds both files, and {@code manifest}, which lists their inputs
 * @param kernel the kernel image
 * @param initramfs its initramfs, gzip-compressed cpio
 * @param kernelRelease the kernel's version, as {@code uname -r} says
 */
public record Guest(Path directory, Path kernel, Path initramfs, String kernelRelease) {}
