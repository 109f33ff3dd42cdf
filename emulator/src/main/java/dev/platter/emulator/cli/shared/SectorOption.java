package dev.platter.emulator.cli.shared;

import dev.platter.devices.block.image.ImageOptions;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The sector of an image's disk; shared by the commands that put a disk over an image. */
public final class SectorOption {
  /** For picocli. */
  static final class Converter implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return switch (text) {
        case "512" -> ImageOptions.DEFAULT_BLOCK_BYTES;
        case "4096" -> ImageOptions.LARGE_BLOCK_BYTES;
        default -> throw new TypeConversionException("'" + text + "' is not one of 512, 4096");
      };
    }
  }

  @Option(
      names = "--logical-block-size",
      paramLabel = "BYTES",
      defaultValue = "512",
      converter = Converter.class,
      description =
          "The disk's sector, 512 or 4096, as an export of serve has it: partition tables of the"
              + " image count in it (default: ${DEFAULT-VALUE}).")
  private int bytes = ImageOptions.DEFAULT_BLOCK_BYTES;

  /** In bytes. */
  public int bytes() {
    return bytes;
  }

  /** Refuses requests that are no whole number of sectors. */
  public void check(long requestBytes, String option) {
    PlatterCommand.require(
        requestBytes % bytes == 0,
        option + " must be a multiple of " + bytes + ", as the disk's sectors are",
        option + " 4k, or --logical-block-size 512");
  }
}
