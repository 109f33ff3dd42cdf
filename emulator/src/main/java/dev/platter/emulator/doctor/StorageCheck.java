package dev.platter.emulator.doctor;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileHandle;
import dev.platter.emulator.host.HostFiles;
import dev.platter.emulator.measure.workload.ScratchImage;
import dev.platter.emulator.text.Units;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The directory of scratch images. */
final class StorageCheck implements DoctorCheck {
  private static final long LITTLE = 1L << 30;

  private final Path directory;

  StorageCheck() {
    this(ScratchImage.defaultDirectory());
  }

  StorageCheck(Path directory) {
    this.directory = directory;
  }

  @Override
  public String title() {
    return "Storage";
  }

  @Override
  public List<DoctorLine> run(HostFiles files) {
    String remedy = "Set TMPDIR to a directory on a disk, or name an image";
    try (FileHandle handle = FileHandle.open(directory.toString(), false, false)) {
      long free = Files.getFileStore(directory).getUsableSpace();
      String filesystem = handle.facts().filesystem();
      String text = filesystem + ", " + Units.bytes(free) + " free";
      if (!Files.isWritable(directory)) {
        return List.of(
            DoctorLine.warning(
                "scratch",
                text + ", not writable",
                remedy + "; in a container -v scratch:/var/tmp"));
      }
      if (filesystem.equals("tmpfs")) {
        return List.of(
            DoctorLine.warning("scratch", text + ": figures are of memory, not of a disk", remedy));
      }
      return List.of(
          free < LITTLE
              ? DoctorLine.warning("scratch", text + ", little for scratch images", remedy)
              : DoctorLine.ok("scratch", text));
    } catch (PlatterException | IOException e) {
      return List.of(DoctorLine.warning("scratch", "the directory cannot be read", remedy));
    }
  }
}
