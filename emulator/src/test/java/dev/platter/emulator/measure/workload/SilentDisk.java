package dev.platter.emulator.measure.workload;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.Threads;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.meter.BlockMeter;
import dev.platter.devices.block.meter.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.NullMarked;

/** A disk that does not answer some requests before it is told to. */
@NullMarked
final class SilentDisk implements BlockBackend {
  private record Held(AioContext context, BlockRequest request) {
    void answer() {
      context.newBottomHalf(() -> request.finish(0)).schedule();
    }
  }

  private final long sizeBytes;
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile boolean closing;
  private volatile CountDownLatch mayClose = new CountDownLatch(0);
  private final List<Held> held = new ArrayList<>();
  private final BlockMeter meter = new BlockMeter();
  private final Predicate<Operation> answers;

  /**
   * Makes one.
   *
   * @param answers asked for each request, on its loop, whether to answer it
   */
  SilentDisk(long sizeBytes, Predicate<Operation> answers) {
    this.sizeBytes = sizeBytes;
    this.answers = answers;
  }

  /** Makes one that answers so many requests. */
  static SilentDisk after(long sizeBytes, int requests) {
    AtomicInteger left = new AtomicInteger(requests);
    return new SilentDisk(sizeBytes, _ -> left.getAndDecrement() > 0);
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public int blockSizeBytes() {
    return 512;
  }

  @Override
  public boolean readOnly() {
    return false;
  }

  @Override
  public boolean writeCache() {
    return true;
  }

  @Override
  public void submit(BlockRequest request) {
    request.begin();
    Held taken = new Held(AioContext.current(), request);
    if (answers.test(request.operation())) {
      taken.answer();
    } else {
      synchronized (this) {
        held.add(taken);
      }
    }
  }

  /** How many requests it has not answered. Any thread. */
  synchronized int heldCount() {
    return held.size();
  }

  /** Has its closing wait for {@link #answer}. */
  void holdClosing() {
    mayClose = new CountDownLatch(1);
  }

  /** Whether its closing has begun. Any thread. */
  boolean isClosing() {
    return closing;
  }

  /** Answers all, each on its loop, and lets its closing go on. Any thread. */
  synchronized void answer() {
    held.forEach(Held::answer);
    held.clear();
    mayClose.countDown();
  }

  void awaitClosed() throws InterruptedException {
    closed.await();
  }

  @Override
  public int sync() {
    return 0;
  }

  @Override
  public BlockMeter meter() {
    return meter;
  }

  @Override
  public void close() {
    closing = true;
    Threads.awaitUninterruptibly(mayClose);
    closed.countDown();
  }
}
