package dev.platter.emulator.workload;

import dev.platter.aio.PlatterException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads an image back through a plain FileChannel, with none of Platter's own I/O, and compares
 * every sector with what it must hold.
 */
public final class ImageVerifier {
  private static final int CHUNK = 1 << 20;
  private static final int SHOWN = 5;

  /** What a sector must hold. */
  public enum Rule {
    /** Exactly the expected generation. */
    EXACT,
    /** The expected generation or a later one: writes that were not stable may have made it. */
    AT_LEAST
  }

  private ImageVerifier() {}

  /**
   * Verifies.
   *
   * @param expected one generation per sector; sectors with 0 are not looked at
   * @return how many sectors were compared
   * @throws PlatterException of kind FAILED, naming the first bad sectors
   */
  public static long verify(Path image, int[] expected, Rule rule) {
    List<String> bad = new ArrayList<>();
    long badCount = 0;
    long compared = 0;
    ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
    try (FileChannel channel = FileChannel.open(image, StandardOpenOption.READ)) {
      long size = Math.min(channel.size(), (long) expected.length * SectorPattern.SECTOR);
      size -= size % SectorPattern.SECTOR;
      for (int sector = (int) (size / SectorPattern.SECTOR); sector < expected.length; sector++) {
        if (expected[sector] != 0) {
          compared++;
          badCount++;
          if (bad.size() < SHOWN) {
            bad.add(
                "offset " + (long) sector * SectorPattern.SECTOR + " is beyond the image's end");
          }
        }
      }
      for (long at = 0; at < size; at += CHUNK) {
        int length = (int) Math.min(CHUNK, size - at);
        readFully(channel, buffer.clear().limit(length), at);
        MemorySegment memory = MemorySegment.ofBuffer(buffer.clear());
        for (int within = 0; within < length; within += SectorPattern.SECTOR) {
          int wanted = expected[(int) ((at + within) / SectorPattern.SECTOR)];
          if (wanted == 0) {
            continue;
          }
          compared++;
          long found = SectorPattern.generation(memory, within, at + within);
          boolean good = rule == Rule.EXACT ? found == wanted : found >= wanted;
          if (!good) {
            badCount++;
            if (bad.size() < SHOWN) {
              bad.add(describe(at + within, wanted, found));
            }
          }
        }
      }
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.FAILED,
          "cannot read back " + image + ": " + e.getMessage(),
          null,
          e);
    }
    if (badCount > 0) {
      throw PlatterException.failed(
          "verification failed: "
              + badCount
              + " of "
              + compared
              + " sectors are wrong: "
              + String.join("; ", bad),
          null);
    }
    return compared;
  }

  private static String describe(long offset, long wanted, long found) {
    return "offset "
        + offset
        + " holds "
        + (found == SectorPattern.INVALID ? "no valid sector" : "write " + found)
        + ", expected write "
        + wanted;
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
