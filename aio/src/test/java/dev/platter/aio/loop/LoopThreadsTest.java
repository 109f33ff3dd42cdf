package dev.platter.aio.loop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.ring.SetupFlag;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Syscalls;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** {@link IoThread} and {@link MainLoop}: starting, failing and ending. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class LoopThreadsTest {
  private static final AioConfig NO_POLLING = AioConfig.ioThread().withPollMaxNanos(0);

  private static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }

  @Test
  void aFailedSetUpIsThrownToTheCreatorAndLeaksNothing() throws Exception {
    long before = descriptors();
    assertThatThrownBy(() -> new IoThread("io0", NO_POLLING.withEntries(0)))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(PlatterException.Kind.HOST_LACKS);
              assertThat(e).hasMessageContaining("EINVAL");
            });
    assertThatThrownBy(() -> new MainLoop(AioConfig.mainLoop().withEntries(0)))
        .isInstanceOf(PlatterException.class)
        .hasMessageContaining("EINVAL");
    assertThat(descriptors()).isEqualTo(before);
  }

  @Test
  void theMainLoopsContextNeedsTheLock() {
    BigLock lock = new BigLock();
    assertThatThrownBy(() -> new AioContext("main", AioConfig.mainLoop(), lock))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(AioContext::current).isInstanceOf(IllegalStateException.class);
  }

  /** SINGLE_ISSUER binds the ring to its thread: requests from elsewhere come as bottom halves. */
  @Test
  void anIoThreadOwnsASingleIssuerRing() throws Exception {
    try (IoThread ioThread = new IoThread("io0", NO_POLLING)) {
      AioContext context = ioThread.context();
      if (!context.ring().refused().containsKey(SetupFlag.SINGLE_ISSUER)) {
        assertThat(context.ring().granted()).contains(SetupFlag.SINGLE_ISSUER);
      }
      for (int i = 0; i < 1000; i++) {
        TestOp op = TestOp.nop();
        context.newBottomHalf(() -> context.addSqe(op)).schedule();
        op.done.await();
      }
      assertThat(context.stats().snapshot().enters())
          .isLessThanOrEqualTo(context.stats().snapshot().turns());
    }
  }

  @Test
  void theMainLoopsRingIsNotSingleIssuer() {
    try (MainLoop mainLoop = new MainLoop(AioConfig.mainLoop())) {
      assertThat(mainLoop.context().ring().granted())
          .doesNotContain(SetupFlag.SINGLE_ISSUER, SetupFlag.DEFER_TASKRUN);
    }
  }

  @Test
  void closeIsIdempotentAndWaitsForWhatIsInFlight() throws Exception {
    long before = descriptors();
    IoThread ioThread = new IoThread("io0", NO_POLLING);
    TestOp slow = TestOp.timeout(20_000_000, () -> {});
    ioThread.context().invoke(() -> ioThread.context().addSqe(slow));
    ioThread.close();
    assertThat(slow.isDone()).isTrue();
    assertThat(slow.result).isEqualTo(-Errno.ETIME);
    ioThread.close();

    MainLoop mainLoop = new MainLoop(AioConfig.mainLoop());
    TestOp slowToo = TestOp.timeout(20_000_000, () -> {});
    mainLoop.lock().lock();
    AioContext.current().addSqe(slowToo);
    mainLoop.lock().unlock();
    mainLoop.close();
    assertThat(slowToo.isDone()).isTrue();
    mainLoop.close();
    assertThat(descriptors()).isEqualTo(before);
  }

  @Test
  void aRequestMayGoOnInPiecesWhileTheLoopCloses() {
    int[] pieces = new int[1];
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      TestOp[] op = new TestOp[1];
      op[0] =
          TestOp.timeout(
              1_000_000,
              () -> {
                if (++pieces[0] < 5) {
                  context.addSqe(op[0]);
                }
              });
      context.addSqe(op[0]);
    }
    assertThat(pieces[0]).isEqualTo(5);
  }

  @Test
  void closeEndsArmedWatches() {
    try (AioContext context = new AioContext("own", NO_POLLING.withEntries(2), null);
        EventNotifier notifier = new EventNotifier()) {
      for (int i = 0; i < 10; i++) {
        context.watch(notifier, () -> {});
        context.watchFd(notifier.fd(), 1, events -> {});
      }
      context.turn(false);
    }
  }

  @Test
  void closingFromTheWrongPlaceIsAnErrorAndNotADeadlock() {
    try (IoThread ioThread = new IoThread("io0", NO_POLLING);
        MainLoop mainLoop = new MainLoop(AioConfig.mainLoop())) {
      assertThatThrownBy(() -> ioThread.context().invoke(ioThread::close))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("io0");
      assertThatThrownBy(() -> mainLoop.context().invoke(mainLoop::close))
          .isInstanceOf(IllegalStateException.class);
      mainLoop.lock().lock();
      assertThatThrownBy(mainLoop::close).isInstanceOf(IllegalStateException.class);
      mainLoop.lock().unlock();
      assertThatThrownBy(() -> ioThread.context().close())
          .isInstanceOf(IllegalStateException.class);
    }
  }

  /** A bug in a handler ends its loop: nobody may then wait for it for ever. */
  @Test
  void aLoopThatDiesTellsThoseWhoWaitForIt() throws Exception {
    Thread.UncaughtExceptionHandler handler = Thread.getDefaultUncaughtExceptionHandler();
    AtomicReference<Throwable> uncaught = new AtomicReference<>();
    Thread.setDefaultUncaughtExceptionHandler((thread, e) -> uncaught.set(e));
    try {
      IoThread ioThread = new IoThread("io0", NO_POLLING);
      MainLoop mainLoop = new MainLoop(AioConfig.mainLoop());
      for (AioContext context : new AioContext[] {ioThread.context(), mainLoop.context()}) {
        CountDownLatch together = new CountDownLatch(1);
        BottomHalf dies =
            context.newBottomHalf(() -> {
              Threads.awaitUninterruptibly(together);
              throw new UnsupportedOperationException("on purpose");
            });
        dies.schedule();
        Thread waits =
            Thread.ofPlatform()
                .start(() ->
                    assertThatThrownBy(() -> context.invoke(() -> {}))
                        .isInstanceOf(IllegalStateException.class));
        together.countDown();
        waits.join();
        assertThatThrownBy(() -> context.invoke(() -> {}))
            .isInstanceOf(IllegalStateException.class);
      }
      ioThread.close();
      mainLoop.close();
      assertThat(uncaught.get()).isInstanceOf(UnsupportedOperationException.class);
      mainLoop.lock().lock(); // the dead loop does not hold it
      mainLoop.lock().unlock();
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(handler);
    }
  }

  /** Shipped elsewhere as a bug: a wait that returns early on a signal, taken for an event. */
  @Test
  void aSignalEndsAWaitAndIsNoEvent() throws Exception {
    ignoreInJava("URG");
    try (EventNotifier notifier = new EventNotifier();
        IoThread ioThread = new IoThread("io0", NO_POLLING)) {
      AioContext context = ioThread.context();
      int[] calls = new int[1];
      int[] tid = new int[1];
      context.invoke(() -> {
        tid[0] = Syscalls.gettid();
        context.watch(notifier, () -> calls[0]++);
      });
      long turns = context.stats().snapshot().turns();
      // Sent again while the thread may not yet have been asleep when it came.
      while (context.stats().snapshot().turns() < turns + 3) {
        Process kill = new ProcessBuilder("sh", "-c", "kill -s URG " + tid[0]).start();
        String messages = new String(kill.getErrorStream().readAllBytes(), UTF_8);
        assertThat(kill.waitFor()).as(messages).isZero();
      }
      context.invoke(() -> assertThat(calls[0]).isZero());
      notifier.signal();
      while (calls[0] == 0) {
        context.invoke(() -> {});
      }
    }
  }

  /** Gives a signal a handler that does nothing, so that it interrupts system calls. */
  private static void ignoreInJava(String name) throws Exception {
    // By reflection: javac cannot be told to let the use of jdk.unsupported pass.
    Class<?> signal = Class.forName("sun.misc.Signal");
    Class<?> handler = Class.forName("sun.misc.SignalHandler");
    Object nothing =
        Proxy.newProxyInstance(
            handler.getClassLoader(), new Class<?>[] {handler}, (proxy, method, args) -> null);
    signal
        .getMethod("handle", signal, handler)
        .invoke(null, signal.getConstructor(String.class).newInstance(name), nothing);
  }
}
