package dev.platter.aio.loop;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.ring.Sqe;
import dev.platter.aio.sys.FutexWord;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * A request in steady state allocates nothing, on any thread it passes through. What is measured is
 * windows of many requests: until the code is compiled and tables have grown some allocate, and the
 * compiler's first guesses may be undone; after that none does.
 */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class AllocationTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int WINDOW = 2_000;
  private static final int ENOUGH = 5;
  private static final int MOST = 200;
  private static final int BLOCK = 4096;

  @TempDir Path directory;

  private Arena arena;
  private int fd;

  @BeforeEach
  @SuppressWarnings("NullAway.Init")
  void openFile() throws Exception {
    arena = Arena.ofShared();
    Path file = Files.write(directory.resolve("file"), new byte[16 * BLOCK]);
    fd = Libc.open(file.toString(), LinuxAbi.O_RDWR | LinuxAbi.O_CLOEXEC, 0);
    assertThat(fd).isGreaterThanOrEqualTo(0);
  }

  @AfterEach
  void close() {
    Libc.close(fd);
    arena.close();
  }

  /** Counts one thread's requests, and what the thread allocated in each window of them. */
  private static final class Meter {
    private int requests;
    private int windows;
    private int windowsWithout;
    private long allocated;
    private long before;

    /** Called by the measured thread after each request; returns false once all is measured. */
    boolean count() {
      if (isDone()) {
        return false;
      }
      if (requests++ % WINDOW == 0) {
        if (requests > 1) {
          allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
          windows++;
          windowsWithout = allocated == 0 ? windowsWithout + 1 : 0;
        }
        before = THREADS.getCurrentThreadAllocatedBytes();
      }
      return !isDone();
    }

    boolean isDone() {
      return windowsWithout == ENOUGH || windows == MOST;
    }

    void assertNothingInTheEnd() {
      assertThat(windowsWithout)
          .as(
              "windows of %d requests in a row that allocated nothing; the last allocated %d bytes",
              WINDOW, allocated)
          .isEqualTo(ENOUGH);
    }
  }

  /** A read that starts itself again until it has been measured. */
  private static final class Reader extends RingOp {
    private final int fd;
    private final MemorySegment buffer;
    private final Meter meter;
    private final CountDownLatch done;
    private int wrong;

    Reader(int fd, MemorySegment buffer, Meter meter, CountDownLatch done) {
      super(true);
      this.fd = fd;
      this.buffer = buffer;
      this.meter = meter;
      this.done = done;
    }

    @Override
    protected void prepare(Sqe sqe) {
      sqe.prepRead(fd, buffer.address(), BLOCK, 2 * BLOCK);
    }

    @Override
    protected void complete(int result, int cqeFlags) {
      wrong += result == BLOCK ? 0 : 1;
      if (meter.count()) {
        AioContext.current().addSqe(this);
      } else {
        done.countDown();
      }
    }
  }

  private void readsThroughAnIoThread(AioConfig config, int depth) throws Exception {
    try (IoThread ioThread = new IoThread("io0", config)) {
      AioContext context = ioThread.context();
      CountDownLatch done = new CountDownLatch(depth);
      Meter meter = new Meter();
      Reader[] readers = new Reader[depth];
      for (int i = 0; i < depth; i++) {
        readers[i] = new Reader(fd, arena.allocate(BLOCK, BLOCK), meter, done);
      }
      context.invoke(() -> {
        for (Reader reader : readers) {
          context.addSqe(reader);
        }
      });
      done.await();
      meter.assertNothingInTheEnd();
      for (Reader reader : readers) {
        assertThat(reader.wrong).isZero();
      }
    }
  }

  @Test
  void readsThroughAnIoThread() throws Exception {
    readsThroughAnIoThread(AioConfig.ioThread().withPollMaxNanos(0), 1);
    readsThroughAnIoThread(AioConfig.ioThread(), 8);
  }

  @Test
  void readsThatWaitForRoomInTheQueue() throws Exception {
    readsThroughAnIoThread(AioConfig.ioThread().withEntries(2), 8);
  }

  @Test
  void timersBottomHalvesAndNotifiers() throws Exception {
    try (EventNotifier notifier = new EventNotifier(); // watched until the loop has ended
        IoThread ioThread = new IoThread("io0", AioConfig.ioThread())) {
      AioContext context = ioThread.context();
      CountDownLatch done = new CountDownLatch(1);
      Meter meter = new Meter();
      AioTimer[] timer = new AioTimer[1];
      BottomHalf bottomHalf = context.newBottomHalf(notifier::signal);
      timer[0] = context.newTimer(bottomHalf::schedule);
      context.invoke(() -> {
        EventWatch[] watch = new EventWatch[1];
        watch[0] =
            context.watch(
                notifier,
                () -> {
                  if (meter.count()) {
                    timer[0].arm(1_000);
                  } else {
                    done.countDown();
                  }
                });
        timer[0].arm(0);
      });
      done.await();
      meter.assertNothingInTheEnd();
    }
  }

  /** As AHCI: a vCPU queues under the big lock, the main loop completes, the vCPU is woken. */
  @Test
  void readsThroughALockHolderAndTheMainLoop() throws Exception {
    try (MainLoop mainLoop = new MainLoop(AioConfig.mainLoop())) {
      MemorySegment buffer = arena.allocate(BLOCK, BLOCK);
      FutexWord completed = new FutexWord();
      Meter loopMeter = new Meter();
      Meter vcpuMeter = new Meter();
      AtomicBoolean loopDone = new AtomicBoolean();
      RingOp read =
          new RingOp(true) {
            @Override
            protected void prepare(Sqe sqe) {
              sqe.prepRead(fd, buffer.address(), BLOCK, 0);
            }

            @Override
            protected void complete(int result, int cqeFlags) {
              if (!loopMeter.count()) {
                loopDone.set(true);
              }
              completed.set(completed.get() + 1);
              completed.wakeOne();
            }
          };
      Thread vcpu =
          Thread.ofPlatform()
              .start(() -> {
                int count = 0;
                do {
                  mainLoop.lock().lock();
                  AioContext.current().addSqe(read);
                  mainLoop.lock().unlock();
                  while (completed.get() == count) {
                    completed.await(count);
                  }
                  count++;
                } while (vcpuMeter.count() || !loopDone.get());
              });
      vcpu.join();
      vcpuMeter.assertNothingInTheEnd();
      mainLoop.context().invoke(loopMeter::assertNothingInTheEnd);
    }
  }

  @Test
  void waitingForTheBigLock() throws Exception {
    BigLock lock = new BigLock();
    AtomicBoolean stop = new AtomicBoolean();
    Meter meter = new Meter();
    Thread rival =
        Thread.ofPlatform()
            .start(() -> {
              while (!stop.get()) {
                lock.lock();
                for (int i = 0; i < 1_000; i++) {
                  Thread.onSpinWait();
                }
                lock.unlock();
              }
            });
    boolean more = true;
    while (more || lock.stats().contended() == 0) {
      lock.lock();
      lock.unlock();
      more = more && meter.count();
    }
    stop.set(true);
    rival.join();
    meter.assertNothingInTheEnd();
  }
}
