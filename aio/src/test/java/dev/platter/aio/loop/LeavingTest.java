package dev.platter.aio.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.event.EventNotifier;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What other threads bring while a loop is being suspended or closed: its turns go on meanwhile,
 * and run it. It must neither keep the loop nor be kept waiting by it.
 */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class LeavingTest {
  private static final AioConfig NO_POLLING = AioConfig.ioThread().withPollMaxNanos(0);
  private static final AioConfig MAIN = AioConfig.mainLoop().withPollMaxNanos(0);

  /** In flight until its eventfd is signalled, as a request is that the disk does not answer. */
  private static TestOp pollOf(EventNotifier gate) {
    return TestOp.poll(false, gate.fd());
  }

  private static void leave(AioContext context, boolean suspending) {
    LoopThread.turnWhile(context, () -> false, () -> suspending);
  }

  private static Thread startedAndWaiting(Runnable body) {
    Thread thread = Thread.ofPlatform().daemon().start(body);
    while (thread.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    return thread;
  }

  @Test
  void aWatchBegunByATurnOfSuspendWaitsForTheResume() {
    AioContext context = new AioContext("own", NO_POLLING, null);
    try (EventNotifier bell = new EventNotifier();
        EventNotifier gate = new EventNotifier()) {
      int[] heard = new int[2];
      EventWatch[] watch = new EventWatch[1];
      Thread session =
          startedAndWaiting(() ->
              context.invoke(() -> {
                watch[0] = context.watch(bell, () -> heard[0]++);
                context.watchFd(gate.fd(), LinuxAbi.POLLIN, events -> heard[1]++);
              }));
      leave(context, true);
      assertThat(context.isSuspended()).isTrue();
      Threads.joinUninterruptibly(session);
      bell.signal();
      gate.signal();
      assertThat(heard).containsOnly(0);
      context.resume();
      while (heard[0] == 0 || heard[1] == 0) {
        context.turn(true);
      }
      watch[0].close();
      watch[0].awaitEnd();
      context.close();
    }
  }

  @Test
  void aWatchBegunByATurnOfCloseIsClosed() {
    AioContext context = new AioContext("own", NO_POLLING, null);
    try (EventNotifier bell = new EventNotifier()) {
      AtomicInteger heard = new AtomicInteger();
      EventWatch[] watch = new EventWatch[1];
      Thread session =
          startedAndWaiting(() -> {
            context.invoke(() -> {
              watch[0] = context.watch(bell, heard::incrementAndGet);
              context.watchFd(bell.fd(), LinuxAbi.POLLIN, events -> heard.incrementAndGet());
            });
            watch[0].awaitEnd();
          });
      bell.signal();
      leave(context, false);
      Threads.joinUninterruptibly(session);
      assertThat(watch[0].isClosed()).isTrue();
      assertThat(heard).hasValue(0);
    }
  }

  /** The second call comes when the loop has run the first, and sleeps for a request. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aLoopThatLeavesIsWokenWhileAnythingIsInFlight(boolean suspending) {
    AioContext context = new AioContext("own", NO_POLLING, null);
    try (EventNotifier gate = new EventNotifier()) {
      TestOp slow = pollOf(gate);
      TestOp late = pollOf(gate);
      context.addSqe(slow);
      Thread session =
          startedAndWaiting(() -> {
            context.invoke(() -> {});
            context.invoke(() -> context.addSqe(late));
            for (int i = 0; i < 100; i++) {
              context.invoke(() -> {});
            }
            gate.signal();
          });
      leave(context, suspending);
      Threads.joinUninterruptibly(session);
      assertThat(slow.isDone()).isTrue();
      assertThat(late.isDone()).isTrue();
      if (suspending) {
        context.closeSuspended();
      }
    }
  }

  /** The turn that runs the first call is the one that has taken the wake-up read back. */
  @Test
  void aRequestThatComesAtTheLastMomentDoesNotLeaveTheLoopDeaf() {
    AioContext context = new AioContext("own", NO_POLLING, null);
    try (EventNotifier gate = new EventNotifier()) {
      context.newBottomHalf(() -> {}).schedule();
      context.turn(true);
      AtomicBoolean ran = new AtomicBoolean();
      TestOp slow = pollOf(gate);
      Thread session =
          startedAndWaiting(() -> {
            context.invoke(() -> context.addSqe(slow));
            context.invoke(() -> ran.set(true));
            gate.signal();
          });
      leave(context, true);
      Threads.joinUninterruptibly(session);
      assertThat(ran).isTrue();
      assertThat(slow.isDone()).isTrue();
      context.closeSuspended();
    }
  }

  /** A holder of the big lock comes in while the loop waits. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aHolderOfTheLockMayBeginAWatchMeanwhile(boolean suspending) {
    BigLock lock = new BigLock();
    lock.lock();
    AioContext context = new AioContext("main", MAIN, lock);
    try (EventNotifier gate = new EventNotifier();
        EventNotifier bell = new EventNotifier()) {
      TestOp slow = pollOf(gate);
      context.addSqe(slow);
      EventWatch[] watch = new EventWatch[1];
      AtomicBoolean entered = new AtomicBoolean();
      Thread vcpu =
          Thread.ofPlatform()
              .daemon()
              .start(() -> {
                entered.set(true);
                lock.lock();
                watch[0] = context.watch(bell, () -> {});
                lock.unlock();
                gate.signal();
              });
      while (!entered.get()) {
        Thread.onSpinWait();
      }
      leave(context, suspending);
      lock.unlock();
      Threads.joinUninterruptibly(vcpu);
      assertThat(slow.isDone()).isTrue();
      assertThat(watch[0].isClosed()).isEqualTo(!suspending);
      if (suspending) {
        context.closeSuspended();
      }
    }
  }
}
