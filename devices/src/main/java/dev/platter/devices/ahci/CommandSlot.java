package dev.platter.devices.ahci;

import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.meter.Operation;
import org.jspecify.annotations.Nullable;

/**
 * One of a port's 32 command slots: the command as fetched, and its progress. Header and FIS are
 * read from guest memory once; data is copied in pieces.
 */
final class CommandSlot {
  /** How a command moves its data and reports its end (ACS-3 section 4; SATA 3.x section 11). */
  enum Protocol {
    NON_DATA,
    PIO_IN,
    PIO_OUT,
    DMA,
    QUEUED
  }

  final int index;

  /** The timeline for its stamps, or null. */
  @Nullable Timeline timeline;

  // From the command header
  long headerAddress;
  long prdtAddress;
  int prdtEntries;

  // From the Register Host to Device FIS
  int command;
  int features;
  int device;
  int count;
  int control;
  long lba;

  // While it runs
  Protocol protocol = Protocol.NON_DATA;
  int pioBlockBytes;
  int pioBlocks;
  long dataBytes;
  boolean prdInterrupt;

  /** The ERROR field when it ends. */
  int error;

  // The backend's part
  Operation operation = Operation.FLUSH;
  long offsetBytes;
  long lengthBytes;
  boolean forceUnitAccess;
  boolean movesData;

  // Progress: bytes copied, the place in the PRD table, and the pieces
  long copiedBytes;
  int prdIndex;
  int prdOffset;
  long startedBytes;
  int piecesOut;
  int parked;
  int result;

  CommandSlot(int index) {
    this.index = index;
  }

  /** This slot's bit in PxCI and PxSACT. */
  int bit() {
    return 1 << index;
  }

  /** Clears the state of the previous command. */
  void reset() {
    protocol = Protocol.NON_DATA;
    pioBlockBytes = 0;
    pioBlocks = 0;
    dataBytes = 0;
    prdInterrupt = false;
    error = 0;
    prepare(Operation.FLUSH, 0, 0);
  }

  /**
   * Sets the backend's part.
   *
   * @param offsetBytes the first byte on the disk
   * @param lengthBytes how much there
   */
  void prepare(Operation operation, long offsetBytes, long lengthBytes) {
    this.operation = operation;
    this.offsetBytes = offsetBytes;
    this.lengthBytes = lengthBytes;
    forceUnitAccess = false;
    movesData = false;
    copiedBytes = 0;
    prdIndex = 0;
    prdOffset = 0;
    startedBytes = 0;
    piecesOut = 0;
    parked = 0;
    result = 0;
  }

  boolean hasPieces() {
    return operation == Operation.READ || operation == Operation.WRITE;
  }
}
