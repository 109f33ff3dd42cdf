package dev.platter.emulator.cli.image;

import dev.platter.devices.block.image.ImageCreator;
import dev.platter.devices.block.image.Preallocation;
import dev.platter.emulator.cli.shared.ChoiceConverter;
import dev.platter.emulator.cli.shared.PlatterCommand;
import dev.platter.emulator.cli.shared.Progress;
import dev.platter.emulator.cli.shared.SizeConverter;
import dev.platter.emulator.text.Units;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code platter image create}. */
@Command(
    name = "create",
    description = {
      "Creates a raw image that reads as zeroes.",
      "If it cannot be finished (disk full, an error, Ctrl-C), nothing is left behind.",
    },
    footer = {
      "  platter image create disk.img --size 1G",
      "  platter image create disk.img --size 512M --preallocation full --force",
    })
final class ImageCreateCommand extends PlatterCommand {
  @Parameters(paramLabel = "PATH", description = "The file to create.")
  private String path;

  @Option(
      names = "--size",
      required = true,
      paramLabel = "SIZE",
      converter = SizeConverter.class,
      description = "Size of the disk, a multiple of 512; suffixes k, M, G, T are powers of 1024.")
  private long sizeBytes;

  @Option(
      names = "--preallocation",
      paramLabel = "MODE",
      defaultValue = "falloc",
      converter = PreallocationConverter.class,
      description = {
        "How to allocate storage: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
        "off: sparse, allocated by the first write to each block, which is slow.",
        "falloc: reserved, not written; quick to make, and whole-block writes run at full speed.",
        "falloc-keep-size: reserved before the file has its size; for comparing hosts.",
        "full: reserved and written with zeroes; takes as long as writing it.",
      })
  private Preallocation preallocation;

  @Option(
      names = "--force",
      description =
          "Replace an existing regular file, once the new one is complete, and only if nobody has"
              + " it locked.")
  private boolean force;

  /** Converts --preallocation. */
  static final class PreallocationConverter extends ChoiceConverter<Preallocation> {
    PreallocationConverter() {
      super(Preallocation.class);
    }
  }

  @Override
  public void run() {
    try (Progress progress = Progress.on(err())) {
      ImageCreator.create(
          path, sizeBytes, preallocation, force, written -> show(progress, written));
    }
    out()
        .println(
            "created " + path + ", " + Units.bytes(sizeBytes) + ", preallocation " + preallocation);
  }

  private void show(Progress progress, long written) {
    progress.update(
        "writing " + Units.bytes(written) + " of " + Units.bytes(sizeBytes) + " to " + path,
        (double) written / sizeBytes);
  }
}
