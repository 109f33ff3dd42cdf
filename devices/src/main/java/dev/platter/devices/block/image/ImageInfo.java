package dev.platter.devices.block.image;

import dev.platter.aio.file.FileFacts;
import java.util.List;
import java.util.Optional;

/**
 * What there is to know about a raw image without writing to it.
 *
 * @param path as the user gave it
 * @param facts size, allocation, file system
 * @param extents how it is stored; empty for block devices and where the file system does not tell
 * @param direct what O_DIRECT asks for; empty where the file system has none
 * @param lockHolders who has it locked, by name as far as the caller may see; empty if nobody
 * @param foreign the format that its contents are those of, if it is none of ours
 * @param directWrites whether O_DIRECT writes would be punted to io-wq
 */
public record ImageInfo(
    String path,
    FileFacts facts,
    Optional<Extents> extents,
    Optional<Direct> direct,
    List<String> lockHolders,
    Optional<ForeignFormat> foreign,
    DirectWrites directWrites) {

  /** Copies the list. */
  public ImageInfo {
    lockHolders = List.copyOf(lockHolders);
  }

  /**
   * What O_DIRECT asks for.
   *
   * @param memoryAlignmentBytes alignment of buffers
   * @param offsetAlignmentBytes alignment of offsets and lengths
   */
  public record Direct(int memoryAlignmentBytes, int offsetAlignmentBytes) {}

  /** How an image's storage is allocated. */
  public enum Allocation {
    /** Nothing is. */
    SPARSE,
    /** Some is, the rest are holes. */
    PARTLY_SPARSE,
    /** All is reserved, nothing written. */
    UNWRITTEN,
    /** All is reserved, some of it written. */
    PARTLY_WRITTEN,
    /** All is written. */
    WRITTEN,
    /** The file system does not tell. */
    UNKNOWN
  }

  /** The allocation in one word. */
  public Allocation allocation() {
    if (extents.isEmpty()) {
      return Allocation.UNKNOWN;
    }
    Extents map = extents.get();
    if (map.holeBytes() > 0) {
      return map.count() == 0 ? Allocation.SPARSE : Allocation.PARTLY_SPARSE;
    }
    if (map.unwrittenBytes() > 0) {
      return map.writtenBytes() > 0 ? Allocation.PARTLY_WRITTEN : Allocation.UNWRITTEN;
    }
    return Allocation.WRITTEN;
  }

  /** Why it cannot serve as a disk; empty if it can. */
  public Optional<String> unusable() {
    if (facts.sizeBytes() == 0) {
      return Optional.of("it is empty");
    }
    Optional<ForeignFormat> refused = refused();
    if (refused.isPresent()) {
      return Optional.of("it is " + refused.get());
    }
    if (facts.sizeBytes() % unit() != 0) {
      return Optional.of("its size is not a multiple of " + unit() + " bytes");
    }
    return Optional.empty();
  }

  /** What to do about that. */
  public String remedy() {
    if (facts.sizeBytes() == 0 || facts.type() != FileFacts.Type.REGULAR) {
      return "platter image create makes one that can";
    }
    return refused()
        .map(format -> format.remedy(path))
        .orElse("Grow it to whole blocks: truncate -s %" + unit() + " " + path);
  }

  private Optional<ForeignFormat> refused() {
    return foreign.filter(format -> format.isRefused(path, facts.sizeBytes()));
  }

  private int unit() {
    return Math.max(ImageCreator.SECTOR_BYTES, direct.map(Direct::offsetAlignmentBytes).orElse(1));
  }
}
