package dev.platter.devices.virtio.blk;

import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.AioTimer;
import dev.platter.aio.loop.BottomHalf;
import dev.platter.aio.loop.EventHandler;
import dev.platter.aio.loop.EventWatch;
import dev.platter.aio.loop.LoopClient;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.RequestTracing;
import dev.platter.devices.virtio.DescriptorChain;
import dev.platter.devices.virtio.VirtQueue;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * One request queue on its loop: doorbell or busy poll in, requests to the backend, used buffers
 * and interrupts out. But for {@link #start}, {@link #stop} and {@link #close} everything happens
 * on the loop (for the main loop: under the big lock), where the fields belong.
 */
final class BlkQueue implements EventHandler, LoopClient {
  // A ring without a doorbell is looked at: soon again after it had something, then ever more
  // seldom. The loop is free in between, for whom it serves beside.
  private static final long SOON_NANOS = 20_000;
  private static final long SELDOM_NANOS = 1_000_000;

  private final VirtioBlk device;
  private final AioContext context;
  private final RequestParser parser;
  private final BlkRequest[] slots;
  private final BottomHalf notify;
  private final BottomHalf goOn;
  private final AioTimer lookTimer;

  private @Nullable VirtQueue queue;
  private @Nullable EventNotifier doorbell;
  private @Nullable EventWatch watch;
  private @Nullable CountDownLatch drained;
  private @Nullable QueueTracing tracing;
  private @Nullable SlotEntries entries;
  // Taken from the ring, and waiting for a chunk of entries from those in flight.
  private @Nullable DescriptorChain parked;
  private boolean polling;
  private boolean held;
  private boolean processing;
  private int inFlight;
  private long lookNanos;

  BlkQueue(VirtioBlk device, AioContext context) {
    this.device = device;
    this.context = context;
    this.parser = new RequestParser(device);
    slots = new BlkRequest[device.maxQueueSize()];
    for (int i = 0; i < slots.length; i++) {
      slots[i] = new BlkRequest(this);
    }
    notify = context.newBottomHalf(this::notifyDriver);
    goOn = context.newBottomHalf(this::process);
    lookTimer = context.newTimer(this::look);
  }

  /** Has requests stamped from now on; called before the first start. */
  void trace(RequestTracing tracing, int index) {
    this.tracing = new QueueTracing(tracing, index, slots);
  }

  // ---- life ----------------------------------------------------------------------------------

  void start(VirtQueue started, @Nullable EventNotifier bell) {
    int size = started.size();
    SlotEntries allocated = new SlotEntries(size);
    context.invoke(() -> {
      context.addClient(this);
      entries = allocated;
      for (int i = 0; i < size; i++) {
        slots[i].attach(allocated, i);
      }
      queue = started;
      drained = null;
      if (bell == null) {
        unwatch();
        lookNanos = SOON_NANOS;
        look();
      } else {
        watch(bell);
        process();
      }
    });
  }

  private void look() {
    boolean found = poll();
    process();
    lookNanos = found ? SOON_NANOS : Math.min(2 * lookNanos, SELDOM_NANOS);
    lookTimer.arm(lookNanos);
  }

  /**
   * Watches a doorbell of our own from its first start on until the end: a watch that is closed may
   * still take a signal, and the guest rings once. A foreign one, which is polled, loses none.
   */
  private void watch(EventNotifier bell) {
    if (doorbell != bell) {
      unwatch();
      doorbell = bell;
      watch = context.watch(bell, this);
    }
  }

  private void unwatch() {
    if (watch != null) {
      watch.close();
    }
    watch = null;
    doorbell = null;
  }

  /** Takes no more and returns when nothing is in flight. */
  void stop() {
    CountDownLatch latch = new CountDownLatch(1);
    context.invoke(() -> {
      drained = latch;
      lookTimer.cancel();
      cutShort();
      finishStop();
    });
    context.waitFor(latch);
    if (doorbell != null && doorbell.isForeign()) {
      endWatch(); // the next start may bring another
    }
  }

  /** What a guest may have asked for terabytes of is not waited for. */
  private void cutShort() {
    for (BlkRequest slot : slots) {
      if (slot.inFlight()) {
        device.backend().cutShort(slot);
      }
    }
  }

  /** Returns when the doorbell's descriptor may be closed. */
  private void endWatch() {
    EventWatch watched = watch;
    context.invoke(this::unwatch);
    if (watched != null) {
      watched.awaitEnd();
    }
  }

  private void finishStop() {
    if (drained != null && inFlight() == 0) {
      notifyDriver();
      freeEntries();
      queue = null;
      drained.countDown();
      drained = null;
    }
  }

  private void freeEntries() {
    if (entries != null) {
      for (BlkRequest slot : slots) {
        slot.detach();
      }
      entries.close();
      entries = null;
    }
  }

  void close() {
    endWatch();
    context.invoke(() -> context.removeClient(this));
    for (BlkRequest slot : slots) {
      slot.close();
    }
  }

  // ---- while the loop is suspended -----------------------------------------------------------

  @Override
  public void hold() {
    held = true;
  }

  @Override
  public int inFlight() {
    // What was taken from the ring goes on, whoever waits for it.
    return parked == null ? inFlight : inFlight + 1;
  }

  @Override
  public void resume() {
    held = false;
    process();
  }

  // ---- buffers in ----------------------------------------------------------------------------

  @Override
  public void ready() {
    process();
  }

  @Override
  public boolean poll() {
    VirtQueue current = queue;
    return current != null && drained == null && !held && parked == null && current.hasAvailable();
  }

  @Override
  public void pollBegin() {
    polling = true;
    if (queue != null) {
      queue.disableKicks();
    }
  }

  @Override
  public void pollEnd() {
    polling = false;
    process();
  }

  private void process() {
    VirtQueue current = queue;
    if (current == null || drained != null || held || parked != null) {
      return;
    }
    processing = true;
    // A guest that makes buffers available as fast as they are used must not keep the loop.
    int budget = current.size();
    do {
      current.disableKicks();
      DescriptorChain chain;
      while (budget > 0 && parked == null && (chain = current.pop()) != null) {
        budget--;
        handle(current, chain);
      }
    } while (budget > 0 && parked == null && !polling && current.enableKicks());
    processing = false;
    notifyDriver();
    if (budget == 0) {
      goOn.schedule();
    }
  }

  private void handle(VirtQueue from, DescriptorChain chain) {
    BlkRequest slot = slots[chain.id()];
    if (tracing != null) {
      tracing.begin(slot, context);
    }
    int verdict = parser.parse(chain, slot);
    switch (verdict) {
      case RequestParser.SUBMIT -> submit(slot);
      case RequestParser.BROKEN -> from.fail(parser.reason());
      case RequestParser.WAIT -> parked = chain;
      default -> {
        slot.giveChunk();
        answer(from, slot, verdict);
      }
    }
  }

  /** A chunk has come back: goes on with the request that waits for one, then with the ring. */
  private void unpark() {
    DescriptorChain waiting = parked;
    if (waiting != null && queue != null && entries != null && entries.hasChunk()) {
      parked = null;
      handle(queue, waiting);
      goOn.schedule();
    }
  }

  private void submit(BlkRequest slot) {
    inFlight++;
    device.backend().submit(slot);
    if (drained != null) {
      device.backend().cutShort(slot);
    }
  }

  // ---- buffers out ---------------------------------------------------------------------------

  /** A step of a request is done. */
  void completed(BlkRequest slot, int result) {
    inFlight--;
    int outcome = drained == null ? result : slot.dropSegments(result);
    if (outcome == 0 && slot.prepareNext(device.writesThrough())) {
      submit(slot);
      return;
    }
    slot.giveChunk();
    // Zeroes that a stop has cut short are done by the next start, if that can know of them.
    boolean left = outcome == -Errno.ECANCELED && queue != null && queue.remembers();
    if (queue != null && !left) {
      answer(queue, slot, outcome == 0 ? BlkAbi.S_OK : BlkAbi.S_IOERR);
    }
    unpark();
    if (!processing) {
      // One decision about an interrupt for all that completes in this turn of the loop.
      notify.schedule();
    }
    finishStop();
  }

  private void answer(VirtQueue to, BlkRequest slot, int status) {
    DescriptorChain chain = slot.chain();
    long last = chain.writableBytes() - 1;
    if (!chain.writeLast(status)) {
      to.fail("status byte is outside guest memory");
      return;
    }
    if (tracing != null) {
      tracing.completed(slot);
    }
    // What a failed read has written is not known, and the status comes after it (2.7.8.2).
    long written = status == BlkAbi.S_OK ? slot.writtenOnSuccess() : last == 0 ? 1 : 0;
    to.push(chain, written);
  }

  private void notifyDriver() {
    if (queue != null) {
      queue.notifyDriver();
    }
    if (tracing != null) {
      tracing.interrupted();
    }
  }
}
