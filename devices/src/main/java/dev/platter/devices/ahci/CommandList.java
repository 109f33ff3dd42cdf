package dev.platter.devices.ahci;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.block.RequestTracing;
import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The command list of a port with a disk: fetches what PxCI asks for, hands it to the disk, and
 * reports its end in registers and FISes (AHCI 5.3, 5.5).
 *
 * <p>A command that is not queued keeps BSY set, and nothing is fetched meanwhile; queued ones give
 * it back at once and run together. An error halts the list until PxCMD.ST is cleared (6.2.2).
 * Requests that the backend still has when the list is stopped or reset become orphans: their
 * results go nowhere, and nothing is fetched before the last of them is back.
 */
final class CommandList implements CommandSlot.Listener, AtaDevice.Host {
  /** Who is told of changes. */
  interface Owner {
    /** Registers that decide about interrupts may have changed. */
    void changed();

    /** The last orphan is back. */
    void drained();

    /** Whether commands may be fetched now. */
    boolean fetching();
  }

  private final PortRegisters registers;
  private final GuestMemory memory;
  private final Owner owner;
  private final CommandFetcher fetcher;
  private final PrdTable prdTable;
  private final ReceivedFis receivedFis;
  private final AtaDevice device;
  private final CommandSlot[] slots = new CommandSlot[AhciRegisters.SLOTS];
  private int active;
  private int orphans;
  private int nextSlot;
  private boolean halted;
  private boolean issuing;
  private boolean signatureFisPending;
  private @Nullable RequestTracing tracing;
  private int port;

  CommandList(
      AhciDisk disk, PortRegisters registers, GuestMemory memory, Arena arena, Owner owner) {
    this.registers = registers;
    this.memory = memory;
    this.owner = owner;
    fetcher = new CommandFetcher(memory, arena);
    prdTable = new PrdTable(memory, arena);
    receivedFis = new ReceivedFis(memory);
    device = new AtaDevice(disk, this, arena);
    for (int i = 0; i < slots.length; i++) {
      slots[i] = new CommandSlot(i, this);
    }
  }

  /** Has requests stamped from now on. */
  void trace(RequestTracing tracing, int port) {
    this.tracing = tracing;
    this.port = port;
    for (CommandSlot slot : slots) {
      slot.setTimeline(tracing.timeline(port, slot.index));
    }
  }

  /** The guest has set bits in PxCI: where stamps are wanted, a request's way begins here. */
  void doorbell(int bits) {
    if (tracing == null) {
      return;
    }
    // Stamps of a command that is running are not touched, whatever a guest does to its bit.
    int left = bits & ~(active | orphans);
    while (left != 0) {
      Timeline timeline = slots[Integer.numberOfTrailingZeros(left)].timeline();
      left &= left - 1;
      if (timeline != null) {
        timeline.clear();
        AioContext.current().stampHandled(timeline);
      }
    }
  }

  /** How many requests the backend has, orphans included. */
  int inFlight() {
    return Integer.bitCount(active | orphans);
  }

  /** Whether requests of a life before this one are still with the backend. */
  boolean draining() {
    return orphans != 0;
  }

  /** Fetches and starts commands until there is none, or one stands in the way of the others. */
  void issue() {
    if (issuing) {
      return; // a completion inside submit: the loop below goes on
    }
    issuing = true;
    // Ends: each turn clears a bit of PxCI, or sets BSY, or halts the list.
    while (registers.commandIssue != 0 && mayFetch()) {
      int rotated = Integer.rotateRight(registers.commandIssue, nextSlot);
      int index = (nextSlot + Integer.numberOfTrailingZeros(rotated)) % AhciRegisters.SLOTS;
      nextSlot = (index + 1) % AhciRegisters.SLOTS;
      registers.currentSlot = index;
      start(slots[index]);
    }
    issuing = false;
  }

  private boolean mayFetch() {
    return registers.start
        && owner.fetching()
        && !halted
        && orphans == 0
        && registers.linkUp()
        && !registers.busy();
  }

  private void start(CommandSlot slot) {
    if ((active & slot.bit()) != 0) {
      device.rejectTagInUse(slot);
      return;
    }
    switch (fetcher.fetch(registers.commandListBase, slot)) {
      case BAD_ADDRESS -> halt(AhciRegisters.IS_HBFS);
      case BAD_FIS -> halt(AhciRegisters.IS_IFS); // the device would answer R_ERR
      case FETCHED -> {
        if (slot.isCommand) {
          registers.taskFile |= AtaStatus.BSY;
          device.execute(slot);
        } else {
          control(slot);
        }
      }
    }
  }

  // SRST set, then cleared, each by a FIS of its own (10.4.1); no FIS answers the first one.
  private void control(CommandSlot slot) {
    registers.commandIssue &= ~slot.bit();
    if ((slot.control & AtaStatus.CONTROL_SRST) != 0) {
      orphanAll();
      device.setInSoftReset(true);
    } else if (device.inSoftReset()) {
      device.setInSoftReset(false);
      deviceIsReset();
    }
  }

  /** The disk has come out of a reset: it is in its default state and sends its signature. */
  void deviceIsReset() {
    device.reset();
    registers.setTaskFile(AtaStatus.READY, AtaStatus.DIAGNOSTIC_PASSED);
    registers.signature = ReceivedFis.SIGNATURE_LBA << 8 | ReceivedFis.SIGNATURE_COUNT;
    signatureFisPending = true;
    postSignature();
  }

  /** Stores the signature FIS as soon as the guest receives FISes. */
  void postSignature() {
    if (signatureFisPending && registers.fisReceiveEnable) {
      signatureFisPending = false;
      checkPosted(receivedFis.signature(registers.fisBase));
    }
  }

  /** PxCMD.ST went from 1 to 0, or the port is being reset: nothing of what was issued remains. */
  void stop() {
    orphanAll();
    registers.commandIssue = 0;
    registers.sataActive = 0;
    registers.currentSlot = 0;
    nextSlot = 0;
    halted = false;
    finishDrain();
  }

  private void orphanAll() {
    orphans |= active;
    active = 0;
  }

  private void finishDrain() {
    if (orphans == 0 && registers.linkUp()) {
      // A command that was cut off keeps the disk busy until its transfer is over, not longer.
      registers.taskFile &= ~AtaStatus.BSY;
    }
  }

  private void halt(int event) {
    orphanAll();
    halted = true;
    registers.event(event);
  }

  @Override
  public void completed(CommandSlot slot, int result) {
    if ((orphans & slot.bit()) != 0) {
      orphans &= ~slot.bit();
      doorbell(slot.bit()); // what was issued into the slot meanwhile begins here
      if (orphans == 0) {
        finishDrain();
        owner.drained();
      }
      return;
    }
    active &= ~slot.bit();
    device.completed(slot, result);
    // A command of several steps has not ended with the first.
    boolean done = slot.ended;
    slot.ended = false;
    Timeline timeline = slot.timeline();
    if (timeline != null && done) {
      timeline.stamp(Stamp.COMPLETED, System.nanoTime());
    }
    issue();
    owner.changed();
    if (tracing != null && timeline != null && done) {
      tracing.completed(
          timeline, slot.operation(), slot.offsetBytes(), slot.lengthBytes(), port);
    }
  }

  // AtaDevice.Host

  @Override
  public PrdTable.Result map(CommandSlot slot, long lengthBytes, boolean toGuest) {
    return prdTable.map(slot, lengthBytes, toGuest);
  }

  @Override
  public PrdTable.Result copyToGuest(CommandSlot slot, MemorySegment from, long lengthBytes) {
    return prdTable.copyToGuest(slot, from, lengthBytes);
  }

  @Override
  public PrdTable.Result copyFromGuest(CommandSlot slot, MemorySegment to, long lengthBytes) {
    return prdTable.copyFromGuest(slot, to, lengthBytes);
  }

  @Override
  public void submit(CommandSlot slot) {
    active |= slot.bit();
    device.backend().submit(slot);
  }

  @Override
  public boolean queuedOutstanding() {
    // Nothing that is not queued is fetched beside something else.
    return active != 0;
  }

  @Override
  public void accepted(CommandSlot slot) {
    registers.commandIssue &= ~slot.bit();
    registers.setTaskFile(AtaStatus.READY, 0);
    postRegisters(slot, 0);
  }

  @Override
  public void succeeded(CommandSlot slot) {
    slot.ended = true;
    registers.setTaskFile(AtaStatus.READY, slot.diagnosticCode);
    switch (slot.protocol) {
      case QUEUED -> {
        registers.sataActive &= ~slot.bit();
        registers.event(AhciRegisters.IS_SDBS);
        postDeviceBits(slot.bit());
      }
      case PIO_IN -> {
        // The last PIO Setup FIS carries the ending status; no Register FIS follows (SATA 3.x
        // 11.8).
        endTransfer(slot);
        postPioSetup(slot, AhciRegisters.FIS_INTERRUPT | AhciRegisters.FIS_TO_HOST);
        registers.event(AhciRegisters.IS_PSS);
      }
      case PIO_OUT -> {
        postPioSetup(slot, 0);
        endTransfer(slot);
        endWithRegisters(slot);
      }
      case DMA -> {
        endTransfer(slot);
        endWithRegisters(slot);
      }
      case NON_DATA -> {
        registers.commandIssue &= ~slot.bit();
        endWithRegisters(slot);
      }
    }
    if (slot.prdInterrupt) {
      registers.event(AhciRegisters.IS_DPS);
    }
  }

  private void endTransfer(CommandSlot slot) {
    registers.commandIssue &= ~slot.bit();
    // PRDBC, 4.2.2; it is not kept for queued commands (5.4.1).
    checkPosted(memory.writeInt(slot.headerAddress + 4, (int) slot.dataBytes));
  }

  private void endWithRegisters(CommandSlot slot) {
    registers.event(AhciRegisters.IS_DHRS);
    postRegisters(slot, AhciRegisters.FIS_INTERRUPT);
  }

  @Override
  public void failed(CommandSlot slot, int error) {
    slot.ended = true;
    registers.setTaskFile(AtaStatus.FAILED, error);
    if (slot.protocol == CommandSlot.Protocol.QUEUED) {
      halt(AhciRegisters.IS_TFES | AhciRegisters.IS_SDBS);
      postDeviceBits(0);
    } else {
      halt(AhciRegisters.IS_TFES | AhciRegisters.IS_DHRS);
      postRegisters(slot, AhciRegisters.FIS_INTERRUPT);
    }
  }

  @Override
  public void overflowed() {
    registers.event(AhciRegisters.IS_OFS);
  }

  @Override
  public void busError(CommandSlot slot) {
    // The disk has not begun: a stop and start is enough to go on.
    registers.setTaskFile(AtaStatus.READY, 0);
    halt(AhciRegisters.IS_HBFS);
  }

  private void postRegisters(CommandSlot slot, int flags) {
    if (registers.fisReceiveEnable) {
      int status = registers.taskFile & 0xff;
      int error = registers.taskFile >> 8;
      checkPosted(receivedFis.registers(registers.fisBase, slot, flags, status, error));
    }
  }

  private void postPioSetup(CommandSlot slot, int flags) {
    if (registers.fisReceiveEnable) {
      checkPosted(receivedFis.pioSetup(registers.fisBase, slot, flags));
    }
  }

  private void postDeviceBits(int completed) {
    if (registers.fisReceiveEnable) {
      int status = registers.taskFile & 0xff;
      int error = registers.taskFile >> 8;
      checkPosted(receivedFis.setDeviceBits(registers.fisBase, status, error, completed));
    }
  }

  private void checkPosted(boolean posted) {
    if (!posted) {
      halt(AhciRegisters.IS_HBFS);
    }
  }

  /** Frees the slots; nothing may be in flight. Idempotent. */
  void close() {
    for (CommandSlot slot : slots) {
      slot.close();
    }
  }
}
