package dev.platter.devices.block.raw;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.LoopClient;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.devices.block.meter.LoopMeter;
import dev.platter.devices.memory.BufferPool;
import org.jspecify.annotations.Nullable;

/**
 * The state of an image on a loop that submits to it. For that loop, or the holders of its lock.
 */
final class ImageOnLoop implements LoopClient {
  /** The number of chunks for requests that O_DIRECT refuses as they are. */
  static final int BOUNCE_CHUNKS = 8;

  private final AioContext context;
  private final LoopMeter meter;
  private final LongOperations longOperations = new LongOperations();
  private final SlowRequests slowRequests;
  private final Retries retries;
  private volatile @Nullable BufferPool bouncePool;

  ImageOnLoop(RawImage image, AioContext context) {
    this.context = context;
    meter = image.meter().of(context);
    slowRequests = new SlowRequests(image, context);
    retries = new Retries(context);
    context.addClient(this);
  }

  AioContext context() {
    return context;
  }

  LoopMeter meter() {
    return meter;
  }

  LongOperations longOperations() {
    return longOperations;
  }

  SlowRequests slowRequests() {
    return slowRequests;
  }

  Retries retries() {
    return retries;
  }

  /** The pool, reserved at its first use; null if the kernel has no address space for it. */
  @Nullable BufferPool bouncePool() {
    BufferPool pool = bouncePool;
    if (pool == null) {
      try {
        pool = new BufferPool(context, BOUNCE_CHUNKS);
        bouncePool = pool;
      } catch (ErrnoException e) {
        return null;
      }
    }
    return pool;
  }

  /** The number of its pool's chunks that may hold memory. */
  long residentChunks() {
    BufferPool pool = bouncePool;
    return pool == null ? 0 : pool.resident();
  }

  // ---- while the loop is suspended -----------------------------------------------------------

  @Override
  public void hold() {}

  @Override
  public void park() {
    longOperations.park();
  }

  /** The devices count their requests; parked requests are subtracted. */
  @Override
  public int inFlight() {
    return -longOperations.parked();
  }

  @Override
  public void resume() {
    longOperations.resume();
  }

  // ---- the end -------------------------------------------------------------------------------

  /** The image is closed: nothing is in flight. Any thread. */
  void close() {
    try {
      context.invoke(() -> {
        context.removeClient(this);
        slowRequests.close();
        retries.close();
        BufferPool pool = bouncePool;
        if (pool != null) {
          pool.close();
        }
      });
    } catch (IllegalStateException e) {
      // The loop has ended, and its timers with it.
      BufferPool pool = bouncePool;
      if (pool == null) {
        return;
      }
      pool.closeAfterLoop();
    }
  }
}
