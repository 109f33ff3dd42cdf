package dev.platter.aio.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.ring.Sqe;
import dev.platter.aio.sim.SimHooks;
import dev.platter.aio.sys.FutexWord;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/**
 * Small programs over loops, each with one question: does everybody that waits go on, and is
 * nothing lost? A simulation runs them; each begins and ends with nothing open.
 */
final class LoopScenarios {
  private static final AioConfig IO = AioConfig.ioThread().withPollMaxNanos(0);
  private static final AioConfig MAIN = AioConfig.mainLoop().withPollMaxNanos(0);

  private LoopScenarios() {}

  private static void await(CountDownLatch latch) {
    Threads.awaitUninterruptibly(latch);
  }

  private static Thread start(String name, Runnable body) {
    return Thread.ofPlatform().name(name).start(body);
  }

  private static void join(List<Thread> threads) {
    threads.forEach(Threads::joinUninterruptibly);
  }

  /** Waits, as long as the loop can need, until a handler has run. */
  private static void awaitHandled(AioContext context, IntSupplier handled) {
    int[] seen = new int[1];
    for (int look = 0; seen[0] == 0 && look < 100; look++) {
      Thread.onSpinWait();
      context.invoke(() -> seen[0] = handled.getAsInt());
    }
    assertThat(seen[0]).as("signals handled").isPositive();
  }

  /** A thread schedules a bottom half on a loop that goes to sleep. */
  public static class BottomHalfWakesLoop implements Runnable {
    @Override
    public void run() {
      try (IoThread io = new IoThread("io", IO)) {
        CountDownLatch ran = new CountDownLatch(1);
        io.context().newBottomHalf(ran::countDown).schedule();
        await(ran);
      }
    }
  }

  /** Two loops hand a bottom half to each other. */
  public static class PingPong implements Runnable {
    private final int rounds;
    private final long pollNanos;

    /** Twenty rounds without polling. */
    public PingPong() {
      this(20, 0);
    }

    PingPong(int rounds, long pollNanos) {
      this.rounds = rounds;
      this.pollNanos = pollNanos;
    }

    @Override
    public void run() {
      AioConfig config = IO.withPollMaxNanos(pollNanos);
      try (IoThread left = new IoThread("left", config);
          IoThread right = new IoThread("right", config)) {
        CountDownLatch finished = new CountDownLatch(1);
        int[] count = new int[1];
        BottomHalf[] ping = new BottomHalf[1];
        BottomHalf pong = right.context().newBottomHalf(() -> ping[0].schedule());
        ping[0] =
            left.context()
                .newBottomHalf(() -> {
                  if (++count[0] < rounds) {
                    pong.schedule();
                  } else {
                    finished.countDown();
                  }
                });
        ping[0].schedule();
        await(finished);
        assertThat(count[0]).isEqualTo(rounds);
      }
    }
  }

  /** The same with loops that poll before they sleep. */
  public static final class PollingPingPong extends PingPong {
    /** Ten rounds. */
    public PollingPingPong() {
      super(10, 4_000);
    }
  }

  /** vCPUs queue reads under the big lock, and halt until the main loop has completed each. */
  public static final class VcpusQueueUnderTheLock implements Runnable {
    private static final int READS = 4;

    @Override
    public void run() {
      int file = SimHooks.openFile(4096);
      try (MainLoop mainLoop = new MainLoop(MAIN)) {
        List<Thread> vcpus = new ArrayList<>();
        for (int vcpu = 0; vcpu < 2; vcpu++) {
          vcpus.add(start("vcpu" + vcpu, () -> vcpu(mainLoop, file)));
        }
        join(vcpus);
        assertThat(mainLoop.lock().stats().acquisitions()).isPositive();
      }
      SimHooks.close(file);
    }

    private static void vcpu(MainLoop mainLoop, int file) {
      FutexWord completed = new FutexWord();
      int[] attempts = new int[1];
      TestOp read =
          new TestOp(
              true,
              sqe -> sqe.prepFsync(file, true),
              () -> {
                attempts[0]++;
                completed.set(completed.get() + 1);
                completed.wakeOne();
              });
      for (int i = 0; i < READS; i++) {
        mainLoop.lock().lock();
        AioContext.current().addSqe(read);
        mainLoop.lock().unlock();
        while (completed.get() == i) {
          completed.await(i);
        }
      }
      assertThat(attempts[0]).isEqualTo(READS);
    }
  }

  /** A loop is suspended and resumed while others call it, signal it and give it work. */
  public static final class SuspendInvokeWatch implements Runnable {
    private int handled;
    private int invoked;

    @Override
    public void run() {
      IoThread io = new IoThread("io", IO);
      AioContext context = io.context();
      EventNotifier bell = new EventNotifier();
      EventWatch[] watch = new EventWatch[1];
      context.invoke(() -> watch[0] = context.watch(bell, () -> handled++));
      List<Thread> threads = new ArrayList<>();
      threads.add(
          start(
              "suspender",
              () -> {
                io.suspend();
                io.resume();
                io.suspend();
                io.resume();
              }));
      threads.add(
          start(
              "invoker",
              () -> {
                context.invoke(() -> invoked++);
                context.invoke(() -> invoked++);
              }));
      threads.add(
          start(
              "ringer",
              () -> {
                bell.signal();
                bell.signal();
              }));
      join(threads);
      awaitHandled(context, () -> handled);
      assertThat(invoked).isEqualTo(2);
      context.invoke(() -> watch[0].close());
      watch[0].awaitEnd();
      bell.close();
      io.close();
    }
  }

  /** A watch begins on a loop that is being suspended, as a session that starts a queue does. */
  public static final class WatchWhileSuspending implements Runnable {
    private int handled;

    @Override
    public void run() {
      IoThread io = new IoThread("io", IO);
      AioContext context = io.context();
      EventNotifier bell = new EventNotifier();
      EventWatch[] watch = new EventWatch[1];
      Thread starter =
          start(
              "starter",
              () -> context.invoke(() -> watch[0] = context.watch(bell, () -> handled++)));
      io.suspend();
      io.resume();
      Threads.joinUninterruptibly(starter);
      bell.signal();
      awaitHandled(context, () -> handled);
      context.invoke(() -> watch[0].close());
      watch[0].awaitEnd();
      bell.close();
      io.close();
    }
  }

  /** A watched notifier is signalled once, while its loop is suspended and resumed. */
  public static final class SignalWhileSuspending implements Runnable {
    private int handled;

    @Override
    public void run() {
      IoThread io = new IoThread("io", IO);
      AioContext context = io.context();
      EventNotifier bell = new EventNotifier();
      EventWatch[] watch = new EventWatch[1];
      context.invoke(() -> watch[0] = context.watch(bell, () -> handled++));
      Thread ringer = start("ringer", bell::signal);
      io.suspend();
      io.resume();
      Threads.joinUninterruptibly(ringer);
      awaitHandled(context, () -> handled);
      context.invoke(() -> watch[0].close());
      watch[0].awaitEnd();
      bell.close();
      io.close();
    }
  }

  /** A watch is closed while its notifier is signalled: no handler runs after that. */
  public static final class SignalWhileClosing implements Runnable {
    private boolean closed;
    private int late;

    @Override
    public void run() {
      IoThread io = new IoThread("io", IO);
      AioContext context = io.context();
      EventNotifier bell = new EventNotifier();
      EventWatch[] watch = new EventWatch[1];
      context.invoke(() -> watch[0] = context.watch(bell, () -> late += closed ? 1 : 0));
      Thread ringer =
          start(
              "ringer",
              () -> {
                bell.signal();
                bell.signal();
              });
      context.invoke(() -> {
        watch[0].close();
        closed = true;
      });
      watch[0].awaitEnd();
      Threads.joinUninterruptibly(ringer);
      bell.close();
      io.close();
      assertThat(late).as("handlers that ran after the watch was closed").isZero();
    }
  }

  /** A thread holds the big lock for longer than others spin for it. */
  public static final class LongHold implements Runnable {
    @Override
    public void run() {
      try (MainLoop mainLoop = new MainLoop(MAIN)) {
        List<Thread> vcpus = new ArrayList<>();
        for (int vcpu = 0; vcpu < 3; vcpu++) {
          vcpus.add(
              start(
                  "vcpu" + vcpu,
                  () -> {
                    mainLoop.lock().lock();
                    LockSupport.parkNanos(1_000_000);
                    mainLoop.lock().unlock();
                  }));
        }
        join(vcpus);
      }
    }
  }

  /** A timer rings while other threads arm and cancel timers under the big lock. */
  public static final class TimersOfVcpus implements Runnable {
    @Override
    public void run() {
      try (MainLoop mainLoop = new MainLoop(MAIN)) {
        CountDownLatch rung = new CountDownLatch(1);
        mainLoop.lock().lock();
        AioContext context = AioContext.current();
        AioTimer late = context.newTimer(() -> {});
        AioTimer early = context.newTimer(rung::countDown);
        late.arm(1_000_000_000L);
        mainLoop.lock().unlock();
        Thread canceller =
            start(
                "canceller",
                () -> {
                  mainLoop.lock().lock();
                  late.cancel();
                  mainLoop.lock().unlock();
                });
        mainLoop.lock().lock();
        early.arm(50_000);
        mainLoop.lock().unlock();
        await(rung);
        Threads.joinUninterruptibly(canceller);
      }
    }
  }

  /** More requests than the ring has room for, from the loop itself and from a borrower. */
  public static final class MoreThanTheRingHolds implements Runnable {
    @Override
    public void run() {
      int file = SimHooks.openFile(4096);
      IoThread io = new IoThread("io", IO.withEntries(2));
      CountDownLatch done = new CountDownLatch(9);
      io.context()
          .invoke(() -> {
            for (int i = 0; i < 9; i++) {
              io.context().addSqe(new TestOp(true, LoopScenarios.fsync(file), done::countDown));
            }
          });
      await(done);
      io.close();
      SimHooks.close(file);
    }
  }

  private static Consumer<Sqe> fsync(int file) {
    return sqe -> sqe.prepFsync(file, true);
  }
}
