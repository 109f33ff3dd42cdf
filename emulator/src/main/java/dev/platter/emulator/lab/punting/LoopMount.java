package dev.platter.emulator.lab.punting;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import dev.platter.emulator.host.HostProgram;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A file system in a sparse file, mounted through a loop device that the kernel frees with the
 * mount. For a thread of {@link PrivateMounts}; other threads do not see the mount then. {@link
 * #close} unmounts it and removes the file.
 */
final class LoopMount implements AutoCloseable {
  /** The size of the file system; mkfs.xfs needs 300 MiB. */
  private static final long SIZE_BYTES = 512L << 20;

  /** The space that it takes on the disk, with some megabytes in it. */
  private static final long NEEDED_BYTES = 256L << 20;

  private final Path image;
  private final Path directory;
  private final ExitGuard guard;
  private boolean mounted;

  private LoopMount(LoopFilesystem filesystem, Path scratch) {
    this.image = scratch.resolve(filesystem + ".loop");
    this.directory = scratch.resolve(filesystem + ".mnt");
    this.guard = new ExitGuard(this::undo);
  }

  /**
   * Makes and mounts a file system.
   *
   * @param scratch the directory of its file and mount point
   * @throws PlatterException of kind HOST_LACKS, with what is missing; nothing is left behind
   */
  static LoopMount of(LoopFilesystem filesystem, Path scratch) {
    LoopMount mount = new LoopMount(filesystem, scratch);
    try {
      mount.make(filesystem);
      return mount;
    } catch (IOException e) {
      mount.close();
      throw lacks(filesystem, IoReason.of(e), null);
    } catch (RuntimeException e) {
      mount.close();
      throw e;
    }
  }

  private void make(LoopFilesystem filesystem) throws IOException {
    if (HostProgram.find(filesystem.mkfs()) == null) {
      throw lacks(
          filesystem,
          "there is no " + filesystem.mkfs(),
          "apt install " + filesystem.debianPackage());
    }
    if (!Files.exists(Path.of("/dev/loop-control"))) {
      throw lacks(
          filesystem, "this host has no loop devices (no /dev/loop-control)", "modprobe loop");
    }
    long free = Files.getFileStore(image.resolveSibling(".")).getUsableSpace();
    if (free < NEEDED_BYTES) {
      throw lacks(
          filesystem,
          "the scratch directory has " + (free >> 20) + " MiB free, it takes 256",
          "Free some space, or name another directory: --dir DIR");
    }
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(SIZE_BYTES);
    }
    HostProgram.Outcome made = HostProgram.run(filesystem.mkfsCommand(image.toString()));
    if (!made.ok()) {
      throw lacks(filesystem, filesystem.mkfs() + ": " + made.complaint(), null);
    }
    Files.createDirectory(directory);
    HostProgram.Outcome mount =
        HostProgram.run(
            "mount", "-t", filesystem.toString(), "-o", "loop", image.toString(), name());
    if (!mount.ok()) {
      boolean unknown = mount.output().contains("unknown filesystem type");
      throw lacks(
          filesystem,
          unknown ? "this kernel has no " + filesystem : mount.complaint(),
          unknown ? "modprobe " + filesystem : null);
    }
    mounted = true;
  }

  private static PlatterException lacks(
      LoopFilesystem filesystem, String why, @Nullable String remedy) {
    return PlatterException.hostLacks("no " + filesystem + " was tried: " + why, remedy);
  }

  private String name() {
    return directory.toString();
  }

  /** The mount point. */
  Path directory() {
    return directory;
  }

  private void undo() {
    @Nullable PlatterException failure = mounted ? unmount() : null;
    // The file comes first, because it can be removed even if the mount stays.
    for (Path one : List.of(image, directory)) {
      try {
        Files.deleteIfExists(one);
      } catch (IOException e) {
        if (failure == null) {
          failure =
              new PlatterException(
                  PlatterException.Kind.FAILED,
                  "cannot remove " + one + ": " + IoReason.of(e),
                  null,
                  e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private @Nullable PlatterException unmount() {
    try {
      if (HostProgram.run("umount", name()).ok()) {
        return null;
      }
      // A program still uses the mount, which goes as soon as that program ends.
      HostProgram.Outcome lazy = HostProgram.run("umount", "--lazy", name());
      return lazy.ok()
          ? null
          : PlatterException.failed(
              "cannot unmount " + name() + ": " + lazy.complaint(), "umount " + name());
    } catch (PlatterException e) {
      return e;
    }
  }

  /** Unmounts the file system and removes its file. Idempotent. */
  @Override
  public void close() {
    guard.close();
  }
}
