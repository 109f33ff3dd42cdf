package dev.platter.devices.ahci;

import dev.platter.devices.block.BlockRequest;

/**
 * One of a port's 32 command slots: the command as it was when fetched, and the block request that
 * carries it out. Nothing of it is read from guest memory a second time.
 */
final class CommandSlot extends BlockRequest {
  /** How a command moves its data and reports its end (ACS-3 section 4; SATA 3.x section 11). */
  enum Protocol {
    NON_DATA,
    PIO_IN,
    PIO_OUT,
    DMA,
    QUEUED
  }

  /** Who is told of a completion. */
  interface Listener {
    void completed(CommandSlot slot, int result);
  }

  private static final int INITIAL_VECTOR_ENTRIES = 168;

  final int index;
  private final Listener listener;

  // From the command header
  long headerAddress;
  long prdtAddress;
  int prdtEntries;

  // From the Register Host to Device FIS
  boolean isCommand;
  int command;
  int features;
  int device;
  int count;
  int control;
  long lba;

  // While it runs
  Protocol protocol = Protocol.NON_DATA;
  int pioBlockBytes;
  long dataBytes;
  boolean prdInterrupt;
  int diagnosticCode;

  /** Whether its command has ended, and the tracing has not been told. */
  boolean ended;

  CommandSlot(int index, Listener listener) {
    super(INITIAL_VECTOR_ENTRIES);
    this.index = index;
    this.listener = listener;
  }

  /** This slot's bit in PxCI and PxSACT. */
  int bit() {
    return 1 << index;
  }

  /** Forgets what the command before has left. */
  void reset() {
    protocol = Protocol.NON_DATA;
    pioBlockBytes = 0;
    dataBytes = 0;
    prdInterrupt = false;
    diagnosticCode = 0;
    ended = false;
    vector().clear();
  }

  @Override
  protected void completed(int result) {
    listener.completed(this, result);
  }
}
