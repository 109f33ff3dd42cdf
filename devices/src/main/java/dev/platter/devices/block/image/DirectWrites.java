package dev.platter.devices.block.image;

import dev.platter.aio.file.FileFacts;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Whether O_DIRECT writes to an image would be done inline or punted to io-wq worker threads.
 *
 * <p>The rule for ext4, found by trying {@code pwritev2(RWF_NOWAIT)} on Linux 6.18, which answers
 * EAGAIN where io_uring punts. ext4 does a write under the shared inode lock, without waiting, only
 * if it does not extend the file and one extent covers all of it:
 *
 * <ul>
 *   <li>into a hole: punted, because a block must be allocated;
 *   <li>across the border of two extents, be it written and unwritten ones or two that lie apart on
 *       the disk: punted;
 *   <li>into unwritten space, but not in whole file system blocks: punted, because the rest of the
 *       block must be zeroed without anybody looking;
 *   <li>else not punted.
 * </ul>
 *
 * <p>xfs has the same rule, tried in the same way on Linux 6.18, with two additions. Writes to
 * storage that another file shares (a reflink) are punted, because it must be replaced. And in any
 * state the first write in each tick of the kernel's clock is punted, because it must update the
 * file's time.
 *
 * <p>btrfs replaces storage by every write, and punts them all, unless it was told not to for this
 * file ({@code chattr +C}): then ext4's rule and that of shared storage hold, and now and then a
 * write is punted that would have to wait for a lock.
 *
 * <p>A file tells this by its extents and that flag alone, so nothing need be written to find out.
 *
 * @param verdict the answer
 * @param reason what it rests on, one clause without a final full stop
 */
public record DirectWrites(PuntedWrites verdict, String reason) {
  /** Which writes would be punted. */
  public enum PuntedWrites {
    /** None. */
    NONE,
    /** Those across an extent's border, and into unwritten space those of less than a block. */
    EDGES,
    /** Those of {@link #EDGES}, and at most one in each tick of the kernel's clock. */
    TICKS,
    /** First writes to some of the image's blocks. */
    HOLES,
    /** First writes to all of the image's blocks. */
    ALL,
    /** All, also to blocks that were written before. */
    ALWAYS,
    /** Not known for this file system or kernel. */
    UNKNOWN
  }

  // The oldest kernel on which writes into unwritten space were seen not to be punted is 6.12.25;
  // on 6.1 they were.
  private static final int[] EXT4_UNWRITTEN_INLINE = {6, 12};
  // What is not punted on xfs and btrfs was tried on no older kernel.
  private static final int[] OTHERS_TRIED = {6, 18};
  private static final Pattern RELEASE = Pattern.compile("(\\d+)\\.(\\d+).*");

  /**
   * Foretells.
   *
   * @param nocow whether btrfs overwrites the file in place
   * @param kernel the kernel's release, such as {@code 6.18.1}
   */
  static DirectWrites forecast(
      FileFacts facts, Optional<Extents> extents, boolean nocow, String kernel) {
    if (facts.type() != FileFacts.Type.REGULAR) {
      return unknown("the rule is known for files on ext4, xfs and btrfs only");
    }
    String filesystem = facts.filesystem();
    if (filesystem.equals("btrfs") && !nocow) {
      return new DirectWrites(
          PuntedWrites.ALWAYS,
          "btrfs replaces the blocks of every write, as it has no attribute C");
    }
    if (extents.isEmpty()) {
      return unknown("the file system does not list its extents");
    }
    return switch (filesystem) {
      case "ext4" -> onExt4(extents.get(), kernel);
      case "xfs", "btrfs" -> onOthers(filesystem, extents.get(), kernel);
      default -> unknown("the rule is known for files on ext4, xfs and btrfs only");
    };
  }

  private static @Nullable DirectWrites allocating(Extents map) {
    long stored = map.writtenBytes() + map.unwrittenBytes();
    if (map.sharedBytes() > 0) {
      return new DirectWrites(
          map.holeBytes() == 0 && map.sharedBytes() == stored
              ? PuntedWrites.ALL
              : PuntedWrites.HOLES,
          "it shares blocks with another file: the first write to each must replace it");
    }
    if (map.holeBytes() == 0) {
      return null;
    }
    return map.count() == 0
        ? new DirectWrites(
            PuntedWrites.ALL, "it is one hole: every first write to a block must allocate it")
        : new DirectWrites(
            PuntedWrites.HOLES,
            "it has holes: every first write to a block there must allocate it");
  }

  private static DirectWrites onOthers(String filesystem, Extents map, String kernel) {
    DirectWrites allocating = allocating(map);
    if (allocating != null) {
      return allocating;
    }
    if (!atLeast(kernel, OTHERS_TRIED)) {
      return unknown("it was not tried on " + filesystem + " of Linux " + kernel);
    }
    DirectWrites inside = allocated(map);
    return filesystem.equals("xfs")
        ? new DirectWrites(
            PuntedWrites.TICKS,
            inside.reason() + "; and in each tick of the clock one that updates the file's time")
        : inside;
  }

  private static DirectWrites onExt4(Extents map, String kernel) {
    DirectWrites allocating = allocating(map);
    if (allocating != null) {
      return allocating;
    }
    return map.unwrittenBytes() > 0 && !atLeast(kernel, EXT4_UNWRITTEN_INLINE)
        ? unknown("it has unwritten extents, and Linux " + kernel + " may punt writes there")
        : allocated(map);
  }

  private static DirectWrites allocated(Extents map) {
    if (map.unwrittenBytes() > 0) {
      return new DirectWrites(
          PuntedWrites.EDGES,
          "it has unwritten extents: a first write there is punted if it does not cover whole file"
              + " system blocks or crosses into another extent");
    }
    return map.count() > 1
        ? new DirectWrites(
            PuntedWrites.EDGES,
            "all of it is written: a write is punted only across one of the "
                + (map.count() - 1)
                + " borders of its extents")
        : new DirectWrites(PuntedWrites.NONE, "all of it is one written extent");
  }

  private static DirectWrites unknown(String reason) {
    return new DirectWrites(PuntedWrites.UNKNOWN, reason);
  }

  private static boolean atLeast(String kernel, int[] floor) {
    Matcher matcher = RELEASE.matcher(kernel);
    if (!matcher.matches()) {
      return false;
    }
    int major = Integer.parseInt(matcher.group(1));
    int minor = Integer.parseInt(matcher.group(2));
    return major > floor[0] || (major == floor[0] && minor >= floor[1]);
  }
}
