package dev.platter.emulator.result;

import dev.platter.aio.file.FileFacts;
import dev.platter.devices.block.image.DirectWrites;
import dev.platter.devices.block.image.Extents;
import dev.platter.devices.block.image.ImageInfo;
import dev.platter.emulator.result.document.ImageDocument;
import dev.platter.emulator.result.document.ImageFacts;
import java.util.Locale;

/** An image as {@code docs/json.md} has it. */
public final class ImageReport {
  /** The schema of {@link #document}. */
  public static final String SCHEMA = "platter.image/1";

  private ImageReport() {}

  /** The JSON document. */
  public static ImageDocument document(ImageInfo info) {
    return new ImageDocument(SCHEMA, of(info));
  }

  /** The {@code image} of an environment. */
  public static ImageFacts of(ImageInfo info) {
    FileFacts facts = info.facts();
    return new ImageFacts(
        info.path(),
        lower(facts.type()),
        facts.sizeBytes(),
        new ImageFacts.StoredImage(
            facts.allocatedBytes(),
            facts.filesystem(),
            lower(info.allocation()),
            info.extents().map(ImageReport::of).orElse(null),
            info.direct()
                .map(direct ->
                    new ImageFacts.Alignment(
                        direct.memoryAlignmentBytes(), direct.offsetAlignmentBytes()))
                .orElse(null),
            info.lockHolders(),
            of(info.directWrites()),
            info.unusable().orElse(null)));
  }

  private static ImageFacts.ExtentFacts of(Extents extents) {
    return new ImageFacts.ExtentFacts(
        extents.count(),
        extents.writtenBytes(),
        extents.unwrittenBytes(),
        extents.holeBytes(),
        extents.beyondEndBytes(),
        extents.sharedBytes());
  }

  private static ImageFacts.PuntedWrites of(DirectWrites writes) {
    return new ImageFacts.PuntedWrites(lower(writes.verdict()), writes.reason());
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
