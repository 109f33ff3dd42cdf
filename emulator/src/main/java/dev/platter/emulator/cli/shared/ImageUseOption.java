package dev.platter.emulator.cli.shared;

import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.image.ImageOptions.Foreign;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How an image is taken into use, as an export of serve does it. */
public final class ImageUseOption {
  /** A value of {@code --lock}. */
  enum Lock {
    ON,
    OFF;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** A value of {@code --format}. */
  enum Format {
    RAW;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** For picocli. */
  static final class LockConverter extends ChoiceConverter<Lock> {
    LockConverter() {
      super(Lock.class);
    }
  }

  /** For picocli. */
  static final class FormatConverter extends ChoiceConverter<Format> {
    FormatConverter() {
      super(Format.class);
    }
  }

  @Option(
      names = "--lock",
      paramLabel = "on|off",
      defaultValue = "on",
      converter = LockConverter.class,
      description =
          "Whether the image is locked; off for a file system without locks, if nobody else uses"
              + " the image (default: ${DEFAULT-VALUE}).")
  private Lock lock = Lock.ON;

  @Option(
      names = "--format",
      paramLabel = "raw",
      converter = FormatConverter.class,
      description =
          "raw: the image is a raw disk, even if it begins as a qcow2 or another format does"
              + " (default: such an image is refused).")
  private @Nullable Format format;

  /** The options with these in them. */
  public ImageOptions in(ImageOptions options) {
    ImageOptions locked = options.withLock(lock == Lock.ON);
    return format == null ? locked : locked.withForeign(Foreign.TAKE);
  }
}
