package dev.platter.aio.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.event.HeldUpPipes;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A loop that gives its thread and ring up and goes on with others. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class SuspendTest {
  private static final AioConfig NO_POLLING = AioConfig.ioThread().withPollMaxNanos(0);
  private static final AioConfig MAIN = AioConfig.mainLoop().withPollMaxNanos(0);

  private static long descriptors(String part) throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.filter(
              fd -> {
                try {
                  return Files.readSymbolicLink(fd).toString().contains(part);
                } catch (IOException e) {
                  return false; // the one of the listing
                }
              })
          .count();
    }
  }

  private static EventNotifier eventfd(boolean foreign) {
    return foreign
        ? EventNotifier.adopt(Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC), () -> {}, new HeldUpPipes())
        : new EventNotifier();
  }

  /** Waits for something that the loop does. */
  private static void await(AioContext context, java.util.function.BooleanSupplier done) {
    boolean[] is = new boolean[1];
    while (!is[0]) {
      context.invoke(() -> is[0] = done.getAsBoolean());
    }
  }

  @Test
  void neitherThreadNorRingIsLeftAndAnotherOfEachComes() throws Exception {
    long rings = descriptors("[io_uring]");
    AtomicInteger prologues = new AtomicInteger();
    try (IoThread ioThread = new IoThread("io0", NO_POLLING, prologues::incrementAndGet)) {
      AioContext context = ioThread.context();
      AtomicReference<Thread> thread = new AtomicReference<>();
      context.invoke(() -> thread.set(Thread.currentThread()));
      Thread first = thread.get();
      assertThat(ioThread.suspend()).isZero();
      assertThat(ioThread.suspend()).isZero();
      assertThat(context.isSuspended()).isTrue();
      assertThat(first.isAlive()).isFalse();
      assertThat(descriptors("[io_uring]")).isEqualTo(rings);
      ioThread.resume();
      ioThread.resume();
      assertThat(context.isSuspended()).isFalse();
      context.invoke(() -> thread.set(Thread.currentThread()));
      assertThat(thread.get()).isNotSameAs(first).isNotSameAs(Thread.currentThread());
      assertThat(thread.get().getName()).isEqualTo("io0");
      assertThat(prologues).hasValue(2);
      TestOp op = TestOp.nop();
      context.invoke(() -> context.addSqe(op));
      op.done.await();
    }
    assertThat(descriptors("[io_uring]")).isEqualTo(rings);
  }

  private static List<Integer> workerLimits(AioContext context) {
    List<Integer> limits = new ArrayList<>();
    context.invoke(() -> {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment asked = arena.allocate(ValueLayout.JAVA_INT, 2); // 0: tells, and changes none
        int result = context.ring().register(IoUringAbi.REGISTER_IOWQ_MAX_WORKERS, asked, 2);
        assumeTrue(result == 0, "the kernel has no limit of workers: " + result);
        limits.add(asked.getAtIndex(ValueLayout.JAVA_INT, 0));
        limits.add(asked.getAtIndex(ValueLayout.JAVA_INT, 1));
      }
    });
    return limits;
  }

  @Test
  void theLimitOfWorkersHoldsForTheNextThreadAsWell() {
    try (IoThread ioThread = new IoThread("io0", NO_POLLING.withMaxWorkers(3));
        MainLoop mainLoop = new MainLoop(MAIN.withMaxWorkers(5));
        IoThread free = new IoThread("io1", NO_POLLING)) {
      assertThat(workerLimits(ioThread.context())).containsExactly(3, 3);
      assertThat(workerLimits(mainLoop.context())).containsExactly(5, 5);
      assertThat(workerLimits(free.context())).isNotEqualTo(List.of(3, 3));
      ioThread.suspend();
      ioThread.resume();
      mainLoop.suspend();
      mainLoop.resume();
      assertThat(workerLimits(ioThread.context())).containsExactly(3, 3);
      assertThat(workerLimits(mainLoop.context())).containsExactly(5, 5);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aSignalSentMeanwhileIsHeard(boolean foreign) {
    try (EventNotifier bell = eventfd(foreign);
        IoThread ioThread = new IoThread("io0", NO_POLLING)) {
      AioContext context = ioThread.context();
      int[] calls = new int[1];
      context.invoke(() -> context.watch(bell, () -> calls[0]++));
      for (int round = 1; round <= 3; round++) {
        ioThread.suspend();
        int before = calls[0];
        bell.signal();
        assertThat(calls[0]).isEqualTo(before);
        ioThread.resume();
        await(context, () -> calls[0] > before);
        int heard = calls[0];
        bell.signal();
        await(context, () -> calls[0] > heard);
      }
    }
  }

  /** The kernel may have completed the armed read before it is taken back: signals are not lost. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aSignalThatComesWhileTheLoopIsSuspendedOrResumedIsHeard(boolean foreign) {
    try (EventNotifier bell = eventfd(foreign);
        IoThread ioThread = new IoThread("io0", NO_POLLING)) {
      AioContext context = ioThread.context();
      AtomicInteger asked = new AtomicInteger();
      int[] seen = new int[1];
      context.invoke(() -> context.watch(bell, () -> seen[0] = asked.get()));
      Random random = new Random(11);
      for (int round = 0; round < 300; round++) {
        int turns = random.nextInt(400);
        Thread rings =
            Thread.ofPlatform()
                .start(() -> {
                  for (int i = 0; i < turns; i++) {
                    Thread.onSpinWait();
                  }
                  asked.incrementAndGet();
                  bell.signal();
                });
        ioThread.suspend();
        ioThread.resume();
        Threads.joinUninterruptibly(rings);
        int last = asked.get();
        await(context, () -> seen[0] == last);
      }
    }
  }

  /** Suspends the calling thread's loop; it can be resumed on this thread too. */
  private static void suspendOwn(AioContext context) {
    LoopThread.turnWhile(context, () -> false, () -> true);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aSignalThatWasReadAndNotYetHeardIsHeard(boolean foreign) {
    AioContext context = new AioContext("own", NO_POLLING, null);
    try (EventNotifier bell = eventfd(foreign)) {
      int[] calls = new int[1];
      context.watch(bell, () -> calls[0]++);
      context.turn(false); // armed
      bell.signal();
      // Read by the kernel, and the completion lies in the ring.
      assertThat(context.ring().enter(0, 1, Ring.NO_TIMEOUT, false)).isZero();
      suspendOwn(context);
      assertThat(context.isSuspended()).isTrue();
      assertThat(calls[0]).isZero();
      context.resume();
      while (calls[0] == 0) {
        context.turn(true);
      }
      assertThat(calls[0]).isEqualTo(1);
      context.close();
    }
  }

  /** A call that comes when the loop has run its bottom halves and is about to leave. */
  @Test
  void aCallAtTheLastMomentIsNotLeftBehind() {
    AioContext context = new AioContext("own", NO_POLLING, null);
    List<Thread> callers = new ArrayList<>();
    AioTimer[] timer = new AioTimer[1];
    timer[0] =
        context.newTimer(() -> { // fires after the bottom halves of a turn
          Thread caller = Thread.ofPlatform().start(() -> context.invoke(() -> {}));
          while (caller.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
          }
          callers.add(caller);
          if (callers.size() < 20) {
            timer[0].arm(0);
          }
        });
    timer[0].arm(0);
    suspendOwn(context);
    assertThat(callers).hasSize(20);
    callers.forEach(Threads::joinUninterruptibly);
    context.resume();
    context.close();
  }

  @Test
  void anFdIsWatchedAgain() {
    int fd = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC);
    try (IoThread ioThread = new IoThread("io0", NO_POLLING)) {
      AioContext context = ioThread.context();
      int[] calls = new int[1];
      FdWatch[] watch = new FdWatch[1];
      context.invoke(() ->
          watch[0] =
              context.watchFd(
                  fd,
                  LinuxAbi.POLLIN,
                  events -> {
                    calls[0]++;
                    watch[0].close();
                  }));
      ioThread.suspend();
      dev.platter.aio.sys.Syscalls.signalEventFd(fd);
      ioThread.resume();
      await(context, () -> calls[0] == 1);
    } finally {
      Libc.close(fd);
    }
  }

  @Test
  void whatIsAddedMeanwhileIsSubmittedLater() throws Exception {
    try (EventNotifier bell = new EventNotifier();
        IoThread ioThread = new IoThread("io0", NO_POLLING.withEntries(4))) {
      AioContext context = ioThread.context();
      ioThread.suspend();
      List<TestOp> ops = new ArrayList<>();
      int[] rung = new int[1];
      context.invoke(() -> {
        for (int i = 0; i < 10; i++) { // more than the ring takes at once
          ops.add(TestOp.nop());
          context.addSqe(ops.get(i));
        }
        context.watch(bell, () -> rung[0]++);
      });
      CountDownLatch half = new CountDownLatch(1);
      context.newBottomHalf(half::countDown).schedule();
      CountDownLatch timer = new CountDownLatch(1);
      context.invoke(() -> context.newTimer(timer::countDown).arm(1));
      bell.signal();
      assertThat(ops).noneMatch(TestOp::isDone);
      assertThat(half.getCount() + timer.getCount()).isEqualTo(2);
      long full = context.stats().snapshot().sqFull();
      ioThread.resume();
      for (TestOp op : ops) {
        op.done.await();
        assertThat(op.result).isZero();
      }
      half.await();
      timer.await();
      await(context, () -> rung[0] == 1);
      assertThat(full).as("it was not the SQ that was full").isZero();
    }
  }

  @Test
  void invokeRunsAtOnceWithTheLoopAndNobodyElse() throws Exception {
    try (IoThread ioThread = new IoThread("io0", NO_POLLING);
        MainLoop mainLoop = new MainLoop(MAIN)) {
      ioThread.suspend();
      mainLoop.suspend();
      AioContext io = ioThread.context();
      Thread here = Thread.currentThread();
      io.invoke(() -> {
        assertThat(Thread.currentThread()).isSameAs(here);
        assertThat(AioContext.current()).isSameAs(io);
        io.invoke(() -> assertThat(AioContext.current()).isSameAs(io));
        assertThatThrownBy(() -> io.turn(false)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> io.waitFor(new CountDownLatch(1)))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("suspended");
      });
      assertThatThrownBy(AioContext::current).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> io.addSqe(TestOp.nop())).isInstanceOf(IllegalStateException.class);
      AioContext main = mainLoop.context();
      main.invoke(() -> {
        assertThat(mainLoop.lock().isHeldByCurrentThread()).isTrue();
        assertThat(AioContext.current()).isSameAs(main);
      });
      // As a register access: a request that waits for the loop.
      TestOp op = TestOp.nop();
      mainLoop.lock().lock();
      AioContext.current().addSqe(op);
      mainLoop.lock().unlock();
      assertThatThrownBy(() ->
              io.invoke(() -> {
                throw new UnsupportedOperationException("on purpose");
              }))
          .isInstanceOf(UnsupportedOperationException.class);

      int[] count = new int[1];
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        threads.add(
            Thread.ofPlatform()
                .start(() -> {
                  for (int j = 0; j < 1000; j++) {
                    io.invoke(() -> count[0]++);
                  }
                }));
      }
      threads.forEach(Threads::joinUninterruptibly);
      io.invoke(() -> assertThat(count[0]).isEqualTo(4000));
      mainLoop.resume();
      op.done.await();
    }
  }

  @Test
  void clientsAreHeldAndWaitedForAndGoOn() throws Exception {
    // Has a request in flight that ends when its eventfd is signalled.
    final class Device implements LoopClient {
      final EventNotifier end = new EventNotifier();
      final TestOp op = TestOp.poll(true, end.fd());
      final CountDownLatch holding = new CountDownLatch(1);
      int held;
      int resumed;

      @Override
      public void hold() {
        held++;
        holding.countDown();
      }

      @Override
      public int inFlight() {
        return op.inFlight() ? 1 : 0;
      }

      @Override
      public void resume() {
        resumed++;
      }
    }
    try (IoThread ioThread = new IoThread("io0", NO_POLLING)) {
      AioContext context = ioThread.context();
      Device busy = new Device();
      Device late = new Device();
      context.invoke(() -> {
        context.addClient(busy);
        context.addClient(busy);
        context.addSqe(busy.op);
      });
      ioThread.beginSuspend();
      busy.holding.await();
      context.invoke(() -> assertThat(busy.held).isEqualTo(1)); // it still turns
      assertThat(context.isSuspended()).isFalse();
      busy.end.signal();
      assertThat(ioThread.suspend()).isEqualTo(1);
      assertThat(busy.op.isDone()).isTrue();
      context.invoke(() -> context.addClient(late));
      assertThat(late.held).isEqualTo(1);
      context.invoke(() -> context.removeClient(late));
      ioThread.resume();
      context.invoke(() -> {
        assertThat(busy.resumed).isEqualTo(1);
        assertThat(late.resumed).isZero();
        context.removeClient(busy);
      });
      busy.end.close();
      late.end.close();
    }
  }

  /** Who resumes a loop that waits for a disk does not wait for the disk. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aLoopThatStillWaitsIsTakenBack(boolean main) throws Exception {
    final class Device implements LoopClient {
      final CountDownLatch holding = new CountDownLatch(1);
      volatile boolean held;
      volatile boolean parked;
      volatile int inFlight = 1;

      @Override
      public void hold() {
        held = true;
        holding.countDown();
      }

      @Override
      public void park() {
        parked = true;
      }

      @Override
      public int inFlight() {
        return inFlight;
      }

      @Override
      public void resume() {
        held = false;
        parked = false;
      }
    }
    try (EventNotifier bell = eventfd(true);
        ThreadedLoop loop = main ? new MainLoop(MAIN) : new IoThread("io0", NO_POLLING)) {
      AioContext context = loop.context();
      Device busy = new Device();
      int[] calls = new int[1];
      context.invoke(() -> {
        context.addClient(busy);
        context.watch(bell, () -> calls[0]++);
      });
      long thread = context.threadId();
      for (int round = 0; round < 3; round++) {
        loop.beginSuspend();
        busy.holding.await();
        assertThat(loop.awaitSuspend(0)).isFalse();
        loop.resume();
        context.invoke(() -> {}); // it turns
        assertThat(busy.held).isFalse();
        assertThat(busy.parked).isFalse();
        assertThat(context.isSuspended()).isFalse();
        assertThat(context.threadId()).isEqualTo(thread);
        int before = calls[0];
        bell.signal();
        await(context, () -> calls[0] > before);
      }
      loop.beginSuspend();
      context.invoke(() -> busy.inFlight = 0);
      while (!loop.awaitSuspend(1000)) {
        assertThat(busy.held).isTrue();
      }
      loop.resume(); // it has left already
      assertThat(busy.held).isFalse();
      assertThat(context.threadId()).isNotZero().isNotEqualTo(thread);
      context.invoke(() -> context.removeClient(busy));
    }
  }

  @Test
  void aWatchMayBeClosedMeanwhile() {
    try (EventNotifier bell = new EventNotifier();
        IoThread ioThread = new IoThread("io0", NO_POLLING)) {
      AioContext context = ioThread.context();
      int[] calls = new int[1];
      EventWatch[] watches = new EventWatch[2];
      context.invoke(() -> watches[0] = context.watch(bell, () -> calls[0]++));
      ioThread.suspend();
      context.invoke(() -> watches[1] = context.watch(bell, () -> calls[0]++));
      for (EventWatch watch : watches) {
        context.invoke(watch::close);
        watch.awaitEnd(); // its descriptor could be closed now
      }
      bell.signal();
      ioThread.resume();
      context.invoke(() -> {});
      context.invoke(() -> assertThat(calls[0]).isZero());
    }
  }

  /** Either kind of thread. */
  private record Loop(AioContext context, Runnable suspend, Runnable resume, Runnable close) {
    static Loop start(boolean main) {
      if (main) {
        MainLoop loop = new MainLoop(MAIN);
        return new Loop(loop.context(), loop::suspend, loop::resume, loop::close);
      }
      IoThread thread = new IoThread("io0", NO_POLLING);
      return new Loop(thread.context(), thread::suspend, thread::resume, thread::close);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aSuspendedLoopCanBeClosed(boolean main) throws Exception {
    long before = descriptors("");
    Loop loop = Loop.start(main);
    AioContext context = loop.context();
    EventNotifier bell = new EventNotifier();
    EventWatch[] watch = new EventWatch[1];
    context.invoke(() -> watch[0] = context.watch(bell, () -> {}));
    loop.suspend().run();
    TestOp waits = TestOp.nop();
    int[] halves = new int[1];
    context.invoke(() -> context.addSqe(waits));
    context.newBottomHalf(() -> halves[0]++).schedule();
    loop.close().run();
    loop.close().run();
    watch[0].awaitEnd();
    bell.close();
    assertThat(waits.result).isEqualTo(-Errno.ECANCELED);
    assertThat(halves[0]).isEqualTo(1);
    assertThatThrownBy(() -> context.invoke(() -> {}))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("ended");
    assertThat(descriptors("")).isEqualTo(before);
  }

  @Test
  void aClosedLoopIsNeitherSuspendedNorResumed() {
    IoThread ioThread = new IoThread("io0", NO_POLLING);
    ioThread.suspend();
    ioThread.close();
    ioThread.resume();
    assertThat(ioThread.suspend()).isZero();
    MainLoop mainLoop = new MainLoop(MAIN);
    mainLoop.suspend();
    mainLoop.close();
    mainLoop.lock().lock();
    assertThatThrownBy(AioContext::current).isInstanceOf(IllegalStateException.class);
    mainLoop.lock().unlock();
  }

  @Test
  void aRefusedResumeLeavesItSuspended() throws Exception {
    boolean[] refuse = new boolean[1];
    Runnable prologue =
        () -> {
          if (refuse[0]) {
            throw PlatterException.hostLacks("no more rings", "none");
          }
        };
    try (EventNotifier bell = new EventNotifier();
        IoThread ioThread = new IoThread("io0", NO_POLLING, prologue)) {
      AioContext context = ioThread.context();
      int[] calls = new int[1];
      context.invoke(() -> context.watch(bell, () -> calls[0]++));
      ioThread.suspend();
      bell.signal();
      refuse[0] = true;
      assertThatThrownBy(ioThread::resume).hasMessage("no more rings");
      assertThat(context.isSuspended()).isTrue();
      context.invoke(() -> assertThat(calls[0]).isZero());
      refuse[0] = false;
      ioThread.resume();
      await(context, () -> calls[0] == 1);
    }
  }

  @Test
  void fromTheWrongPlaceItIsAnErrorAndNotADeadlock() {
    try (IoThread ioThread = new IoThread("io0", NO_POLLING);
        MainLoop mainLoop = new MainLoop(MAIN)) {
      assertThatThrownBy(() -> ioThread.context().invoke(ioThread::suspend))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("io0");
      mainLoop.lock().lock();
      assertThatThrownBy(mainLoop::suspend).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(mainLoop::resume).isInstanceOf(IllegalStateException.class);
      mainLoop.lock().unlock();
    }
  }

  @Test
  void aLoopThatHasDiedIsNotResumed() throws Exception {
    Thread.UncaughtExceptionHandler handler = Thread.getDefaultUncaughtExceptionHandler();
    CountDownLatch died = new CountDownLatch(1);
    Thread.setDefaultUncaughtExceptionHandler((thread, e) -> died.countDown());
    try {
      IoThread ioThread = new IoThread("io0", NO_POLLING);
      LoopClient buggy =
          new LoopClient() {
            @Override
            public void hold() {
              throw new UnsupportedOperationException("on purpose");
            }

            @Override
            public int inFlight() {
              return 0;
            }

            @Override
            public void resume() {}
          };
      ioThread.context().invoke(() -> ioThread.context().addClient(buggy));
      assertThat(ioThread.suspend()).isZero();
      died.await();
      assertThat(ioThread.context().isSuspended()).isFalse();
      ioThread.resume();
      assertThatThrownBy(() -> ioThread.context().invoke(() -> {}))
          .isInstanceOf(IllegalStateException.class);
      ioThread.close();
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(handler);
    }
  }

  /** Threads call and schedule while the loop comes and goes: each call runs once, and in time. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void nothingIsLostOrRunTwiceUnderLoad(boolean main) throws Exception {
    Loop loop = Loop.start(main);
    AioContext context = loop.context();
    int[] invoked = new int[1];
    int[] halves = new int[1];
    int calls = 2000;
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int j = 0; j < calls; j++) {
                  context.invoke(() -> invoked[0]++);
                  context.newBottomHalf(() -> halves[0]++).schedule();
                }
              }));
    }
    Random random = new Random(5);
    int rounds = 0;
    while (threads.stream().anyMatch(Thread::isAlive) || rounds < 50) {
      rounds++;
      loop.suspend().run();
      for (int i = random.nextInt(300); i > 0; i--) {
        Thread.onSpinWait();
      }
      loop.resume().run();
    }
    await(context, () -> halves[0] == 2 * calls);
    context.invoke(() -> assertThat(invoked[0]).isEqualTo(2 * calls));
    loop.close().run();
  }
}
