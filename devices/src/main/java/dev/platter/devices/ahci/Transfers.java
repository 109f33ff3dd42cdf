package dev.platter.devices.ahci;

import dev.platter.aio.sys.ErrnoException;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.BlockRequest.Operation;
import dev.platter.devices.block.BufferPool;
import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.Arena;

/**
 * What a port's commands want of the backend, done in pieces through private buffers: a write is
 * copied out of guest memory when its piece begins, a read into it when its piece has ended and is
 * still wanted. Between the two no request knows guest memory, so that {@link #abandon} lets go of
 * it at once, however long the backend takes.
 *
 * <p>Commands are begun in the order in which they came and take turns, a piece at a time. While an
 * abandoned request may still change the disk, nothing is begun: a late write must not land on a
 * newer one, and a read must not see what was there before it.
 */
final class Transfers implements Transfer.Listener {
  /** Who is told. */
  interface Sink {
    /** Nothing but that a request has come back: {@link Transfers#step} has something to do. */
    void progress();

    /** A command is over; its slot has 0 or {@code -errno} as its result. */
    void ended(CommandSlot slot);

    /** A command's PRD table is shorter than its data; nothing has moved. */
    void tooShort(CommandSlot slot);

    /** A command's PRD table, or memory that it names, cannot be reached. */
    void unreachable(CommandSlot slot);

    /** The last abandoned request is back. */
    void drained();
  }

  /** What a step has come to. */
  enum Progress {
    /** Something was done, and there may be more. */
    DONE,
    /** There is more to do, in another hold of the big lock. */
    LATER,
    /** There is nothing to do until something happens. */
    NOTHING
  }

  private final BlockBackend backend;
  private final PrdTable prdTable;
  private final HoldBudget budget;
  private final Sink sink;
  private final BufferPool pool;
  private final Transfer[] pieces = new Transfer[AhciDisk.BUFFERS];
  private final Transfer plain;
  // Commands with something to begin, first come first served.
  private final CommandSlot[] waiting = new CommandSlot[AhciRegisters.SLOTS];
  private int waitingHead;
  private int waitingCount;
  // Requests that are back, with what was not yet made of their results.
  private final Transfer[] back = new Transfer[AhciDisk.BUFFERS + 1];
  private int backHead;
  private int backCount;
  private int inFlight;
  private int orphans;
  private int orphansThatWrite;
  private int orphanSlots;

  Transfers(
      BlockBackend backend,
      GuestMemory memory,
      HoldBudget budget,
      AhciLoop loop,
      Arena arena,
      Sink sink) {
    this.backend = backend;
    this.budget = budget;
    this.sink = sink;
    prdTable = new PrdTable(memory, budget, arena);
    try {
      pool = loop.newPool(AhciDisk.BUFFERS);
    } catch (ErrnoException e) {
      throw new IllegalStateException("no address space for a disk's buffers", e);
    }
    for (int i = 0; i < AhciDisk.BUFFERS; i++) {
      pieces[i] = new Transfer(i, backend.blockSizeBytes(), this);
    }
    plain = new Transfer(BufferPool.NONE, backend.blockSizeBytes(), this);
  }

  PrdTable prdTable() {
    return prdTable;
  }

  BufferPool pool() {
    return pool;
  }

  /** How many requests are with the backend, or back and not looked at, abandoned ones included. */
  int inFlight() {
    return inFlight + backCount;
  }

  /** Whether anything of the commands here has begun; those that wait have no part in it. */
  boolean begun() {
    return inFlight() > orphans;
  }

  /** How many abandoned requests are with the backend. */
  int orphans() {
    return orphans;
  }

  /** The bits of slots whose stamps an abandoned request may still make. */
  int orphanSlots() {
    return orphanSlots;
  }

  /** Begins what the slot was prepared for, as soon as it may be. */
  void begin(CommandSlot slot) {
    append(slot);
  }

  private void append(CommandSlot slot) {
    waiting[(waitingHead + waitingCount) % waiting.length] = slot;
    waitingCount++;
  }

  private void removeFirst() {
    waitingHead = (waitingHead + 1) % waiting.length;
    waitingCount--;
  }

  private void remove(CommandSlot slot) {
    int count = waitingCount;
    for (int i = 0; i < count; i++) {
      CommandSlot next = waiting[waitingHead];
      removeFirst();
      if (next != slot) {
        append(next);
      }
    }
  }

  /**
   * Does one thing: takes a result, or begins a piece.
   *
   * @param mayBegin whether guest memory may be reached and the backend be given requests
   */
  Progress step(boolean mayBegin) {
    if (backCount > 0) {
      return takeBack(back[backHead], mayBegin);
    }
    return waitingCount > 0 ? advance(waiting[waitingHead], mayBegin) : Progress.NOTHING;
  }

  private Progress advance(CommandSlot slot, boolean mayBegin) {
    if (!mayBegin || orphansThatWrite > 0) {
      return Progress.NOTHING;
    }
    if (slot.movesData && slot.surveyedBytes < slot.dataBytes) {
      return survey(slot);
    }
    return slot.hasPieces() ? beginPiece(slot) : beginPlain(slot);
  }

  private Progress survey(CommandSlot slot) {
    PrdTable.Result result =
        prdTable.survey(slot, slot.operation == Operation.READ, budget.steps());
    if (result == PrdTable.Result.MORE) {
      return Progress.LATER;
    }
    if (result != PrdTable.Result.OK) {
      remove(slot);
      if (result == PrdTable.Result.TOO_SHORT) {
        sink.tooShort(slot);
      } else {
        sink.unreachable(slot);
      }
    }
    return Progress.DONE;
  }

  private Progress beginPlain(CommandSlot slot) {
    if (plain.inFlight()) {
      return Progress.NOTHING; // of a life before this one
    }
    budget.step(1);
    removeFirst();
    plain.vector().clear();
    switch (slot.operation) {
      case DISCARD -> plain.prepareDiscard(slot.offsetBytes, slot.lengthBytes);
      default -> plain.prepareFlush();
    }
    plain.offset = 0;
    plain.length = 0;
    slot.startedBytes = slot.lengthBytes;
    submit(plain, slot);
    return Progress.DONE;
  }

  private Progress beginPiece(CommandSlot slot) {
    int length = (int) Math.min(BufferPool.CHUNK_BYTES, slot.lengthBytes - slot.startedBytes);
    boolean fromGuest = slot.movesData && slot.operation == Operation.WRITE;
    if (budget.exhausted() || (fromGuest && !budget.allowsCopy(length))) {
      return Progress.LATER;
    }
    int chunk = pool.take();
    if (chunk == BufferPool.NONE) {
      return Progress.NOTHING; // every chunk is with a request, and comes back with it
    }
    Transfer piece = pieces[chunk];
    piece.prdIndex = slot.prdIndex;
    piece.prdOffset = slot.prdOffset;
    if (slot.movesData) {
      length = prdTable.advance(slot, length, backend.blockSizeBytes());
      if (length == 0 || (fromGuest && !copy(piece, slot, length, false))) {
        pool.give(chunk);
        remove(slot);
        sink.unreachable(slot);
        return Progress.DONE;
      }
    }
    budget.step(1);
    piece.offset = slot.startedBytes;
    piece.length = length;
    removeFirst();
    slot.startedBytes += length;
    if (slot.startedBytes < slot.lengthBytes) {
      append(slot); // after the others
    }
    prepare(piece, slot, 0, length);
    submit(piece, slot);
    return Progress.DONE;
  }

  private boolean copy(Transfer piece, CommandSlot slot, int length, boolean toGuest) {
    budget.copied(length);
    return prdTable.copy(
        slot,
        piece.prdIndex,
        piece.prdOffset,
        pool.segment(),
        (long) piece.chunk * BufferPool.CHUNK_BYTES,
        length,
        toGuest);
  }

  private void prepare(Transfer piece, CommandSlot slot, int from, int length) {
    piece.vector().clear();
    piece.vector().add(pool.address(piece.chunk) + from, length);
    long offset = slot.offsetBytes + piece.offset + from;
    if (slot.operation == Operation.READ) {
      piece.prepareRead(offset);
    } else {
      piece.prepareWrite(offset, slot.forceUnitAccess);
    }
  }

  private void submit(Transfer transfer, CommandSlot slot) {
    transfer.slot = slot;
    transfer.slotBit = slot.bit();
    transfer.search.begin();
    slot.piecesOut++;
    // Where an orphan may still stamp, nobody else does.
    transfer.setTimeline((orphanSlots & slot.bit()) == 0 ? slot.timeline : null);
    inFlight++;
    backend.submit(transfer);
  }

  @Override
  public void completed(Transfer transfer, int result) {
    inFlight--;
    if (transfer.slot == null) {
      takeOrphan(transfer);
    } else {
      transfer.result = result;
      back[(backHead + backCount) % back.length] = transfer;
      backCount++;
    }
    sink.progress();
  }

  private void takeOrphan(Transfer orphan) {
    orphans--;
    if (orphan.changesDisk()) {
      orphansThatWrite--;
    }
    if (orphans == 0) {
      orphanSlots = 0;
    }
    free(orphan);
    if (orphans == 0) {
      sink.drained();
    }
  }

  private void free(Transfer transfer) {
    transfer.slot = null;
    if (transfer.chunk != BufferPool.NONE) {
      pool.give(transfer.chunk);
    }
  }

  private Progress takeBack(Transfer transfer, boolean mayBegin) {
    CommandSlot slot = transfer.slot;
    if (slot == null) {
      throw new IllegalStateException("an orphan among those that are back");
    }
    if (budget.exhausted()) {
      return Progress.LATER;
    }
    budget.step(1);
    boolean read = slot.operation == Operation.READ;
    if (transfer.search.takes(transfer, read)) {
      int tryBytes = transfer.search.next(mayBegin);
      if (tryBytes > 0) {
        removeFirstBack();
        prepare(transfer, slot, transfer.search.goodBytes(), tryBytes);
        inFlight++;
        backend.submit(transfer);
        return Progress.DONE;
      }
    }
    int good = transfer.search.goodBytes();
    boolean toGuest = read && slot.movesData && good > 0;
    if (toGuest && !budget.allowsCopy(good)) {
      return Progress.LATER;
    }
    removeFirstBack();
    if (toGuest && !copy(transfer, slot, good, true)) {
      slot.unreachable = true;
    }
    note(transfer, slot);
    free(transfer);
    slot.piecesOut--;
    if (slot.failed() && slot.startedBytes < slot.lengthBytes) {
      remove(slot);
      slot.startedBytes = slot.lengthBytes;
    }
    if (slot.piecesOut == 0 && slot.startedBytes == slot.lengthBytes) {
      if (slot.unreachable) {
        sink.unreachable(slot);
      } else {
        sink.ended(slot);
      }
    }
    return Progress.DONE;
  }

  private void removeFirstBack() {
    backHead = (backHead + 1) % back.length;
    backCount--;
  }

  /** Of several pieces that fail, the first in the command's data counts. */
  private static void note(Transfer transfer, CommandSlot slot) {
    int error = transfer.search.error();
    long at = transfer.offset + transfer.search.goodBytes();
    if (error < 0 && (slot.result == 0 || at < slot.failedBytes)) {
      slot.result = error;
      slot.failedBytes = at;
    }
  }

  /**
   * Lets go of all commands: none is begun, and what the backend has touches no guest memory and is
   * told to nobody.
   */
  void abandon() {
    waitingCount = 0;
    while (backCount > 0) {
      free(back[backHead]);
      removeFirstBack();
    }
    for (Transfer piece : pieces) {
      orphan(piece);
    }
    if (orphan(plain)) {
      backend.cutShort(plain); // a TRIM may be long; it may end in here
    }
  }

  private boolean orphan(Transfer transfer) {
    if (transfer.slot == null) {
      return false;
    }
    transfer.slot = null;
    orphans++;
    orphanSlots |= transfer.slotBit;
    if (transfer.changesDisk()) {
      orphansThatWrite++;
    }
    return true;
  }

  /** Frees the buffers; nothing may be in flight. Idempotent. */
  void close() {
    for (Transfer piece : pieces) {
      piece.close();
    }
    plain.close();
    pool.close();
  }
}
