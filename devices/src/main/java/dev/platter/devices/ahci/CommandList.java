package dev.platter.devices.ahci;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.ahci.Transfers.Progress;
import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.block.RequestTracing;
import dev.platter.devices.memory.BufferPool;
import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * The command list of a port with a disk: fetches what PxCI asks for, hands it to the disk, and
 * reports its end in registers and FISes (AHCI 5.3, 5.5).
 *
 * <p>A command that is not queued keeps BSY set, and nothing is fetched meanwhile; queued ones give
 * it back at once and run together. An error halts the list until PxCMD.ST is cleared (6.2.2). A
 * stop or a reset lets go of all commands at once ({@link Transfers#abandon}); later ones that need
 * the backend wait there for what is on its way to the disk, others are answered.
 */
final class CommandList implements Transfers.Listener {
  /**
   * How long a disk may be busy after a COMRESET. To be busy helps a guest over a backend that
   * stalls: Linux tries each command six times, waits 30 s for it each time and up to 60 s for the
   * disk to come out of the reset between two of them (10, 10, 35 and 5), and gives the disk up if
   * it does not.
   */
  static final long PATIENCE_NANOS = 40_000_000_000L;

  // What fetching a header and a FIS, and reporting a command's end, take.
  private static final int COMMAND_STEPS = 32;

  private final PortRegisters registers;
  private final GuestMemory memory;
  private final HoldBudget budget;
  private final int port;
  private final AhciPort.Owner owner;
  private final CommandFetcher fetcher;
  private final ReceivedFis receivedFis;
  private final AtaDevice device;
  private final PrdTable prdTable;
  private final Transfers transfers;
  private final CommandSlot[] slots = new CommandSlot[AhciRegisters.SLOTS];
  private int active;
  private int nextSlot;
  private boolean halted;
  private boolean running;
  private boolean signatureFisPending;
  private boolean becomingReady;
  private final AhciLoop.Timer patience;
  private @Nullable RequestTracing tracing;

  CommandList(
      AhciDisk disk,
      PortRegisters registers,
      GuestMemory memory,
      HoldBudget budget,
      AhciLoop loop,
      Arena arena,
      int port,
      AhciPort.Owner owner) {
    this.registers = registers;
    this.memory = memory;
    this.budget = budget;
    this.port = port;
    this.owner = owner;
    patience = loop.newTimer(this::patienceIsOver);
    fetcher = new CommandFetcher(memory, arena);
    receivedFis = new ReceivedFis(memory, arena);
    device = new AtaDevice(disk, arena);
    for (int i = 0; i < slots.length; i++) {
      slots[i] = new CommandSlot(i);
    }
    prdTable = new PrdTable(memory, budget, arena);
    transfers = new Transfers(disk.backend(), prdTable, budget, slots, loop, this);
  }

  /** Has requests stamped from now on. */
  void trace(RequestTracing tracing) {
    this.tracing = tracing;
    for (CommandSlot slot : slots) {
      slot.timeline = tracing.timeline(port, slot.index);
    }
  }

  /** The guest has set bits in PxCI: where stamps are wanted, a request's way begins here. */
  void doorbell(int bits) {
    if (tracing == null) {
      return;
    }
    // Stamps of a command that is running are not touched, whatever a guest does to its bit.
    int left = bits & ~(active | transfers.orphanSlots());
    while (left != 0) {
      Timeline timeline = slots[Integer.numberOfTrailingZeros(left)].timeline;
      left &= left - 1;
      if (timeline != null) {
        timeline.clear();
        AioContext.current().stampHandled(timeline);
      }
    }
  }

  /** How many requests the backend has, those of stopped lives included. */
  int inFlight() {
    return transfers.inFlight();
  }

  /** The buffers that those requests use. */
  BufferPool pool() {
    return transfers.pool();
  }

  /** Does what there is to do, as far as this hold of the big lock has time for it. */
  void run() {
    if (running) {
      return; // a completion inside submit: the loop below goes on
    }
    running = true;
    Progress progress;
    do {
      progress = transfers.step(owner.mayBegin());
      switch (progress) {
        case ENDED -> ended(transfers.current());
        case TOO_SHORT -> overflowed(transfers.current());
        case BAD_ADDRESS -> busError();
        case NOTHING -> progress = fetchNext();
        case DONE, LATER -> {}
      }
    } while (progress != Progress.NOTHING && progress != Progress.LATER);
    running = false;
    if (progress == Progress.LATER) {
      owner.later();
    }
  }

  // Ends: each time a bit of PxCI is cleared, or BSY set, or the list halted.
  private Progress fetchNext() {
    if (registers.commandIssue == 0 || !mayFetch()) {
      return Progress.NOTHING;
    }
    if (budget.exhausted()) {
      return Progress.LATER;
    }
    budget.step(COMMAND_STEPS);
    int rotated = Integer.rotateRight(registers.commandIssue, nextSlot);
    int index = (nextSlot + Integer.numberOfTrailingZeros(rotated)) % AhciRegisters.SLOTS;
    nextSlot = (index + 1) % AhciRegisters.SLOTS;
    registers.currentSlot = index;
    start(slots[index]);
    return Progress.DONE;
  }

  private boolean mayFetch() {
    return registers.start && owner.master() && !halted && registers.linkUp() && !registers.busy();
  }

  private void start(CommandSlot slot) {
    if ((active & slot.bit()) != 0) {
      // A tag in use ends all queued commands. The slot still holds the first one.
      carryOut(slot, device.fail(slot, AtaStatus.ABRT));
      return;
    }
    switch (fetcher.fetch(registers.commandListBase, slot)) {
      case BAD_ADDRESS -> halt(AhciRegisters.IS_HBFS);
      case BAD_FIS -> halt(AhciRegisters.IS_IFS); // the device would answer R_ERR
      case FETCHED -> {
        if (slot.isCommand) {
          registers.taskFile |= AtaStatus.BSY;
          // Nothing that is not queued is fetched beside something else.
          AtaVerdict verdict = device.execute(slot, active != 0);
          if (slot.protocol == CommandSlot.Protocol.QUEUED) {
            accepted(slot);
          }
          carryOut(slot, verdict);
        } else {
          control(slot);
        }
      }
    }
  }

  private void carryOut(CommandSlot slot, AtaVerdict verdict) {
    switch (verdict) {
      case SUCCEED -> succeeded(slot);
      case FAIL -> failed(slot);
      case SEND_PAGE -> copied(slot, prdTable.copyToGuest(slot, device.page()));
      case FETCH_PAGE -> copied(slot, prdTable.copyFromGuest(slot, device.page()));
      case SUBMIT -> {
        active |= slot.bit();
        transfers.begin(slot);
      }
    }
  }

  private void copied(CommandSlot slot, PrdTable.Result result) {
    switch (result) {
      case OK -> carryOut(slot, device.copied(slot));
      case TOO_SHORT -> overflowed(slot);
      case BAD_ADDRESS, MORE -> busError();
    }
  }

  private void overflowed(CommandSlot slot) {
    registers.event(AhciRegisters.IS_OFS);
    carryOut(slot, device.fail(slot, AtaStatus.ABRT));
  }

  private void busError() {
    // The disk has nothing to do with it: a stop and start is enough to go on.
    registers.setTaskFile(AtaStatus.READY, 0);
    halt(AhciRegisters.IS_HBFS);
  }

  /** The backend has done what it was asked for. */
  private void ended(CommandSlot slot) {
    active &= ~slot.bit();
    AtaVerdict verdict = device.completed(slot);
    carryOut(slot, verdict);
    Timeline timeline = slot.timeline;
    // A command of several steps has not ended with the first.
    if (timeline != null && tracing != null && verdict != AtaVerdict.SUBMIT && isStamped(slot)) {
      timeline.stamp(Stamp.COMPLETED, System.nanoTime());
      owner.changed(port);
      tracing.completed(timeline, slot.operation, slot.offsetBytes, slot.lengthBytes, port);
    }
  }

  private boolean isStamped(CommandSlot slot) {
    return (transfers.orphanSlots() & slot.bit()) == 0;
  }

  // SRST set, then cleared, each by a FIS of its own (10.4.1); no FIS answers the first one.
  private void control(CommandSlot slot) {
    registers.commandIssue &= ~slot.bit();
    if ((slot.control & AtaStatus.CONTROL_SRST) != 0) {
      abandon();
      device.setInSoftReset(true);
    } else if (device.inSoftReset()) {
      device.softReset();
      sendSignature();
    }
  }

  /** The disk was switched on. */
  void powerOn() {
    becomingReady = false;
    patience.cancel();
    device.powerOn();
    transfers.pool().trimAll();
    sendSignature();
  }

  /**
   * The disk has received a COMRESET. It is ready, and says so by its signature, at once; while the
   * backend still has requests of the life before, when they are back, but not later than {@link
   * #PATIENCE_NANOS} after the first COMRESET that has found it so.
   */
  void comreset() {
    device.comreset();
    if (transfers.orphans() == 0) {
      becomeReady();
    } else {
      registers.taskFile = AtaStatus.BSY;
      becomingReady = true;
      patience.arm(PATIENCE_NANOS);
    }
  }

  /** The guest does not wait for the disk to become ready: it will send commands, or SRST. */
  void override() {
    if (becomingReady) {
      becomeReady();
    }
  }

  private void becomeReady() {
    becomingReady = false;
    patience.cancel();
    sendSignature();
  }

  private void patienceIsOver() {
    if (becomingReady) {
      becomeReady();
      owner.changed(port);
    }
  }

  /** The link went down. */
  void linkIsDown() {
    becomingReady = false;
  }

  private void sendSignature() {
    registers.setTaskFile(AtaStatus.READY, AtaStatus.DIAGNOSTIC_PASSED);
    registers.signature = ReceivedFis.SIGNATURE_LBA << 8 | ReceivedFis.SIGNATURE_COUNT;
    signatureFisPending = true;
    postSignature();
  }

  /** Stores the signature FIS as soon as the guest receives FISes. */
  void postSignature() {
    if (signatureFisPending && receivesFis()) {
      signatureFisPending = false;
      checkPosted(receivedFis.signature(registers.fisBase));
    }
  }

  private boolean receivesFis() {
    return registers.fisReceiveEnable && owner.master();
  }

  /** PxCMD.ST went from 1 to 0, or the port is being reset: nothing of what was issued remains. */
  void stop() {
    abandon();
    registers.commandIssue = 0;
    registers.sataActive = 0;
    registers.currentSlot = 0;
    nextSlot = 0;
    halted = false;
    if (transfers.orphans() == 0) {
      drained();
    }
  }

  /**
   * The HBA may no longer reach guest memory. Where transfers have begun, the list halts as if the
   * bus had broken them off; what was not begun waits, and so does what was not fetched.
   */
  void masterIsOff() {
    if (transfers.begun()) {
      halt(AhciRegisters.IS_HBFS);
    }
  }

  private void abandon() {
    boolean before = running;
    running = true; // a request that comes back within this begins nothing
    active = 0;
    transfers.abandon();
    running = before;
  }

  private void halt(int event) {
    abandon();
    halted = true;
    registers.event(event);
  }

  @Override
  public void requestBack(boolean drained) {
    if (drained) {
      drained();
    }
    run();
    owner.changed(port);
  }

  private void drained() {
    if (becomingReady) {
      becomeReady();
    } else if (registers.linkUp() && active == 0) {
      // A command that was cut off keeps the disk busy until its transfer is over, not longer.
      registers.taskFile &= ~AtaStatus.BSY;
    }
  }

  // What the guest is told

  private void accepted(CommandSlot slot) {
    registers.commandIssue &= ~slot.bit();
    registers.setTaskFile(AtaStatus.READY, 0);
    postRegisters(slot, 0);
  }

  private void succeeded(CommandSlot slot) {
    registers.setTaskFile(AtaStatus.READY, slot.error);
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
        // Each DRQ block but the first is asked for with an interrupt (SATA 3.x 11.9).
        boolean several = slot.pioBlocks > 1;
        postPioSetup(slot, several ? AhciRegisters.FIS_INTERRUPT : 0);
        registers.event(several ? AhciRegisters.IS_PSS : 0);
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

  private void failed(CommandSlot slot) {
    registers.setTaskFile(AtaStatus.FAILED, slot.error);
    if (slot.protocol == CommandSlot.Protocol.QUEUED) {
      halt(AhciRegisters.IS_TFES | AhciRegisters.IS_SDBS);
      postDeviceBits(0);
    } else {
      halt(AhciRegisters.IS_TFES | AhciRegisters.IS_DHRS);
      postRegisters(slot, AhciRegisters.FIS_INTERRUPT);
    }
  }

  private void postRegisters(CommandSlot slot, int flags) {
    if (receivesFis()) {
      int status = registers.taskFile & 0xff;
      int error = registers.taskFile >> 8;
      checkPosted(receivedFis.registers(registers.fisBase, slot, flags, status, error));
    }
  }

  private void postPioSetup(CommandSlot slot, int flags) {
    if (receivesFis()) {
      checkPosted(receivedFis.pioSetup(registers.fisBase, slot, flags));
    }
  }

  private void postDeviceBits(int completed) {
    if (receivesFis()) {
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

  /** Frees the buffers; nothing may be in flight. Idempotent. */
  void close() {
    patience.cancel();
    transfers.close();
  }
}
