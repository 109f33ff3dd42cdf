package dev.platter.devices.block;

import dev.platter.aio.file.FileFacts;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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
 * <p>A file tells this by its extents alone, so nothing need be written to find out.
 *
 * @param verdict the answer
 * @param reason what it rests on, one clause without a final full stop
 */
public record DirectWrites(Verdict verdict, String reason) {
  /** Which writes would be punted. */
  public enum Verdict {
    /** None. */
    NONE,
    /** Those across an extent's border, and into unwritten space those of less than a block. */
    EDGES,
    /** First writes to some of the image's blocks. */
    HOLES,
    /** First writes to all of the image's blocks. */
    ALL,
    /** Not known for this file system or kernel. */
    UNKNOWN
  }

  // The oldest kernel on which writes into unwritten space were seen not to be punted is 6.12.25;
  // on 6.1 they were.
  private static final int UNWRITTEN_INLINE_MAJOR = 6;
  private static final int UNWRITTEN_INLINE_MINOR = 12;
  private static final Pattern RELEASE = Pattern.compile("(\\d+)\\.(\\d+).*");

  /**
   * Foretells.
   *
   * @param kernel the kernel's release, such as {@code 6.18.1}
   */
  static DirectWrites forecast(FileFacts facts, Optional<Extents> extents, String kernel) {
    if (facts.type() != FileFacts.Type.REGULAR || !facts.filesystem().equals("ext4")) {
      return unknown("the rule is known for files on ext4 only");
    }
    if (extents.isEmpty()) {
      return unknown("the file system does not list its extents");
    }
    Extents map = extents.get();
    if (map.holeBytes() > 0) {
      return map.count() == 0
          ? new DirectWrites(
              Verdict.ALL, "it is one hole: every first write to a block must allocate it")
          : new DirectWrites(
              Verdict.HOLES, "it has holes: every first write to a block there must allocate it");
    }
    if (map.unwrittenBytes() > 0 && !unwrittenIsInline(kernel)) {
      return unknown("it has unwritten extents, and Linux " + kernel + " may punt writes there");
    }
    if (map.unwrittenBytes() > 0) {
      return new DirectWrites(
          Verdict.EDGES,
          "it has unwritten extents: a first write there is punted if it does not cover whole file"
              + " system blocks or crosses into another extent");
    }
    return map.count() > 1
        ? new DirectWrites(
            Verdict.EDGES,
            "all of it is written: a write is punted only across one of the "
                + (map.count() - 1)
                + " borders of its extents")
        : new DirectWrites(Verdict.NONE, "all of it is one written extent");
  }

  private static DirectWrites unknown(String reason) {
    return new DirectWrites(Verdict.UNKNOWN, reason);
  }

  private static boolean unwrittenIsInline(String kernel) {
    Matcher matcher = RELEASE.matcher(kernel);
    if (!matcher.matches()) {
      return false;
    }
    int major = Integer.parseInt(matcher.group(1));
    int minor = Integer.parseInt(matcher.group(2));
    return major > UNWRITTEN_INLINE_MAJOR
        || (major == UNWRITTEN_INLINE_MAJOR && minor >= UNWRITTEN_INLINE_MINOR);
  }
}
