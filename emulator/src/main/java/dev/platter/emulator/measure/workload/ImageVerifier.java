package dev.platter.emulator.measure.workload;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.BooleanSupplier;

/**
 * Reads an image back through a plain FileChannel, without Platter's own I/O, and compares every
 * sector with its expected contents.
 */
public final class ImageVerifier {
  private static final int CHUNK = 1 << 20;

  private ImageVerifier() {}

  /**
   * Verifies.
   *
   * @param expected one generation per sector; where it is 0, only a write of this run to another
   *     place is wrong
   * @param cancelled asked for each MiB; if it becomes true, the result covers the sectors that
   *     were compared until then
   * @return the result
   * @throws PlatterException of kind FAILED if the image cannot be read
   */
  public static Verification verify(
      Path image,
      RunIdentity run,
      int[] expected,
      Verification.Rule rule,
      BooleanSupplier cancelled) {
    Verification found = new Verification(run, rule);
    ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
    try (FileChannel channel = FileChannel.open(image, StandardOpenOption.READ)) {
      long size = Math.min(channel.size(), (long) expected.length * SectorPattern.SECTOR);
      size -= size % SectorPattern.SECTOR;
      for (long at = 0; at < size; at += CHUNK) {
        if (cancelled.getAsBoolean()) {
          found.cutShort();
          return found;
        }
        int length = (int) Math.min(CHUNK, size - at);
        readFully(channel, buffer.clear().limit(length), at);
        MemorySegment memory = MemorySegment.ofBuffer(buffer.clear());
        for (int within = 0; within < length; within += SectorPattern.SECTOR) {
          int wanted = expected[(int) ((at + within) / SectorPattern.SECTOR)];
          found.check(memory, within, at + within, wanted);
        }
      }
      for (int sector = (int) (size / SectorPattern.SECTOR); sector < expected.length; sector++) {
        if (expected[sector] != 0) {
          found.beyondTheEnd((long) sector * SectorPattern.SECTOR, expected[sector]);
        }
      }
      return found;
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.FAILED,
          "cannot read back " + image + ": " + IoReason.of(e),
          null,
          e);
    }
  }

  private static void readFully(FileChannel channel, ByteBuffer buffer, long from)
      throws IOException {
    long at = from;
    while (buffer.hasRemaining()) {
      int read = channel.read(buffer, at);
      if (read < 0) {
        throw new IOException("file ends at " + at);
      }
      at += read;
    }
  }
}
