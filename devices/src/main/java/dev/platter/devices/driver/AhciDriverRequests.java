package dev.platter.devices.driver;

import dev.platter.devices.ahci.AhciRegisters;
import dev.platter.devices.ata.AtaCommand;
import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.ata.TrimRanges;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.memory.GuestMemory;
import org.jspecify.annotations.Nullable;

/**
 * The requests in the slots of an {@link AhciDriver}, and the commands that they become. A request
 * stays until its slot gets another one, so that it can be issued again after an error.
 */
final class AhciDriverRequests {
  private static final int MAX_TRIM_BLOCKS = 65535;
  private static final int SECTOR_BYTES = 512;

  private final GuestMemory memory;
  private final AhciCommandTables tables;
  private final long trimPages;
  private final Operation[] operations = new Operation[AhciRegisters.SLOTS];
  private final long[] offsets = new long[AhciRegisters.SLOTS];
  private final long[] buffers = new long[AhciRegisters.SLOTS];
  private final int[] lengths = new int[AhciRegisters.SLOTS];
  private final long[] @Nullable [] scatterAddresses = new long[AhciRegisters.SLOTS][];
  private final int[] @Nullable [] scatterLengths = new int[AhciRegisters.SLOTS][];
  private final boolean[] forced = new boolean[AhciRegisters.SLOTS];

  AhciDriverRequests(GuestMemory memory, AhciCommandTables tables, GuestAllocator allocator) {
    this.memory = memory;
    this.tables = tables;
    trimPages = allocator.allocate((long) SECTOR_BYTES * AhciRegisters.SLOTS, SECTOR_BYTES);
  }

  /** Takes a request with one buffer. */
  void set(
      int tag, Operation operation, long offsetBytes, long buffer, int lengthBytes, boolean force) {
    operations[tag] = operation;
    offsets[tag] = offsetBytes;
    buffers[tag] = buffer;
    lengths[tag] = lengthBytes;
    scatterAddresses[tag] = null;
    scatterLengths[tag] = null;
    forced[tag] = force;
  }

  /** Takes a request with a buffer in pieces. */
  void setScattered(
      int tag, Operation operation, long offsetBytes, long[] addresses, int[] pieceLengths) {
    int total = 0;
    for (int length : pieceLengths) {
      total += length;
    }
    set(tag, operation, offsetBytes, 0, total, false);
    scatterAddresses[tag] = addresses;
    scatterLengths[tag] = pieceLengths;
  }

  /** Whether the request becomes an NCQ command. */
  boolean isQueued(int tag) {
    return operations[tag] == Operation.READ || operations[tag] == Operation.WRITE;
  }

  /** Builds the slot's command of its request. */
  void fill(int tag, int blockSize) {
    long lba = offsets[tag] / blockSize;
    int blocks = lengths[tag] / blockSize;
    switch (operations[tag]) {
      case READ -> fillQueued(tag, AtaCommand.READ_FPDMA_QUEUED, 0, lba, blocks);
      case WRITE ->
          fillQueued(tag, AtaCommand.WRITE_FPDMA_QUEUED, AhciRegisters.HEADER_WRITE, lba, blocks);
      case FLUSH -> {
        tables.command(tag, AtaCommand.FLUSH_CACHE_EXT, 0, 0, 0, AtaStatus.DEVICE_LBA);
        tables.header(tag, 0, 0);
      }
      case DISCARD -> fillTrim(tag, lba, blocks);
      case WRITE_ZEROES -> throw new IllegalArgumentException("an ATA disk has no WRITE ZEROES");
    }
  }

  private void fillQueued(int tag, int command, int flags, long lba, int blocks) {
    int device = AtaStatus.DEVICE_LBA | (forced[tag] ? AtaStatus.DEVICE_FUA : 0);
    tables.command(tag, command, blocks & 0xffff, lba, tag << 3, device);
    long[] addresses = scatterAddresses[tag];
    int[] pieceLengths = scatterLengths[tag];
    int prds;
    if (addresses == null || pieceLengths == null) {
      prds = tables.prds(tag, buffers[tag], lengths[tag]);
    } else {
      prds = addresses.length;
      for (int i = 0; i < prds; i++) {
        tables.prd(tag, i, addresses[i], pieceLengths[i]);
      }
    }
    tables.header(tag, flags, prds);
  }

  private void fillTrim(int tag, long lba, int blocks) {
    long at = trimPages + (long) tag * SECTOR_BYTES;
    long next = lba;
    int left = blocks;
    for (int i = 0; i < SECTOR_BYTES; i += TrimRanges.ENTRY_BYTES) {
      int part = Math.min(left, MAX_TRIM_BLOCKS);
      memory.writeLong(at + i, TrimRanges.encode(part == 0 ? 0 : next, part));
      next += part;
      left -= part;
    }
    tables.command(
        tag, AtaCommand.DATA_SET_MANAGEMENT, AtaCommand.DSM_TRIM, 0, 1, AtaStatus.DEVICE_LBA);
    tables.header(tag, AhciRegisters.HEADER_WRITE, tables.prds(tag, at, SECTOR_BYTES));
  }
}
