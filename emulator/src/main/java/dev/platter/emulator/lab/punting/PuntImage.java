package dev.platter.emulator.lab.punting;

import dev.platter.aio.file.FileFacts;
import dev.platter.aio.file.FileHandle;
import dev.platter.devices.block.image.DirectWrites;
import dev.platter.devices.block.image.Extents;
import dev.platter.devices.block.image.ImageInfo;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.FindingTable;
import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.result.ImageReport;
import dev.platter.emulator.text.Units;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The conclusion for the user's image: a forecast from its extents, which are only read, beside the
 * figures of files that are stored in the same way.
 */
final class PuntImage {
  private final ImageInfo info;
  private final List<PuntCase> cases;
  private final List<PuntRemedy.Trial> trials;

  /** The tried file system that is the image's own, or of the same kind; null if there is none. */
  private final @Nullable FilesystemUnderTest like;

  private final boolean same;

  PuntImage(
      ImageInfo image,
      FilesystemUnderTest scratch,
      List<PuntCase> cases,
      List<PuntRemedy.Trial> trials) {
    this.info = image;
    this.cases = cases;
    this.trials = trials;
    this.same = sameDevice(info.facts(), scratch.directory());
    this.like = like(scratch);
  }

  /**
   * The scratch file system if the image is on it, else the first tried file system of its kind.
   */
  private @Nullable FilesystemUnderTest like(FilesystemUnderTest scratch) {
    // On btrfs that depends on an attribute of the file.
    boolean replaces = info.directWrites().verdict() == DirectWrites.PuntedWrites.ALWAYS;
    return cases.stream()
        .filter(one -> one.layout() == WriteLayout.WRITTEN && one.count() != null)
        .filter(one -> one.filesystem().type().equals(info.facts().filesystem()))
        .filter(one ->
            !one.filesystem().type().equals("btrfs")
                || (one.count() != null && one.count().many() == replaces))
        .map(PuntCase::filesystem)
        .sorted(Comparator.comparing(one -> !(same && one.equals(scratch))))
        .findFirst()
        .orElse(null);
  }

  private static boolean sameDevice(FileFacts image, Path directory) {
    try (FileHandle handle = FileHandle.open(directory.toString(), false, false)) {
      FileFacts facts = handle.facts();
      return image.type() == FileFacts.Type.REGULAR
          && facts.deviceMajor() == image.deviceMajor()
          && facts.deviceMinor() == image.deviceMinor();
    }
  }

  private @Nullable PuntCount measured(WriteLayout layout) {
    return cases.stream()
        .filter(one -> one.filesystem().equals(like) && one.layout() == layout && one.pass() == 1)
        .map(PuntCase::count)
        .findFirst()
        .orElse(null);
  }

  /**
   * The expected part of first writes to the image that would be punted, from the figures; or null.
   */
  private @Nullable Double expectedShare() {
    Extents extents = info.extents().orElse(null);
    long size = info.facts().sizeBytes();
    if (extents == null || size == 0) {
      return null;
    }
    if (extents.sharedBytes() > 0) {
      return null; // no file here shared anything
    }
    Double holes = bytes(WriteLayout.SPARSE, extents.holeBytes());
    Double unwritten = bytes(WriteLayout.FALLOCATED, extents.unwrittenBytes());
    Double written = bytes(WriteLayout.WRITTEN, extents.writtenBytes());
    return holes == null || unwritten == null || written == null
        ? null
        : (holes + unwritten + written) / size;
  }

  private @Nullable Double bytes(WriteLayout layout, long bytes) {
    if (bytes == 0) {
      return 0.0;
    }
    PuntCount count = measured(layout);
    Double share = count == null ? null : count.share();
    return share == null ? null : share * bytes;
  }

  /** Whether some part of the image is stored in a way in which writes were punted; or null. */
  private @Nullable Boolean seenPunted() {
    Extents extents = info.extents().orElse(null);
    if (extents == null || extents.sharedBytes() > 0) {
      return null;
    }
    Boolean holes = punted(WriteLayout.SPARSE, extents.holeBytes());
    Boolean unwritten = punted(WriteLayout.FALLOCATED, extents.unwrittenBytes());
    Boolean written = punted(WriteLayout.WRITTEN, extents.writtenBytes());
    if (holes == null || unwritten == null || written == null) {
      return null;
    }
    return holes || unwritten || written;
  }

  private @Nullable Boolean punted(WriteLayout layout, long bytes) {
    if (bytes == 0) {
      return false;
    }
    PuntCount count = measured(layout);
    return (count == null || count.punts() == null) ? null : (Boolean) count.many();
  }

  private @Nullable Boolean foretold() {
    return switch (info.directWrites().verdict()) {
      case HOLES, ALL, ALWAYS -> true;
      case NONE, EDGES, TICKS -> false;
      case UNKNOWN -> null;
    };
  }

  /** Gives the verdict, and the command if there is one. */
  void judge(Finding finding) {
    Boolean foretold = foretold();
    Boolean seen = seenPunted();
    Double share = expectedShare();
    finding.add(table(seen, share));
    Map<String, @Nullable Object> detail = new LinkedHashMap<>();
    detail.put("image", ImageReport.of(info));
    detail.put("measured_on", like == null ? null : like.name());
    detail.put("measured_on_its_own_filesystem", onItsOwn());
    detail.put("punted_by_measurement", seen);
    detail.put("expected_share", share == null ? null : Units.rounded(share, 4));
    finding.detail("image", detail);
    String name = info.path();
    if (foretold == null && seen == null) {
      finding.verdict(
          Verdict.INCONCLUSIVE,
          "of "
              + name
              + " nothing is known: "
              + info.directWrites().reason()
              + ", and no file system of its kind ("
              + info.facts().filesystem()
              + ") was tried");
      finding.remedy("Run it with a scratch directory beside the image: --dir DIR");
    } else if (foretold != null && seen != null && !foretold.equals(seen)) {
      finding.verdict(
          Verdict.INCONCLUSIVE,
          name
              + ": by its extents writes would "
              + (foretold ? "" : "not ")
              + "be punted ("
              + info.directWrites().reason()
              + "), but on files like it they were "
              + (seen ? "" : "not ")
              + "punted");
    } else if (foretold != null ? foretold : Boolean.TRUE.equals(seen)) {
      finding.verdict(
          Verdict.AFFECTED,
          "first writes to "
              + name
              + " are punted"
              + (share == null ? "" : ", " + percent(share) + " of them")
              + ": "
              + reason(foretold));
      finding.remedy(remedy());
    } else {
      finding.verdict(
          Verdict.NOT_AFFECTED, "writes to " + name + " are not punted: " + reason(foretold));
    }
  }

  private String reason(@Nullable Boolean foretold) {
    return foretold != null
        ? info.directWrites().reason()
        : "so it was on files that are stored as it is" + (onItsOwn() ? "" : ", on " + likeName());
  }

  private boolean onItsOwn() {
    return same && like != null && like.scratch();
  }

  private String likeName() {
    return like == null ? "none" : like.name();
  }

  private static String percent(double share) {
    return Units.ratio(100 * share) + " %";
  }

  private boolean sharesStorage() {
    return info.extents().map(Extents::sharedBytes).orElse(0L) > 0;
  }

  private String remedy() {
    PuntRemedy.Trial works =
        trials.stream()
            .filter(trial -> trial.filesystem().equals(like) && trial.works())
            .filter(trial -> !sharesStorage() || trial.remedy().copies())
            .findFirst()
            .orElse(null);
    if (like == null) {
      return "Run it with a scratch directory beside the image, to find a command that helps there:"
          + " --dir DIR";
    }
    if (trials.stream().noneMatch(trial -> trial.filesystem().equals(like))) {
      return "Run it again, to its end: no command was tried on " + likeName() + " this time.";
    }
    if (works == null) {
      return "Of the commands tried on " + likeName() + " none helps: move it to ext4 or xfs.";
    }
    long holes = info.extents().map(Extents::holeBytes).orElse(0L);
    boolean copies = works.remedy().copies();
    return works.remedy().command(info.path(), info.facts().sizeBytes())
        + ": it "
        + works.remedy().what()
        + ", and needs "
        + Units.bytes(copies ? info.facts().sizeBytes() : holes)
        + " of free space. "
        + (copies ? "Nothing may use the image meanwhile. " : "")
        + "Tried on "
        + likeName()
        + (onItsOwn() ? ", where the image lies" : "")
        + ": "
        + (works.after() == null ? "?" : works.after().punts())
        + " of "
        + (works.after() == null ? "?" : works.after().writes())
        + " writes were punted afterwards.";
  }

  private FindingTable table(@Nullable Boolean seen, @Nullable Double share) {
    DirectWrites forecast = info.directWrites();
    FindingTable table = new FindingTable("The image").words("what").words("is");
    table.row("image", info.path());
    table.row("file system", info.facts().filesystem());
    table.row("size", Units.bytes(info.facts().sizeBytes()));
    Extents extents = info.extents().orElse(null);
    table.row(
        "extents",
        extents == null
            ? "not told"
            : Units.bytes(extents.writtenBytes())
                + " written, "
                + Units.bytes(extents.unwrittenBytes())
                + " unwritten, "
                + Units.bytes(extents.holeBytes())
                + " holes, "
                + Units.bytes(extents.sharedBytes())
                + " shared with other files");
    table.row("forecast", forecast.verdict().toString().toLowerCase(Locale.ROOT));
    table.row("because", forecast.reason());
    table.row("measured on", like == null ? "no file system of its kind" : likeName());
    table.row("punted by that", seen == null ? null : seen ? "yes, " + percentOf(share) : "no");
    table.note("The image was neither written to nor locked.");
    return table;
  }

  private static String percentOf(@Nullable Double share) {
    return share == null ? "a part unknown" : percent(share) + " of first writes";
  }
}
