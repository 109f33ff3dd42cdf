package dev.platter.emulator.measure.workload;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/**
 * A temporary image whose blocks are all written, so that reads go to the disk: a file system
 * answers reads of unwritten blocks without the disk. Removed on {@link #close}, and when the JVM
 * exits.
 */
public final class ScratchImage implements AutoCloseable {
  /** The generation that every sector holds at first. */
  public static final int GENERATION = 1;

  private static final int CHUNK = 1 << 20;

  private final RunIdentity run = RunIdentity.random();
  private final Path path;
  private final Thread hook = new Thread(this::removeAtExit, "platter-scratch-removed");

  private ScratchImage(Path path) {
    this.path = path;
  }

  /**
   * The directory of scratch files: {@code $TMPDIR}, else {@code /var/tmp}; {@code /tmp} is often
   * memory.
   */
  public static Path defaultDirectory() {
    String tmpdir = System.getenv("TMPDIR");
    return Path.of(tmpdir == null || tmpdir.isEmpty() ? "/var/tmp" : tmpdir);
  }

  /**
   * Makes an image in {@link #defaultDirectory}.
   *
   * @param progress is told how many bytes are written
   * @param cancelled asked from time to time
   * @throws PlatterException if there is no room or no such directory, or if it was cancelled;
   *     nothing is left behind
   */
  public static ScratchImage create(
      long sizeBytes, LongConsumer progress, BooleanSupplier cancelled) {
    return create(defaultDirectory(), sizeBytes, progress, cancelled);
  }

  /**
   * Makes an image in a directory, otherwise as {@link #create(long, LongConsumer,
   * BooleanSupplier)}.
   *
   * @param directory an existing directory on a disk
   */
  public static ScratchImage create(
      Path directory, long sizeBytes, LongConsumer progress, BooleanSupplier cancelled) {
    checkSpace(directory, sizeBytes);
    Path path;
    try {
      path = Files.createTempFile(directory, "platter-scratch-", ".img");
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.BAD_INPUT,
          "cannot make a scratch image in " + directory + ": " + IoReason.of(e),
          "Set TMPDIR to a directory on a disk (platter lab: --dir), or name an image",
          e);
    }
    ScratchImage image = new ScratchImage(path);
    boolean complete = false;
    try {
      Runtime.getRuntime().addShutdownHook(image.hook);
      image.fill(sizeBytes, progress, cancelled);
      complete = true;
      return image;
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.FAILED,
          "cannot write a scratch image of "
              + sizeBytes
              + " bytes in "
              + directory
              + ": "
              + IoReason.of(e),
          "Free some space, or set TMPDIR to another directory (platter lab: --dir)",
          e);
    } catch (IllegalStateException e) {
      throw interrupted(); // the JVM goes down and takes no hook
    } finally {
      if (!complete) {
        image.close();
      }
    }
  }

  /** Refuses an image that does not fit before the file system is filled up. */
  private static void checkSpace(Path directory, long sizeBytes) {
    long free;
    try {
      free = Files.getFileStore(directory).getUsableSpace();
    } catch (IOException e) {
      return; // making the file will fail with the reason
    }
    if (free < sizeBytes) {
      throw PlatterException.failed(
          "cannot make a scratch image of "
              + sizeBytes
              + " bytes in "
              + directory
              + ": "
              + free
              + " bytes are free",
          "Ask for a smaller one, free some space, or set TMPDIR to another directory"
              + " (platter lab: --dir)");
    }
  }

  private static PlatterException interrupted() {
    return PlatterException.failed(
        "interrupted while the scratch image was written; nothing is left of it", null);
  }

  private void fill(long sizeBytes, LongConsumer progress, BooleanSupplier cancelled)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
    MemorySegment memory = MemorySegment.ofBuffer(buffer);
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      for (long at = 0; at < sizeBytes; at += CHUNK) {
        if (cancelled.getAsBoolean()) {
          throw interrupted();
        }
        int length = (int) Math.min(CHUNK, sizeBytes - at);
        SectorPattern.fill(memory, at, length, run, GENERATION);
        buffer.clear().limit(length);
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
        progress.accept(at + length);
      }
      channel.force(true);
    }
  }

  /** The run that every sector names at first. */
  public RunIdentity run() {
    return run;
  }

  /** The image's path. */
  public Path path() {
    return path;
  }

  private void removeAtExit() {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      return; // the JVM goes down; there is nobody to tell
    }
  }

  /** Removes it. Idempotent. */
  @Override
  public void close() {
    try {
      boolean _ = Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The hook runs already.
    }
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.FAILED, "cannot remove " + path + ": " + IoReason.of(e), null, e);
    }
  }
}
