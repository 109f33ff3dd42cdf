package dev.platter.emulator.result.document;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An image as it was before the run.
 *
 * @param type {@code regular}, {@code block_device}, or {@value #MEMORY}
 * @param stored how it is stored; null for a disk in memory
 */
public record ImageFacts(
    @Nullable String path,
    @Nullable String type,
    long sizeBytes,
    @Inline @Nullable StoredImage stored) {
  /** The type of a disk that lies in memory. */
  public static final String MEMORY = "memory";

  /** How a file or a device is stored; null is what could not be found out. */
  public record StoredImage(
      long allocatedBytes,
      @Nullable String filesystem,
      @Nullable String allocation,
      @Nullable ExtentFacts extents,
      @Nullable Alignment oDirect,
      List<String> lockHolders,
      @Nullable PuntedWrites directWritesPunted,
      @Nullable String unusableBecause) {}

  /** The file system's map of the image. */
  public record ExtentFacts(
      long count,
      long writtenBytes,
      long unwrittenBytes,
      long holeBytes,
      long beyondEndBytes,
      long sharedBytes) {}

  /** How O_DIRECT wants buffers, offsets and lengths. */
  public record Alignment(long memoryAlignmentBytes, long offsetAlignmentBytes) {}

  /** Which O_DIRECT writes io_uring hands to a worker, and what that rests on. */
  public record PuntedWrites(String verdict, String reason) {}
}
