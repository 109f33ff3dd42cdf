package dev.platter.emulator.cli.run;

import static dev.platter.emulator.cli.shared.PlatterCommand.require;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.cli.shared.ImageSource;
import dev.platter.emulator.host.disk.Disks;
import dev.platter.emulator.measure.workload.Bench;
import dev.platter.emulator.measure.workload.ImageVerifier;
import dev.platter.emulator.measure.workload.RunIdentity;
import dev.platter.emulator.measure.workload.ScratchImage;
import dev.platter.emulator.measure.workload.Verification;
import dev.platter.emulator.measure.workload.WriteLedger;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code bench} about what is in the image, and the checks that they ask for. */
final class BenchVerifyOptions {
  @Option(names = "--verify", description = "Check every block.")
  private boolean verify;

  @Option(
      names = "--verify-state",
      paramLabel = "FILE",
      description =
          "Keep a record of what flushes have made stable, for --verify-only after a crash; or,"
              + " with a pattern that reads, compare with such a record. There is a flush after"
              + " 1,048,576 writes without one.")
  private @Nullable Path verifyState;

  @Option(
      names = "--verify-only",
      description =
          "Do no I/O on devices: check that IMAGE holds all that --verify-state says is stable.")
  private boolean verifyOnly;

  @Option(names = "--destroy-data", description = "Allow writing to IMAGE.")
  private boolean destroyData;

  /**
   * Refuses options that make no sense, alone or with the jobs.
   *
   * @param image the user's image, or null
   * @param oneRun whether there is one run, on one device, at one depth
   */
  void check(BenchJobOptions jobs, @Nullable String image, boolean oneRun) {
    Bench.Pattern pattern = jobs.pattern();
    require(
        !verify || !pattern.trims(),
        "--verify has nothing to check with --rw "
            + pattern
            + ": what is trimmed may hold anything",
        "--rw randrw --rwmixtrim 5 --verify");
    require(
        verifyState == null || verifyOnly || !jobs.mixesTrims(),
        "--verify-state cannot tell what is stable where --rwmixtrim trims",
        "--verify without --verify-state");
    require(
        !pattern.writes() || image == null || Disks.isMemory(image) || destroyData || verifyOnly,
        "--rw " + pattern + " would overwrite " + image,
        "Add --destroy-data if its contents do not matter");
    require(
        !Disks.isMemory(image) || !(verify || verifyOnly),
        "a disk in memory is gone when it could be verified",
        "Give no IMAGE, for a scratch image, or the path of one");
    require(
        verifyState == null || verifyOnly || verify,
        "--verify-state goes with --verify or --verify-only",
        "--verify --verify-state FILE");
    require(
        verifyState == null || pattern.writes() || image != null,
        "--verify-state needs the IMAGE that it tells of",
        "platter bench disk.img --rw read --verify --verify-state FILE");
    require(
        !verifyOnly || (image != null && verifyState != null),
        "--verify-only needs IMAGE and --verify-state",
        "platter bench disk.img --verify-state FILE --verify-only");
    require(
        verifyState == null || verifyOnly || !pattern.writes() || oneRun,
        "--verify-state records one run on one device at one depth",
        "--device virtio --runs 1 --iodepth 32");
  }

  /** Whether the image is checked and nothing is measured. */
  boolean verifiesOnly() {
    return verifyOnly;
  }

  /** The file that tells what is stable. */
  Path state() {
    if (verifyState == null) {
      throw new IllegalStateException("no --verify-state");
    }
    return verifyState;
  }

  /** Whether every block is checked. */
  boolean verifies() {
    return verify;
  }

  /**
   * A ledger of what the image holds before the first run.
   *
   * @param diskBytes the size of the disk
   */
  WriteLedger newLedger(long diskBytes, ImageSource source, Bench.Pattern pattern) {
    if (verifyState != null && !pattern.writes()) {
      return WriteLedger.of(WriteLedger.readState(verifyState), diskBytes);
    }
    RunIdentity scratch = source.scratchRun();
    if (scratch == null) {
      return new WriteLedger(diskBytes, verifyState);
    }
    // Then sectors that no write should have touched are compared, too.
    WriteLedger made = new WriteLedger(diskBytes, verifyState, scratch);
    made.prefilled(ScratchImage.GENERATION);
    return made;
  }

  /** Compares an image with what the state file says is stable. */
  Verification stableIn(String image, BooleanSupplier cancelled) {
    WriteLedger.State stable = WriteLedger.readState(state());
    return ImageVerifier.verify(
        Path.of(image), stable.run(), stable.generations(), Verification.Rule.AT_LEAST, cancelled);
  }

  /** What is wrong with a comparison of {@link #stableIn}, or null. */
  @Nullable PlatterException failureOf(Verification found) {
    if (found.sectors() == 0 && !found.isCutShort()) {
      return PlatterException.failed(
          "nothing was verified: " + state() + " tells of no sector that a flush made stable",
          "Write with --fsync 16, say: then a flush follows each 16 writes");
    }
    return found.failure();
  }
}
