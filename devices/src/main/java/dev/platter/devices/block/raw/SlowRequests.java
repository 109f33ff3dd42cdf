package dev.platter.devices.block.raw;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.Counter;
import dev.platter.aio.loop.LateTimer;
import dev.platter.devices.block.BlockRequest;
import org.jspecify.annotations.Nullable;

/**
 * The requests in flight of one image on one loop, in the order of submission, so that the oldest
 * is known. A timer that runs only while there are requests and listeners counts their age in
 * ticks: a request costs two changes of a list, and no reading of the clock.
 *
 * <p>For the loop's thread, or the holders of its lock; only the counts are for any thread.
 */
final class SlowRequests {
  /** The age in seconds at which a request counts as slow. */
  static final int SLOW_SECONDS = 5;

  private static final long TICK_NANOS = 1_000_000_000L;

  private final RawImage image;
  private final LateTimer timer;
  private final Counter slowNow = new Counter();
  private final Counter slowEver = new Counter();
  private @Nullable RawTransfer first;
  private @Nullable RawTransfer last;
  // Plain: a difference of ticks is right across an overflow.
  private int tick;
  private int tellAt = SLOW_SECONDS;
  private long toldOf;

  SlowRequests(RawImage image, AioContext context) {
    this.image = image;
    timer = new LateTimer(context, this::tick);
  }

  /** Adds a request that the kernel is about to get. */
  void add(RawTransfer transfer) {
    transfer.sinceTick = tick;
    transfer.older = last;
    if (last == null) {
      first = transfer;
    } else {
      last.younger = transfer;
    }
    last = transfer;
    // Without listeners, as in a run of the lab, the timer would wake the loop for nothing.
    if (!timer.isArmed() && !image.listeners().isEmpty()) {
      timer.arm(TICK_NANOS);
    }
  }

  /** Removes a request that the kernel has completed. */
  void remove(RawTransfer transfer) {
    if (transfer.older == null) {
      first = transfer.younger;
    } else {
      transfer.older.younger = transfer.younger;
    }
    if (transfer.younger == null) {
      last = transfer.older;
    } else {
      transfer.younger.older = transfer.older;
    }
    transfer.older = null;
    transfer.younger = null;
    if (transfer.slow) {
      transfer.slow = false;
      slowNow.add(-1);
      if (slowNow.get() == 0) {
        image.listeners().noLongerSlow(seconds(transfer), toldOf);
        toldOf = 0;
        tellAt = SLOW_SECONDS;
      }
    }
  }

  // The first tick after the submission is not counted, because it may come at once.
  private int seconds(RawTransfer transfer) {
    return tick - transfer.sinceTick - 1;
  }

  /** A second has passed. */
  void tick() {
    tick++;
    for (RawTransfer each = first;
        each != null && seconds(each) >= SLOW_SECONDS;
        each = each.younger) {
      if (!each.slow) {
        each.slow = true;
        slowNow.increment();
        slowEver.increment();
        toldOf++;
      }
    }
    RawTransfer oldest = first;
    if (oldest == null) {
      return; // asleep until the next request
    }
    if (seconds(oldest) >= tellAt) {
      tellAt = 2 * seconds(oldest);
      BlockRequest request = oldest.request();
      image
          .listeners()
          .slow(
              request.operation(),
              request.offsetBytes(),
              request.lengthBytes(),
              seconds(oldest),
              slowNow.get());
    }
    timer.arm(TICK_NANOS);
  }

  /** The number of slow requests now. */
  long now() {
    return slowNow.get();
  }

  /** The number of requests that became slow so far. */
  long ever() {
    return slowEver.get();
  }

  void close() {
    timer.cancel();
  }
}
