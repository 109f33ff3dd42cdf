package dev.platter.emulator.lab.iowait;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.Ablation;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.IoThread;
import dev.platter.aio.loop.LoopStats;
import dev.platter.aio.loop.MainLoop;
import dev.platter.aio.loop.Threads;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.aio.sys.Mapping;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.BlockRequest;
import dev.platter.emulator.measure.machine.Housekeeping;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One of Platter's own loops: idle after it has completed some reads, or with one read always in
 * flight.
 */
final class LoopWaiter implements Waiter {
  private static final int BYTES = 4096;
  private static final int READS_BEFORE = 64;

  private final Mapping buffer;
  private final AioContext context;
  private final Runnable[] closers;
  private final Reads reads;
  private final AtomicLong completed = new AtomicLong();

  /** Reads one block after the other, on the loop. */
  private final class Reads extends BlockRequest {
    private final BlockBackend image;
    private final CountDownLatch ended = new CountDownLatch(1);
    // Only the loop uses this field.
    private long left;
    private long offset;
    private int error;

    Reads(BlockBackend image, long count) {
      super(1);
      this.image = image;
      this.left = count;
    }

    void next() {
      if (left-- <= 0) {
        ended.countDown();
        return;
      }
      vector().clear();
      vector().add(buffer.segment().address(), BYTES);
      prepareRead(offset);
      offset = (offset + BYTES) % image.sizeBytes();
      image.submit(this);
    }

    @Override
    protected void completed(int result) {
      if (result < 0) {
        error = -result;
        left = 0;
      } else {
        completed.incrementAndGet();
      }
      next();
    }
  }

  /** An idle IOThread. */
  static LoopWaiter idleIoThread(BlockBackend image, boolean optOut) {
    IoThread thread = new IoThread("lab-iothread", config(AioConfig.ioThread(), optOut));
    return new LoopWaiter(image, READS_BEFORE, thread.context(), thread::close);
  }

  /** An idle main loop with the timer of a server. */
  static LoopWaiter idleMainLoop(BlockBackend image, boolean optOut) {
    MainLoop loop = new MainLoop(config(AioConfig.mainLoop(), optOut));
    Housekeeping housekeeping = new Housekeeping(loop);
    return new LoopWaiter(image, READS_BEFORE, loop.context(), housekeeping::close, loop::close);
  }

  /** An IOThread that always has one read in flight and sleeps for it. */
  static LoopWaiter reading(BlockBackend image) {
    IoThread thread = new IoThread("lab-iothread", AioConfig.ioThread().withPollMaxNanos(0));
    return new LoopWaiter(image, Long.MAX_VALUE, thread.context(), thread::close);
  }

  private static AioConfig config(AioConfig config, boolean optOut) {
    return optOut ? config : config.without(Set.of(Ablation.NO_IOWAIT));
  }

  private LoopWaiter(BlockBackend image, long count, AioContext context, Runnable... closers) {
    this.context = context;
    this.closers = closers;
    try {
      this.buffer = Mapping.anonymous(BYTES);
    } catch (ErrnoException e) {
      closeLoop();
      throw new PlatterException(PlatterException.Kind.HOST_LACKS, "no memory", null, e);
    }
    this.reads = new Reads(image, count);
    context.invoke(reads::next);
    if (count < Long.MAX_VALUE) {
      Threads.awaitUninterruptibly(reads.ended);
    }
  }

  @Override
  public Done done() {
    LoopStats.Snapshot stats = context.stats().snapshot();
    return new Done(stats.enters(), stats.noIowaitWaits(), completed.get());
  }

  private void closeLoop() {
    for (Runnable closer : closers) {
      closer.run();
    }
  }

  /**
   * Ends the loop.
   *
   * @throws PlatterException if a read has failed
   */
  @Override
  public void close() {
    context.invoke(() -> reads.left = 0);
    Threads.awaitUninterruptibly(reads.ended);
    closeLoop();
    reads.close();
    buffer.close();
    if (reads.error != 0) {
      throw PlatterException.failed("a read failed with " + Errno.name(reads.error), null);
    }
  }
}
