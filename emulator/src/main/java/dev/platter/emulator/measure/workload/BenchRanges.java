package dev.platter.emulator.measure.workload;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.meter.Operation;
import org.jspecify.annotations.Nullable;

/**
 * Where on the disk each request of a {@link Bench} goes. With a ledger also what it writes there
 * and whether what it has read is right; then no two overlap of which it matters which comes first.
 * One thread.
 */
final class BenchRanges {
  private final IoTarget target;
  private final boolean mixes;
  private final @Nullable WriteLedger ledger;
  private final @Nullable Verification read;
  private final long[] offsets;
  private final int[] lengths;
  private final int[] generations;

  /**
   * Ranges of requests.
   *
   * @param ledger what sectors hold, to verify; null not to
   * @param depth how many tags there are
   * @throws PlatterException of kind BAD_INPUT if the disk is too small to verify so many writes
   */
  BenchRanges(IoTarget target, Bench.Options options, @Nullable WriteLedger ledger, int depth) {
    this.target = target;
    this.mixes = options.pattern().mixes();
    this.ledger = ledger;
    this.read = ledger == null ? null : newVerification(ledger, options.pattern());
    this.offsets = new long[depth];
    this.lengths = new int[depth];
    this.generations = new int[depth];
    if (ledger != null
        && options.pattern().writes()
        && target.capacityBytes() < 2L * depth * options.maxBytes()) {
      // Verified writes must not overlap while in flight, and have to find a free place.
      throw PlatterException.badInput(
          "the image of "
              + target.capacityBytes()
              + " bytes is too small to verify "
              + depth
              + " writes of up to "
              + options.maxBytes()
              + " bytes in flight",
          "Use an image of twice the sum, or a smaller --bs or --iodepth");
    }
  }

  private static @Nullable Verification newVerification(WriteLedger ledger, Bench.Pattern pattern) {
    if (pattern.mixes()) {
      // Of what the run has not written yet, nothing is known.
      return new Verification(ledger.run(), Verification.Rule.EXACT);
    }
    if (pattern.writes()) {
      return null;
    }
    return new Verification(
        ledger.run(),
        ledger.isOfEarlierRun() ? Verification.Rule.AT_LEAST : Verification.Rule.ANY_RUN);
  }

  /** Where a request begins, in bytes. */
  long offset(int tag) {
    return offsets[tag];
  }

  /** How long it is, in bytes. */
  int length(int tag) {
    return lengths[tag];
  }

  /** What reads have found; null if nothing is verified by reading. */
  @Nullable Verification verification() {
    return read;
  }

  /** Whether a read has found what is wrong. */
  boolean foundWrong() {
    return read != null && read.wrong() > 0;
  }

  /**
   * Draws until the range is free of others in flight, if it matters which of two that overlap
   * comes first.
   */
  void choose(BenchJob job, int tag, Operation operation) {
    do {
      lengths[tag] = job.drawLength();
      offsets[tag] = job.drawOffset(operation, lengths[tag]);
    } while (!reserve(tag, operation));
  }

  private boolean reserve(int tag, Operation operation) {
    return ledger == null
        || !isReserved(operation)
        || ledger.reserve(firstSector(tag), sectorCount(tag));
  }

  /** Reads among themselves may overlap; not so with writes beside them. */
  private boolean isReserved(Operation operation) {
    return operation != Operation.READ || mixes;
  }

  /** Puts what a write is to write into its buffer. */
  void fill(int tag) {
    if (ledger != null) {
      generations[tag] = ledger.nextGeneration();
      SectorPattern.fill(
          target.buffer(tag), offsets[tag], lengths[tag], ledger.run(), generations[tag]);
    }
  }

  private int firstSector(int tag) {
    return (int) (offsets[tag] / SectorPattern.SECTOR);
  }

  private int sectorCount(int tag) {
    return lengths[tag] / SectorPattern.SECTOR;
  }

  /** A request has succeeded: checks what it has read, and notes what it has written. */
  void completed(int tag, Operation operation) {
    WriteLedger known = ledger;
    if (known == null) {
      return;
    }
    if (operation == Operation.READ && read != null) {
      check(tag, known, read);
    }
    if (!isReserved(operation)) {
      return;
    }
    switch (operation) {
      case WRITE -> known.completed(firstSector(tag), sectorCount(tag), generations[tag]);
      case DISCARD -> known.trimmed(firstSector(tag), sectorCount(tag));
      default -> known.release(firstSector(tag), sectorCount(tag));
    }
  }

  private void check(int tag, WriteLedger known, Verification found) {
    for (int at = 0; at < lengths[tag]; at += SectorPattern.SECTOR) {
      long offset = offsets[tag] + at;
      int wanted = known.completed()[(int) (offset / SectorPattern.SECTOR)];
      found.check(target.buffer(tag), at, offset, wanted);
    }
  }
}
