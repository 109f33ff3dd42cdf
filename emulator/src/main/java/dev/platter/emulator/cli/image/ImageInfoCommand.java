package dev.platter.emulator.cli.image;

import dev.platter.devices.block.image.DirectWrites;
import dev.platter.devices.block.image.Extents;
import dev.platter.devices.block.image.ImageInfo;
import dev.platter.devices.block.image.ImageInspector;
import dev.platter.emulator.cli.shared.JsonOption;
import dev.platter.emulator.cli.shared.PlatterCommand;
import dev.platter.emulator.result.ImageReport;
import dev.platter.emulator.text.Units;
import java.io.PrintWriter;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code platter image info}. */
@Command(
    name = "info",
    description =
        "Tells how an image is stored, what O_DIRECT on it asks for, who has it locked, and whether"
            + " O_DIRECT writes to it would be punted to io-wq worker threads. Writes nothing to"
            + " it.",
    footer = {
      "  platter image info disk.img",
      "  platter image info disk.img --json -",
    })
final class ImageInfoCommand extends PlatterCommand {
  @Parameters(paramLabel = "PATH", description = "A raw image or a block device.")
  private String path;

  @Mixin private JsonOption json = new JsonOption();

  @Override
  public void run() {
    json.check();
    ImageInfo info = ImageInspector.inspect(path);
    print(info, out());
    json.write(ImageReport.document(info), stdout());
  }

  private static void print(ImageInfo info, PrintWriter out) {
    long size = info.facts().sizeBytes();
    line(out, "image", info.path());
    line(out, "type", words(info.facts().type()));
    line(out, "size", Units.bytes(size) + " (" + Units.count(size) + " bytes)");
    line(
        out,
        "allocated",
        Units.bytes(info.facts().allocatedBytes()) + ", " + words(info.allocation()));
    line(out, "extents", info.extents().map(extents -> extents(extents)).orElse("not told"));
    line(out, "filesystem", info.facts().filesystem());
    line(
        out,
        "O_DIRECT",
        info.direct()
            .map(direct ->
                "yes, buffers aligned to "
                    + direct.memoryAlignmentBytes()
                    + " bytes, offsets and lengths to "
                    + direct.offsetAlignmentBytes())
            .orElse("no: use --cache writeback"));
    line(
        out,
        "locked",
        info.lockHolders().isEmpty() ? "no" : "by " + String.join("; ", info.lockHolders()));
    line(out, "punted", verdict(info.directWrites()));
    line(out, "", info.directWrites().reason());
    info.unusable()
        .ifPresent(why -> {
          line(out, "unusable", "as a disk: " + why);
          line(out, "try", info.remedy());
        });
  }

  private static String extents(Extents extents) {
    return Units.count(extents.count())
        + ": "
        + Units.bytes(extents.writtenBytes())
        + " written, "
        + Units.bytes(extents.unwrittenBytes())
        + " unwritten, "
        + Units.bytes(extents.holeBytes())
        + " holes"
        + (extents.beyondEndBytes() > 0
            ? ", " + Units.bytes(extents.beyondEndBytes()) + " beyond the end"
            : "");
  }

  private static String verdict(DirectWrites writes) {
    return switch (writes.verdict()) {
      case NONE -> "no";
      case EDGES -> "rarely";
      case TICKS -> "now and then";
      case HOLES -> "first writes in holes";
      case ALL -> "all first writes";
      case ALWAYS -> "all writes";
      case UNKNOWN -> "unknown";
    };
  }

  private static String words(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static void line(PrintWriter out, String name, String value) {
    out.println((name + " ".repeat(12)).substring(0, 12) + value);
  }
}
