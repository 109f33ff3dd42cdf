package dev.platter.devices.ahci;

import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.meter.Operation;
import org.jspecify.annotations.Nullable;

/**
 * One of a port's 32 command slots: the command as it was when fetched, and how far it has come.
 * Its header and FIS are not read from guest memory a second time; its data is, in pieces.
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

  /** Where its stamps go, or null. */
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

  /** What ERROR reads as when it ends. */
  int error;

  // What the backend is to do
  Operation operation = Operation.FLUSH;
  long offsetBytes;
  long lengthBytes;
  boolean forceUnitAccess;
  boolean movesData;

  // How far it is: what is copied, up to where in the PRD table, and the pieces
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

  /** Forgets what the command before has left. */
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
   * Says what the backend is to do.
   *
   * @param offsetBytes where on the disk
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

  /** Whether it is carried out in pieces, each with a buffer. */
  boolean hasPieces() {
    return operation == Operation.READ || operation == Operation.WRITE;
  }
}
