package dev.platter.aio.loop;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class WatchTest {
  private static final AioConfig NO_POLLING = AioConfig.ioThread().withPollMaxNanos(0);
  private static final int EFD_SEMAPHORE = 1; // sys/eventfd.h: each read takes one

  private static long readEventfd(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(8, 8);
      assertThat(Libc.read(fd, value.address(), 8)).isEqualTo(8);
      return value.get(JAVA_LONG, 0);
    }
  }

  /** Lets the kernel complete what it has, so that the CQE lies in the ring, and takes nothing. */
  private static void letCompletionsArrive(AioContext context) {
    int queued = context.ring().submission().publish();
    assertThat(context.ring().enter(queued, 1, Ring.NO_TIMEOUT, false)).isEqualTo(queued);
    assertThat(context.ring().completion().isEmpty()).isFalse();
  }

  @Test
  void aNotifierIsHeardOncePerBurstOfSignals() {
    try (AioContext context = new AioContext("own", NO_POLLING, null);
        EventNotifier notifier = new EventNotifier()) {
      int[] calls = new int[1];
      EventWatch watch = context.watch(notifier, () -> calls[0]++);
      for (int burst = 1; burst <= 3; burst++) {
        notifier.signal();
        notifier.signal();
        while (calls[0] < burst) {
          context.turn(true);
        }
        context.turn(false);
        assertThat(calls[0]).isEqualTo(burst);
      }
      watch.close();
      watch.close();
    }
  }

  @Test
  void aSignalFromBeforeTheWatchIsHeard() {
    try (AioContext context = new AioContext("own", NO_POLLING, null);
        EventNotifier notifier = new EventNotifier()) {
      notifier.signal();
      int[] calls = new int[1];
      EventWatch watch = context.watch(notifier, () -> calls[0]++);
      while (calls[0] == 0) {
        context.turn(true);
      }
      watch.close();
    }
  }

  @Test
  void anFdIsWatchedByLevel() {
    int fd = Libc.eventfd(3, LinuxAbi.EFD_CLOEXEC | EFD_SEMAPHORE);
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      List<Integer> events = new ArrayList<>();
      FdWatch watch =
          context.watchFd(
              fd,
              LinuxAbi.POLLIN,
              ready -> {
                events.add(ready);
                readEventfd(fd); // drains a part
              });
      while (events.size() < 3) {
        context.turn(true);
      }
      context.turn(false);
      assertThat(events).containsExactly(LinuxAbi.POLLIN, LinuxAbi.POLLIN, LinuxAbi.POLLIN);
      watch.close();
      watch.close();
    } finally {
      Libc.close(fd);
    }
  }

  @Test
  void aBadDescriptorIsReportedOnceAndNotForEver() {
    try (AioContext context = new AioContext("own", NO_POLLING, null)) {
      List<Integer> events = new ArrayList<>();
      FdWatch watch = context.watchFd(-1, LinuxAbi.POLLIN, events::add);
      while (events.isEmpty()) {
        context.turn(true);
      }
      context.turn(false);
      context.turn(false);
      assertThat(events).containsExactly(-Errno.EBADF);
      watch.close();
    }
  }

  /** Shipped elsewhere as a bug: a CQE that races the removal of its handler. */
  @Test
  void noHandlerRunsForACqeThatWasThereWhenTheWatchClosed() {
    try (AioContext context = new AioContext("own", NO_POLLING, null);
        EventNotifier notifier = new EventNotifier()) {
      List<String> calls = new ArrayList<>();
      FdWatch fdWatch =
          context.watchFd(notifier.fd(), LinuxAbi.POLLIN, events -> calls.add("fd " + events));
      context.turn(false);
      notifier.signal();
      letCompletionsArrive(context);
      fdWatch.close();
      while (context.turn(false)) {}
      readEventfd(notifier.fd());

      EventWatch eventWatch = context.watch(notifier, () -> calls.add("event"));
      context.turn(false);
      notifier.signal();
      letCompletionsArrive(context);
      eventWatch.close();
      while (context.turn(false)) {}
      assertThat(calls).isEmpty();
    }
  }

  @Test
  void aHandlerMayCloseItsOwnWatch() {
    try (AioContext context = new AioContext("own", NO_POLLING, null);
        EventNotifier notifier = new EventNotifier()) {
      List<String> calls = new ArrayList<>();
      EventWatch[] event = new EventWatch[1];
      FdWatch[] fd = new FdWatch[1];
      event[0] =
          context.watch(
              notifier,
              () -> {
                calls.add("event");
                event[0].close();
              });
      notifier.signal();
      while (calls.isEmpty()) {
        context.turn(true);
      }
      while (context.turn(false)) {}
      fd[0] =
          context.watchFd(
              notifier.fd(),
              LinuxAbi.POLLIN,
              events -> {
                calls.add("fd");
                fd[0].close();
              });
      notifier.signal();
      while (calls.size() < 2) {
        context.turn(true);
      }
      context.turn(false);
      assertThat(calls).containsExactly("event", "fd");
    }
  }

  @Test
  void lockHoldersWatchOnTheMainLoopAndOthersMayNot() throws Exception {
    try (EventNotifier notifier = new EventNotifier();
        MainLoop mainLoop = new MainLoop(AioConfig.mainLoop())) {
      assertThatThrownBy(() -> mainLoop.context().watch(notifier, () -> {}))
          .isInstanceOf(IllegalStateException.class);
      CountDownLatch heard = new CountDownLatch(1);
      mainLoop.lock().lock();
      EventWatch watch = mainLoop.context().watch(notifier, heard::countDown);
      mainLoop.lock().unlock();
      notifier.signal();
      heard.await();
      mainLoop.lock().lock();
      watch.close();
      mainLoop.lock().unlock();
    }
  }
}
