package dev.platter.it.stall;

import dev.platter.aio.PlatterException;
import dev.platter.guestimages.KnownImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** An image with known contents, whose storage stops answering when it is told to. */
abstract class StalledDisk implements AutoCloseable {
  /** How storage is made to stop. */
  enum Way {
    /** {@code fsfreeze} of an ext4 on a loop device: writes and flushes wait, reads go on. */
    FREEZE,
    /** A FUSE file (held-file.c) that answers nothing: reads, writes and flushes wait. */
    FUSE,
    /** A FUSE file that answers writes, but neither reads nor flushes. */
    FUSE_READS;

    /** As options and tables name it. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * Makes one.
     *
     * @param directory an empty directory of its own, on a disk
     * @param heldFile the program of held-file.c
     * @param bytes its size
     * @param seed of the {@link dev.platter.guestimages.KnownPattern} that it is filled with
     */
    StalledDisk make(Path directory, Path heldFile, long bytes, long seed) {
      return switch (this) {
        case FREEZE -> new Frozen(directory, bytes, seed);
        case FUSE -> new Held(directory, heldFile, "read,write,flush", bytes, seed);
        case FUSE_READS -> new Held(directory, heldFile, "read,flush", bytes, seed);
      };
    }
  }

  /** What a device serves. */
  abstract Path image();

  /** Where its bytes are; never stalls for who reads it, unless by what is written there. */
  abstract Path backing();

  /** Storage stops answering. */
  abstract void stop();

  /** Storage answers again, and what has waited is done. */
  abstract void go();

  /** Lets everything go and takes the storage apart; the backing file stays. */
  @Override
  public abstract void close();

  private static final class Frozen extends StalledDisk {
    /** For the journal and the tables of the file system. */
    private static final long SPARE_BYTES = 64L << 20;

    private final Path mount;
    private final Path image;
    private final Path copy;
    private boolean frozen;

    Frozen(Path directory, long bytes, long seed) {
      Path container = directory.resolve("ext4.img");
      copy = directory.resolve("backing.img");
      mount = directory.resolve("frozen");
      image = mount.resolve("disk.img");
      try {
        Files.createDirectory(mount);
        Files.createFile(container);
        HostTool.run(
            "truncate", "--size", Long.toString(bytes + SPARE_BYTES), container.toString());
      } catch (IOException e) {
        throw HostTool.failed("cannot make files in " + directory + ": " + e, e);
      }
      HostTool.run("mkfs.ext4", "-q", "-F", container.toString());
      HostTool.run("mount", "-o", "loop", container.toString(), mount.toString());
      try {
        KnownImage.create(image, bytes, seed);
      } catch (RuntimeException e) {
        close();
        throw e;
      }
    }

    @Override
    Path image() {
      return image;
    }

    @Override
    Path backing() {
      return copy;
    }

    @Override
    synchronized void stop() {
      HostTool.run("fsfreeze", "--freeze", mount.toString());
      frozen = true;
    }

    @Override
    synchronized void go() {
      if (frozen) {
        HostTool.run("fsfreeze", "--unfreeze", mount.toString());
        frozen = false;
      }
    }

    @Override
    public void close() {
      go();
      try {
        if (Files.exists(image)) {
          Files.copy(image, copy);
        }
      } catch (IOException e) {
        throw HostTool.failed("cannot read " + image + ": " + e, e);
      } finally {
        HostTool.run("umount", mount.toString());
      }
    }
  }

  private static final class Held extends StalledDisk {
    private static final int END_MILLIS = 10_000;

    private final Path mount;
    private final Path backing;
    private final String what;
    private final Process server;

    Held(Path directory, Path heldFile, String what, long bytes, long seed) {
      this.what = what;
      mount = directory.resolve("held");
      backing = directory.resolve("backing.img");
      Path log = directory.resolve("held.log");
      try {
        Files.createDirectory(mount);
      } catch (IOException e) {
        throw HostTool.failed("cannot make " + mount + ": " + e, e);
      }
      KnownImage.create(backing, bytes, seed);
      server =
          HostTool.start(
              List.of(heldFile.toString(), mount.toString(), backing.toString()), Map.of(), log);
      HostTool.awaitFile(image(), server, log);
    }

    @Override
    Path image() {
      return mount.resolve("disk");
    }

    @Override
    Path backing() {
      return backing;
    }

    private void tell(String command) {
      try {
        Files.writeString(mount.resolve("control"), command, StandardOpenOption.WRITE);
      } catch (IOException e) {
        throw HostTool.failed("the held file does not hear: " + e, e);
      }
    }

    @Override
    void stop() {
      tell("hold " + what);
    }

    @Override
    void go() {
      tell("go");
    }

    @Override
    public void close() {
      go();
      HostTool.run("umount", mount.toString());
      if (!HostTool.ended(server, END_MILLIS)) {
        throw PlatterException.failed("the held file is still in use", null);
      }
    }
  }
}
