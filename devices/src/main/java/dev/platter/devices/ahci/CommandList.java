package dev.platter.devices.ahci;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.ahci.Transfers.StepResult;
import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.block.RequestTracing;
import dev.platter.devices.memory.BufferPool;
import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * The command list of a port with a disk: takes each command that PxCI asks for through its
 * stations. {@link CommandFetcher} parses it, {@link AtaDevice} gives an {@link AtaVerdict}, {@link
 * Transfers} submits to the backend, {@link CommandCompletion} tells the guest of the end. All
 * calls go down from here; only {@link #requestBack} comes up.
 *
 * <p>A command that is not queued keeps BSY set until it ends, and no other is fetched; queued
 * commands clear BSY at once and run together. An error halts the list until PxCMD.ST is cleared
 * (6.2.2). A stop or a reset abandons all commands at once ({@link Transfers#abandon}). Later
 * commands that need the backend wait until abandoned requests can no longer change the disk;
 * others are answered.
 */
final class CommandList implements Transfers.Listener {
  /**
   * The longest time that a disk stays busy after a COMRESET. A busy disk helps a guest over a
   * backend that stalls: Linux tries each command six times, waits 30 s for it each time and up to
   * 60 s for the disk to come out of the reset between two of them (10, 10, 35 and 5), and gives
   * the disk up if it does not.
   */
  static final long PATIENCE_NANOS = 40_000_000_000L;

  // The cost of fetching a header and a FIS, and of reporting the end, in PRD entries.
  private static final int COMMAND_STEPS = 32;

  private final PortRegisters registers;
  private final HoldBudget budget;
  private final int port;
  private final AhciPort.Owner owner;
  private final CommandFetcher fetcher;
  private final AtaDevice device;
  private final PrdTable prdTable;
  private final Transfers transfers;
  private final CommandCompletion completion;
  private final CommandSlot[] slots = new CommandSlot[AhciRegisters.SLOTS];
  private int active;
  private int nextSlot;
  private boolean halted;
  private boolean running;
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
    this.budget = budget;
    this.port = port;
    this.owner = owner;
    patience = loop.newTimer(this::patienceIsOver);
    fetcher = new CommandFetcher(memory, arena);
    ReceivedFis fis = new ReceivedFis(registers, owner, memory, arena);
    completion = new CommandCompletion(registers, memory, fis);
    device = new AtaDevice(disk, arena);
    for (int i = 0; i < slots.length; i++) {
      slots[i] = new CommandSlot(i);
    }
    prdTable = new PrdTable(memory, budget, arena);
    transfers = new Transfers(disk.backend(), prdTable, budget, slots, loop, this);
  }

  void trace(RequestTracing tracing) {
    this.tracing = tracing;
    for (CommandSlot slot : slots) {
      slot.timeline = tracing.timeline(port, slot.index);
    }
  }

  /** The guest has set bits in PxCI. With tracing on, the path of a request begins here. */
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

  /** The number of requests that the backend has, abandoned ones included. */
  int inFlight() {
    return transfers.inFlight();
  }

  BufferPool pool() {
    return transfers.pool();
  }

  /** Works until there is nothing to do, or the budget of this hold of the big lock is used up. */
  void run() {
    if (running) {
      return; // a completion inside submit: the outer call goes on
    }
    running = true;
    StepResult progress;
    do {
      progress = transfers.step(owner.mayBegin());
      switch (progress) {
        case ENDED -> ended(transfers.current());
        case TOO_SHORT -> overflowed(transfers.current());
        case BAD_ADDRESS -> busError();
        case NOTHING -> progress = fetchNext();
        case DONE, LATER -> {}
      }
    } while (progress != StepResult.NOTHING && progress != StepResult.LATER);
    running = false;
    if (progress == StepResult.LATER) {
      owner.later();
    }
  }

  // The recursion ends: each time a bit of PxCI is cleared, BSY is set, or the list is halted.
  private StepResult fetchNext() {
    if (registers.commandIssue == 0 || !mayFetch()) {
      return StepResult.NOTHING;
    }
    if (budget.exhausted()) {
      return StepResult.LATER;
    }
    budget.step(COMMAND_STEPS);
    int rotated = Integer.rotateRight(registers.commandIssue, nextSlot);
    int index = (nextSlot + Integer.numberOfTrailingZeros(rotated)) % AhciRegisters.SLOTS;
    nextSlot = (index + 1) % AhciRegisters.SLOTS;
    registers.currentSlot = index;
    start(slots[index]);
    return StepResult.DONE;
  }

  private boolean mayFetch() {
    return registers.start && owner.master() && !halted && registers.linkUp() && !registers.busy();
  }

  private void start(CommandSlot slot) {
    if ((active & slot.bit()) != 0) {
      // A tag that is in use aborts all queued commands. The slot still holds the first command.
      carryOut(slot, device.fail(slot, AtaStatus.ABRT));
      return;
    }
    switch (fetcher.fetch(registers.commandListBase, slot)) {
      case BAD_ADDRESS -> halt(AhciRegisters.IS_HBFS);
      case BAD_FIS -> halt(AhciRegisters.IS_IFS); // the device would answer R_ERR
      case CONTROL -> control(slot);
      case COMMAND -> {
        registers.taskFile |= AtaStatus.BSY;
        // A command that is not queued is fetched only when no other is outstanding.
        AtaVerdict verdict = device.execute(slot, active != 0);
        if (slot.protocol != CommandSlot.Protocol.QUEUED || check(completion.accepted(slot))) {
          carryOut(slot, verdict);
        }
      }
    }
  }

  private void carryOut(CommandSlot slot, AtaVerdict verdict) {
    switch (verdict) {
      case SUCCEED -> check(completion.succeeded(slot));
      case FAIL -> {
        halt(AhciRegisters.IS_TFES);
        check(completion.failed(slot));
      }
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
    // The disk is not involved: a stop and a start recover the list.
    registers.setTaskFile(AtaStatus.READY, 0);
    halt(AhciRegisters.IS_HBFS);
  }

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
      check(completion.ready());
    }
  }

  /** The disk was switched on. */
  void powerOn() {
    becomingReady = false;
    patience.cancel();
    device.powerOn();
    transfers.pool().trimAll();
    check(completion.ready());
  }

  /**
   * The disk has received a COMRESET. It becomes ready, and sends its signature, at once. While the
   * backend still has abandoned requests, the disk waits for them first, for at most {@link
   * #PATIENCE_NANOS} after the first COMRESET that has met them.
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

  /**
   * The guest has overridden BSY instead of waiting for a ready disk: it will send commands, or
   * SRST.
   */
  void override() {
    if (becomingReady) {
      becomeReady();
    }
  }

  private void becomeReady() {
    becomingReady = false;
    patience.cancel();
    check(completion.ready());
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

  /** The guest may have begun to receive FISes. */
  void postSignature() {
    check(completion.postSignature());
  }

  /** PxCMD.ST went from 1 to 0, or the port is being reset: drops all issued commands. */
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
   * The HBA has lost access to guest memory. If transfers have begun, the list halts with a host
   * bus error; commands that have not begun or were not fetched wait.
   */
  void masterIsOff() {
    if (transfers.begun()) {
      halt(AhciRegisters.IS_HBFS);
    }
  }

  private void abandon() {
    boolean before = running;
    running = true; // a request that completes in here begins nothing
    active = 0;
    transfers.abandon();
    running = before;
  }

  private void halt(int event) {
    abandon();
    halted = true;
    registers.event(event);
  }

  // Returns posted.
  private boolean check(boolean posted) {
    if (!posted) {
      halt(AhciRegisters.IS_HBFS);
    }
    return posted;
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
      // A command that was cut off keeps the disk busy only until its transfer has ended.
      registers.taskFile &= ~AtaStatus.BSY;
    }
  }

  /** Frees the buffers; nothing may be in flight. Idempotent. */
  void close() {
    patience.cancel();
    transfers.close();
  }
}
