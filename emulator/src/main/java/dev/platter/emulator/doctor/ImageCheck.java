package dev.platter.emulator.doctor;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileFacts;
import dev.platter.devices.block.image.DirectWrites.PuntedWrites;
import dev.platter.devices.block.image.Extents;
import dev.platter.devices.block.image.ImageInfo;
import dev.platter.devices.block.image.ImageInspector;
import dev.platter.emulator.host.HostFiles;
import dev.platter.emulator.host.IoLimits;
import dev.platter.emulator.host.Storage;
import dev.platter.emulator.result.ImageReport;
import dev.platter.emulator.result.document.Records;
import dev.platter.emulator.text.Units;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A given image. */
final class ImageCheck implements DoctorCheck {
  private final String path;

  ImageCheck(String path) {
    this.path = path;
  }

  @Override
  public String title() {
    return "Image " + path;
  }

  @Override
  public List<DoctorLine> run(HostFiles files) {
    ImageInfo info;
    try {
      info = ImageInspector.inspect(path);
    } catch (PlatterException e) {
      return List.of(DoctorLine.unusable("image", String.valueOf(e.getMessage()), e.remedy()));
    }
    List<DoctorLine> lines = new ArrayList<>();
    lines.add(stored(info));
    lines.add(direct(info));
    lines.add(
        info.lockHolders().isEmpty()
            ? DoctorLine.ok("lock", "nobody has it locked")
            : DoctorLine.warning(
                "lock",
                "in use by " + String.join("; ", info.lockHolders()),
                "Stop that, or use the image readonly beside another reader"));
    lines.add(punting(info));
    IoLimits limits = Storage.of(path, info.facts()).limits(files);
    if (limits != null) {
      lines.add(limits(limits));
    }
    if (info.facts().type() == FileFacts.Type.REGULAR) {
      space(info, lines);
    }
    return lines;
  }

  private DoctorLine stored(ImageInfo info) {
    String type =
        info.facts().type() == FileFacts.Type.BLOCK_DEVICE
            ? "block device"
            : info.allocation().name().toLowerCase(Locale.ROOT).replace('_', ' ')
                + ", on "
                + info.facts().filesystem();
    String text = Units.bytes(info.facts().sizeBytes()) + ", " + type;
    DoctorLine line =
        info.unusable()
            .map(why ->
                DoctorLine.unusable(
                    "image", path + " cannot serve as a disk: " + why, info.remedy()))
            .orElse(DoctorLine.ok("image", text));
    return line.with(Records.toMap(ImageReport.of(info)));
  }

  private static DoctorLine direct(ImageInfo info) {
    return info.direct()
        .map(direct ->
            DoctorLine.ok(
                "o_direct",
                "buffers aligned to "
                    + direct.memoryAlignmentBytes()
                    + " bytes, offsets and lengths to "
                    + direct.offsetAlignmentBytes()))
        .orElse(
            DoctorLine.warning(
                "o_direct",
                "its file system has none",
                "Use cache=writeback, or put it on ext4, xfs or btrfs"));
  }

  private DoctorLine punting(ImageInfo info) {
    PuntedWrites verdict = info.directWrites().verdict();
    String reason = info.directWrites().reason();
    return switch (verdict) {
      case NONE, EDGES, TICKS -> DoctorLine.ok("punting", reason);
      case UNKNOWN -> DoctorLine.info("punting", reason);
      case HOLES, ALL, ALWAYS ->
          DoctorLine.warning(
              "punting", "O_DIRECT writes go to worker threads: " + reason, puntingRemedy(info));
    };
  }

  /** The limits of this process's cgroup for the image's disk. */
  static DoctorLine limits(IoLimits limits) {
    if (!limits.any()) {
      return DoctorLine.ok("io_limits", "the cgroup has none for its disk");
    }
    List<String> parts = new ArrayList<>();
    add(parts, "reads", limits.readBytes(), limits.reads());
    add(parts, "writes", limits.writeBytes(), limits.writes());
    return DoctorLine.warning(
        "io_limits",
        "the cgroup limits its disk to "
            + String.join(", ", parts)
            + ": the figures are those of the limit",
        "Raise io.max of the cgroup (systemd: IOReadBandwidthMax= and its like) to measure the"
            + " disk");
  }

  private static void add(
      List<String> parts, String what, @Nullable Long bytes, @Nullable Long requests) {
    if (bytes != null) {
      parts.add(what + " of " + Units.bytesPerSecond((double) bytes));
    }
    if (requests != null) {
      parts.add(Units.count(requests) + " " + what + " a second");
    }
  }

  private String puntingRemedy(ImageInfo info) {
    if (info.directWrites().verdict() == PuntedWrites.ALWAYS) {
      return "Copy it into a new file that chattr +C was done to while it was empty";
    }
    if (info.extents().map(Extents::sharedBytes).orElse(0L) > 0) {
      return "Copy it: cp --reflink=never --sparse=never";
    }
    return "fallocate --length " + info.facts().sizeBytes() + " " + path;
  }

  private void space(ImageInfo info, List<DoctorLine> lines) {
    long free;
    try {
      free = Files.getFileStore(Path.of(path)).getUsableSpace();
    } catch (IOException e) {
      return;
    }
    long holes = info.extents().map(Extents::holeBytes).orElse(0L);
    String text = Units.bytes(free) + " free on its file system";
    lines.add(
        free < holes
            ? DoctorLine.warning(
                "space",
                text + ", less than the " + Units.bytes(holes) + " that the image has yet to get",
                "Free some space, or writes of the guest will fail")
            : DoctorLine.ok("space", text));
  }
}
