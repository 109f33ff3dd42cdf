package dev.platter.emulator.result;

import dev.platter.emulator.measure.workload.UnansweredRequests;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.ImageFacts;
import dev.platter.emulator.result.document.Warning;
import dev.platter.emulator.text.TextParagraph;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Why the figures of a result may not be what they seem: for text, JSON and pages alike. */
public final class Warnings {
  private static final double NOTABLE = 0.01;

  private Warnings() {}

  /**
   * The warnings of a result.
   *
   * @param reads whether anything reads what the image held before
   * @param writes whether anything writes to the image
   * @param unanswered what the disk did not answer; null if it answered all
   * @param rows how the host treated each row
   */
  public static List<Warning> of(
      EnvironmentFacts environment,
      boolean reads,
      boolean writes,
      @Nullable UnansweredRequests unanswered,
      List<SchedulingReport.OfRow> rows) {
    List<Warning> warnings = new ArrayList<>();
    if (unanswered != null) {
      warnings.add(new Warning("unanswered", unanswered(unanswered, writes)));
    }
    String busy = SchedulingReport.sentence(rows);
    if (busy != null) {
      warnings.add(new Warning("busy_host", busy));
    }
    ImageFacts image = environment.image();
    if (image != null) {
      String empty = reads ? empty(image) : null;
      if (empty != null) {
        warnings.add(new Warning("reads_without_disk", empty));
      }
      if (ImageFacts.MEMORY.equals(image.type())) {
        warnings.add(
            new Warning(
                "image_in_memory",
                "The disk is in memory: the figures are those of the way to it, and no disk was"
                    + " measured."));
      }
      if (isOnTmpfs(image)) {
        warnings.add(
            new Warning(
                "image_in_memory",
                "The image is on tmpfs: the figures are those of memory, and no disk was"
                    + " measured. Use an image on a disk."));
      }
    }
    return warnings;
  }

  private static String unanswered(UnansweredRequests left, boolean writes) {
    boolean one = left.requests() == 1;
    String them = one ? "it" : "them";
    return "The disk has not answered "
        + (one ? "a request for " : left.requests() + " requests, the oldest for ")
        + Units.roughDuration(left.ageNanos())
        + ": the run has ended without "
        + them
        + ", and no figure counts "
        + them
        + "."
        + (writes
            ? " What the image holds is unknown: "
                + (one ? "it" : "they")
                + " may still be carried out."
            : "");
  }

  private static boolean isOnTmpfs(ImageFacts image) {
    return image.stored() != null && "tmpfs".equals(image.stored().filesystem());
  }

  /** That parts of an image are on no disk; null if there are none, as far as is known. */
  private static @Nullable String empty(ImageFacts image) {
    ImageFacts.StoredImage stored = image.stored();
    if (stored == null) {
      return null;
    }
    double size = (double) image.sizeBytes();
    double holes;
    String what;
    ImageFacts.ExtentFacts extents = stored.extents();
    if (extents != null) {
      long unwritten = extents.unwrittenBytes();
      holes = (double) (extents.holeBytes() + unwritten);
      what =
          unwritten == 0
              ? "lies in holes"
              : extents.holeBytes() == 0
                  ? "lies in unwritten extents"
                  : "lies in holes and unwritten extents";
    } else if ("regular".equals(image.type()) && !isOnTmpfs(image)) {
      holes = size - stored.allocatedBytes();
      what = "has no blocks on the disk (holes, or compressed data)";
    } else {
      return null;
    }
    double share = size > 0 ? holes / size : 0;
    if (share < NOTABLE) {
      return null;
    }
    return Math.round(share * 100)
        + " % of the image "
        + what
        + ": the file system answers reads there with zeroes, without the disk, so these figures"
        + " are not those of a disk. Use an image that is written as a whole: `platter image create"
        + " IMAGE --size SIZE --preallocation full`.";
  }

  /** For a terminal, below a result; empty without warnings. */
  public static String text(List<Warning> warnings) {
    StringBuilder text = new StringBuilder();
    for (Warning warning : warnings) {
      text.append(TextParagraph.of("warning: ", "  ", warning.text()));
    }
    return text.toString();
  }
}
