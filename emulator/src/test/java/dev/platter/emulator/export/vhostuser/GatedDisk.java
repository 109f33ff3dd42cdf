package dev.platter.emulator.export.vhostuser;

import dev.platter.aio.loop.AioContext;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.BlockLayer;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.meter.Operation;
import java.util.ArrayList;
import java.util.List;

/** A disk behind a gate: while it is closed, requests are held, and counted. Any thread. */
final class GatedDisk extends BlockLayer {
  /** A request as it was submitted. */
  record Submitted(Operation operation, long offsetBytes, boolean forced) {}

  private record Held(AioContext context, BlockRequest request) {}

  private final List<Held> held = new ArrayList<>();
  private final List<Submitted> submitted = new ArrayList<>();
  private boolean closedGate;
  private int syncResult;

  GatedDisk(BlockBackend disk) {
    super(disk);
  }

  @Override
  public synchronized void submit(BlockRequest request) {
    submitted.add(
        new Submitted(request.operation(), request.offsetBytes(), request.forceUnitAccess()));
    if (closedGate) {
      held.add(new Held(AioContext.current(), request));
      notifyAll();
    } else {
      below().submit(request);
    }
  }

  /** Not behind the gate; counts as a flush that is submitted. */
  @Override
  public synchronized int sync() {
    submitted.add(new Submitted(Operation.FLUSH, 0, false));
    return syncResult == 0 ? below().sync() : syncResult;
  }

  synchronized void failSync(int result) {
    syncResult = result;
  }

  synchronized void closeGate() {
    closedGate = true;
  }

  synchronized void awaitHeld(int count) throws InterruptedException {
    long deadline = System.nanoTime() + 10_000_000_000L;
    while (held.size() < count) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        throw new AssertionError("only " + held.size() + " requests held");
      }
      wait(left);
    }
  }

  /** Lets all that is held pass, and what comes after. */
  void openGate() {
    List<Held> all;
    synchronized (this) {
      closedGate = false;
      all = List.copyOf(held);
      held.clear();
    }
    for (Held each : all) {
      each.context.newBottomHalf(() -> below().submit(each.request)).schedule();
    }
  }

  /** Lets one request pass, by its place among those held. */
  void release(int index) {
    Held each;
    synchronized (this) {
      each = held.remove(index);
    }
    each.context.newBottomHalf(() -> below().submit(each.request)).schedule();
  }

  /** What was submitted since the last call. */
  synchronized List<Submitted> takeSubmitted() {
    List<Submitted> all = List.copyOf(submitted);
    submitted.clear();
    return all;
  }
}
