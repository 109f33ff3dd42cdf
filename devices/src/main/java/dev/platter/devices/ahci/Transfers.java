package dev.platter.devices.ahci;

import dev.platter.aio.sys.ErrnoException;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.memory.BufferPool;
import org.jspecify.annotations.Nullable;

/**
 * Submits a port's commands to the backend, in pieces through private buffers: a write is copied
 * out of guest memory when its piece begins, a read into guest memory when its piece has ended and
 * is still wanted. Between the two, no request names guest memory, so that {@link #abandon} drops a
 * request at once, however long the backend takes.
 *
 * <p>Commands begin in the order of arrival and take turns, a piece at a time. The data of a
 * command is copied in order: pieces of a read that complete too early are parked. While an
 * abandoned request may still change the disk, nothing begins: its late write must not overwrite a
 * newer one, and a read must not return older data.
 */
final class Transfers {
  interface Listener {
    /**
     * A request has completed: {@link Transfers#step} may have work to do.
     *
     * @param drained whether it was the last abandoned one
     */
    void requestBack(boolean drained);
  }

  enum StepResult {
    DONE,
    /**
     * The command of {@link Transfers#current} is over, with 0 or {@code -errno} as its result.
     * Where that is an error, pieces of it may still be with the backend: all commands are to be
     * abandoned.
     */
    ENDED,
    /**
     * The PRD table of that command ended before its data, of which some may have moved. All
     * commands are to be abandoned.
     */
    TOO_SHORT,
    /** As {@link #TOO_SHORT}, but the table or a buffer lies outside of accessible memory. */
    BAD_ADDRESS,
    /** There is more to do, in another hold of the big lock. */
    LATER,
    /** There is nothing to do before the next event. */
    NOTHING
  }

  /** The request without data. */
  static final int PLAIN = AhciDisk.BUFFERS;

  // More than the number of requests; a power of two, for a cheap modulo.
  private static final int BACK = 2 * AhciDisk.BUFFERS;

  private final BlockBackend backend;
  private final PrdTable prdTable;
  private final HoldBudget budget;
  private final Listener listener;
  private final CommandSlot[] slots;
  private final BufferPool pool;
  // One request for each chunk, and one without a chunk.
  private final Transfer[] requests = new Transfer[AhciDisk.BUFFERS + 1];
  // Slots with pieces to begin, first come first served. They are numbers, because storing a
  // reference also writes to the collector's card table, which other threads write to.
  private final int[] waiting = new int[AhciRegisters.SLOTS];
  private int waitingHead;
  private int waitingCount;
  // Completed requests whose results were not yet handled.
  private final int[] back = new int[BACK];
  private int backHead;
  private int backCount;
  // The next piece of the first waiting slot, if a part of it is copied.
  private @Nullable Transfer filling;
  // The slot of the last step's command.
  private int currentSlot;
  private int inFlight;
  private int orphans;
  private int orphansThatWrite;
  private int orphanSlots;

  Transfers(
      BlockBackend backend,
      PrdTable prdTable,
      HoldBudget budget,
      CommandSlot[] slots,
      AhciLoop loop,
      Listener listener) {
    this.backend = backend;
    this.budget = budget;
    this.slots = slots;
    this.prdTable = prdTable;
    this.listener = listener;
    try {
      pool = loop.newPool(AhciDisk.BUFFERS);
    } catch (ErrnoException e) {
      throw new IllegalStateException("no address space for a disk's buffers", e);
    }
    for (int i = 0; i < requests.length; i++) {
      requests[i] = new Transfer(i, backend.blockSizeBytes(), this);
    }
  }

  BufferPool pool() {
    return pool;
  }

  /** The number of requests in flight or completed and not yet handled, abandoned ones included. */
  int inFlight() {
    return inFlight + backCount;
  }

  /** Whether any command has begun; waiting commands do not count. */
  boolean begun() {
    return inFlight() > orphans;
  }

  /** The number of abandoned requests in flight. */
  int orphans() {
    return orphans;
  }

  /** The bits of slots into whose timelines an abandoned request may still write. */
  int orphanSlots() {
    return orphanSlots;
  }

  /** Queues the slot's request, which begins as soon as it may. */
  void begin(CommandSlot slot) {
    append(slot.index);
  }

  private void append(int slot) {
    waiting[(waitingHead + waitingCount) % AhciRegisters.SLOTS] = slot;
    waitingCount++;
  }

  private void removeFirst() {
    waitingHead = (waitingHead + 1) % AhciRegisters.SLOTS;
    waitingCount--;
  }

  private void appendBack(Transfer request) {
    back[(backHead + backCount) % BACK] = request.index;
    backCount++;
  }

  private void removeFirstBack() {
    backHead = (backHead + 1) % BACK;
    backCount--;
  }

  /** The slot of the command that the last step has told of. */
  CommandSlot current() {
    return slots[currentSlot];
  }

  /**
   * Handles one completed request, or begins one piece.
   *
   * @param mayBegin whether guest memory may be reached and the backend be given requests
   */
  StepResult step(boolean mayBegin) {
    if (backCount > 0) {
      return takeBack(requests[back[backHead]], mayBegin);
    }
    if (waitingCount == 0 || !mayBegin || orphansThatWrite > 0) {
      return StepResult.NOTHING;
    }
    if (budget.exhausted()) {
      return StepResult.LATER;
    }
    budget.step(1);
    CommandSlot slot = slots[waiting[waitingHead]];
    return slot.hasPieces() ? beginPiece(slot) : beginPlain(slot);
  }

  // ---- beginning -----------------------------------------------------------------------------

  private StepResult beginPlain(CommandSlot slot) {
    Transfer plain = requests[PLAIN];
    if (plain.inFlight()) {
      return StepResult.NOTHING; // an abandoned request still has it
    }
    take(plain, slot, 0);
    removeFirst();
    slot.startedBytes = slot.lengthBytes;
    plain.vector().clear();
    switch (slot.operation) {
      case DISCARD -> plain.prepareDiscard(slot.offsetBytes, slot.lengthBytes);
      default -> plain.prepareFlush();
    }
    slot.piecesOut++;
    submit(plain);
    return StepResult.DONE;
  }

  private StepResult beginPiece(CommandSlot slot) {
    Transfer piece = filling;
    if (piece == null) {
      int chunk = pool.take();
      if (chunk == BufferPool.NONE) {
        return StepResult.NOTHING; // every chunk is in use, and returns with its request
      }
      piece = requests[chunk];
      take(
          piece,
          slot,
          (int) Math.min(BufferPool.CHUNK_BYTES, slot.lengthBytes - slot.startedBytes));
    }
    if (slot.operation == Operation.WRITE) {
      PrdTable.Result result = copy(piece, slot, piece.length, false);
      filling = result == PrdTable.Result.MORE ? piece : null;
      if (filling != null) {
        return StepResult.LATER;
      }
      if (result != PrdTable.Result.OK) {
        return notReached(slot, result);
      }
    }
    removeFirst();
    slot.startedBytes += piece.length;
    if (slot.startedBytes < slot.lengthBytes) {
      append(slot.index); // after the others
    }
    slot.piecesOut++;
    submit(piece, slot, 0, piece.length);
    return StepResult.DONE;
  }

  private StepResult notReached(CommandSlot slot, PrdTable.Result result) {
    currentSlot = slot.index;
    return result == PrdTable.Result.TOO_SHORT ? StepResult.TOO_SHORT : StepResult.BAD_ADDRESS;
  }

  private void take(Transfer request, CommandSlot slot, int length) {
    request.wanted = true;
    request.slot = slot.index;
    request.offset = slot.startedBytes;
    request.length = length;
    request.searching = false;
    // While an orphan may still write stamps, no other request does.
    Timeline timeline = (orphanSlots & slot.bit()) == 0 ? slot.timeline : null;
    if (request.timeline() != timeline) {
      request.setTimeline(timeline);
    }
  }

  /** Copies the rest of the piece's first {@code length} bytes. */
  private PrdTable.Result copy(Transfer piece, CommandSlot slot, int length, boolean toGuest) {
    long within = slot.copiedBytes - piece.offset;
    return prdTable.copy(
        slot,
        piece.offset + length,
        pool.segment(),
        (long) piece.index * BufferPool.CHUNK_BYTES + within,
        toGuest);
  }

  private void submit(Transfer piece, CommandSlot slot, int from, int length) {
    piece.vector().clear();
    piece.vector().add(pool.address(piece.index) + from, length);
    long offset = slot.offsetBytes + piece.offset + from;
    if (slot.operation == Operation.READ) {
      piece.prepareRead(offset);
    } else {
      piece.prepareWrite(offset, slot.forceUnitAccess);
    }
    submit(piece);
  }

  private void submit(Transfer request) {
    inFlight++;
    backend.submit(request);
  }

  // ---- ending --------------------------------------------------------------------------------

  void completed(Transfer request, int result) {
    inFlight--;
    boolean orphan = !request.wanted;
    if (orphan) {
      takeOrphan(request);
    } else {
      request.result = result;
      appendBack(request);
    }
    listener.requestBack(orphan && orphans == 0);
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
  }

  private void free(Transfer request) {
    request.wanted = false;
    request.parked = false;
    if (request.index != PLAIN) {
      pool.give(request.index);
    }
  }

  private StepResult takeBack(Transfer request, boolean mayBegin) {
    CommandSlot slot = slots[request.slot];
    if (slot.operation == Operation.READ) {
      return takeRead(request, slot, mayBegin);
    }
    removeFirstBack();
    slot.result = request.result;
    return end(request, slot);
  }

  private StepResult takeRead(Transfer piece, CommandSlot slot, boolean mayBegin) {
    if (piece.offset > slot.copiedBytes) {
      removeFirstBack();
      piece.parked = true;
      slot.parked++;
      return StepResult.DONE;
    }
    int good = piece.length;
    if (piece.result != 0 || piece.searching) {
      int tryBytes = search(piece, mayBegin);
      good = piece.search.goodBytes();
      if (tryBytes > 0) {
        removeFirstBack();
        submit(piece, slot, good, tryBytes);
        return StepResult.DONE;
      }
    }
    if (slot.movesData) {
      PrdTable.Result result = copy(piece, slot, good, true);
      if (result == PrdTable.Result.MORE) {
        return StepResult.LATER;
      }
      if (result != PrdTable.Result.OK) {
        return notReached(slot, result);
      }
    } else {
      slot.copiedBytes = piece.offset + good;
    }
    removeFirstBack();
    if (good < piece.length) {
      slot.result = piece.search.error();
    } else if (slot.parked > 0) {
      unpark(slot);
    }
    return end(piece, slot);
  }

  private static int search(Transfer piece, boolean mayBegin) {
    if (piece.searching) {
      piece.search.take(piece.result);
    } else {
      piece.searching = true;
      piece.search.begin(piece.result, piece.length);
    }
    return piece.search.next(mayBegin);
  }

  /** Queues the next piece in order for handling, if it has completed. */
  private void unpark(CommandSlot slot) {
    for (Transfer piece : requests) {
      if (piece.parked && piece.slot == slot.index && piece.offset == slot.copiedBytes) {
        piece.parked = false;
        slot.parked--;
        appendBack(piece);
      }
    }
  }

  private StepResult end(Transfer request, CommandSlot slot) {
    free(request);
    slot.piecesOut--;
    currentSlot = slot.index;
    boolean all = slot.piecesOut == 0 && slot.startedBytes == slot.lengthBytes;
    return all || slot.result != 0 ? StepResult.ENDED : StepResult.DONE;
  }

  /**
   * Drops all commands: none begins any more, and the results of requests in flight are ignored.
   */
  void abandon() {
    waitingCount = 0;
    backCount = 0;
    filling = null;
    for (Transfer request : requests) {
      if (request.wanted && request.inFlight()) {
        orphan(request);
      } else if (request.wanted) {
        free(request);
      }
    }
  }

  private void orphan(Transfer request) {
    request.wanted = false;
    orphans++;
    orphanSlots |= 1 << request.slot;
    if (request.changesDisk()) {
      orphansThatWrite++;
    }
    if (request.index == PLAIN) {
      backend.cutShort(request); // a TRIM may be long; it may complete in this call
    }
  }

  /** Frees the buffers; nothing may be in flight. Idempotent. */
  void close() {
    abandon();
    for (Transfer request : requests) {
      request.close();
    }
    pool.close();
  }
}
