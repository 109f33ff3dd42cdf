package dev.platter.aio.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.EventWatch;
import dev.platter.aio.loop.IoThread;
import dev.platter.aio.sys.HeldPipe;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Sockets;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Eventfds that come from another process: whatever flags they have, no signal is lost. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class ForeignNotifierTest {
  private static final AioConfig NO_POLLING = AioConfig.ioThread().withPollMaxNanos(0);
  private static final int EFD_NONBLOCK = 0x800; // sys/eventfd.h, O_NONBLOCK
  private static final int F_DUPFD_CLOEXEC = 1030; // fcntl.h
  private static final int AF_INET = 2; // sys/socket.h
  private static final int AF_INET6 = 10;
  private static final int HELD_UP_SIGNALS = 40;

  private final HeldUpPipes heldUp = new HeldUpPipes(0);

  /** The flags that another process may have made it with. */
  private static EventNotifier foreign(int flags) {
    return EventNotifier.adopt(
        Libc.eventfd(0, flags | LinuxAbi.EFD_CLOEXEC), () -> {}, new HeldUpPipes());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, EFD_NONBLOCK, 1, 1 | EFD_NONBLOCK})
  void everySignalIsSeen(int flags) {
    try (AioContext context = new AioContext("own", NO_POLLING, null);
        EventNotifier notifier = foreign(flags)) {
      assertThat(notifier.isForeign()).isTrue();
      int[] calls = new int[1];
      EventWatch watch = context.watch(notifier, () -> calls[0]++);
      for (int signal = 1; signal <= 100; signal++) {
        int before = calls[0];
        notifier.signal();
        while (calls[0] == before) {
          context.turn(true); // for ever, if it was lost
        }
      }
      watch.close();
      watch.awaitEnd();
    }
  }

  @Test
  void aSignalFromBeforeTheWatchIsHeard() {
    try (AioContext context = new AioContext("own", NO_POLLING, null);
        EventNotifier notifier = foreign(EFD_NONBLOCK)) {
      notifier.signal();
      int[] calls = new int[1];
      EventWatch watch = context.watch(notifier, () -> calls[0]++);
      while (calls[0] == 0) {
        context.turn(true);
      }
      watch.close();
    }
  }

  /**
   * The other process makes its eventfd blocking again and fills the counter, so that the next
   * write(2) waits for a read(2): whoever signals it is released, and not held up again.
   */
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void aFullCounterHoldsUpNobodyForLong(int semaphore) {
    int theirs = Libc.eventfd(0, semaphore | LinuxAbi.EFD_CLOEXEC);
    try (EventNotifier notifier =
            EventNotifier.adopt(Libc.fcntl(theirs, F_DUPFD_CLOEXEC, 0), () -> {}, heldUp);
        EventNotifier honest = foreign(0)) {
      for (int i = 0; i < 3; i++) {
        fill(theirs);
        notifier.signal(); // for ever, if nobody looks after it
      }
      honest.signal();
      assertThat(count(honest)).isEqualTo(1);
    } finally {
      Libc.close(theirs);
    }
  }

  private static void fill(int eventFd) {
    assertThat(Libc.fcntl(eventFd, LinuxAbi.F_SETFL, 0)).isZero();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment most = arena.allocateFrom(ValueLayout.JAVA_LONG, -2L);
      MemorySegment pollfd = arena.allocate(LinuxAbi.POLLFD_SIZE, 8);
      pollfd.set(ValueLayout.JAVA_INT, LinuxAbi.POLLFD_FD, eventFd);
      pollfd.set(ValueLayout.JAVA_SHORT, LinuxAbi.POLLFD_EVENTS, (short) LinuxAbi.POLLIN);
      if (Libc.poll(pollfd.address(), 1, 0) == 0) {
        assertThat(Libc.write(eventFd, most.address(), Long.BYTES)).isEqualTo(Long.BYTES);
      }
    }
  }

  private static long count(EventNotifier notifier) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment counter = arena.allocate(ValueLayout.JAVA_LONG);
      assertThat(Libc.read(notifier.fd(), counter.address(), Long.BYTES)).isEqualTo(Long.BYTES);
      return counter.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  @Test
  void aLoopThatNobodySignalsSleeps() {
    try (AioContext context = new AioContext("own", NO_POLLING, null);
        EventNotifier notifier = foreign(EFD_NONBLOCK)) {
      int[] calls = new int[1];
      EventWatch watch = context.watch(notifier, () -> calls[0]++);
      notifier.signal();
      while (calls[0] == 0) {
        context.turn(true);
      }
      int heard = calls[0];
      // The counter stays up, as nobody reads it; that must not be heard again and again.
      for (int i = 0; i < 10; i++) {
        context.turn(false);
      }
      assertThat(calls[0]).isEqualTo(heard);
      watch.close();
    }
  }

  @Test
  void noWakeUpIsLostBetweenThreads() throws Exception {
    int rounds = 20_000;
    AtomicInteger published = new AtomicInteger();
    AtomicInteger seen = new AtomicInteger();
    try (EventNotifier notifier = foreign(EFD_NONBLOCK);
        IoThread thread = new IoThread("io", NO_POLLING)) {
      EventWatch[] watch = new EventWatch[1];
      thread
          .context()
          .invoke(
              () -> watch[0] = thread.context().watch(notifier, () -> seen.set(published.get())));
      for (int round = 1; round <= rounds; round++) {
        published.set(round);
        notifier.signal();
        if (round % 7 == 0) {
          while (seen.get() < round) { // for ever, if one was lost
            LockSupport.parkNanos(1);
          }
        }
      }
      while (seen.get() < rounds) {
        Thread.onSpinWait();
      }
      thread.context().invoke(() -> watch[0].close());
      watch[0].awaitEnd();
    }
  }

  @Test
  void aFullCounterDoesNotHoldUpWhoSignals() {
    try (EventNotifier notifier = foreign(0);
        java.lang.foreign.Arena arena = java.lang.foreign.Arena.ofConfined()) {
      // eventfd(2): the counter goes to 2^64 - 2, and a write that would pass it waits.
      var most = arena.allocateFrom(java.lang.foreign.ValueLayout.JAVA_LONG, -2L);
      assertThat(Libc.write(notifier.fd(), most.address(), 8)).isEqualTo(8);
      notifier.signal();
    }
  }

  /**
   * A pipe or a socket that nobody reads: it is told as long as there is room, and never waited
   * for.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aSinkIsSignalledUntilItIsFull(boolean socket) throws Exception {
    Process reader = null;
    int theirs;
    int other;
    if (socket) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment fds = arena.allocate(ValueLayout.JAVA_INT, 2);
        assertThat(Sockets.socketpair(LinuxAbi.AF_UNIX, LinuxAbi.SOCK_STREAM, fds)).isZero();
        theirs = fds.getAtIndex(ValueLayout.JAVA_INT, 0);
        other = fds.getAtIndex(ValueLayout.JAVA_INT, 1);
      }
    } else {
      // A process that waits for its standard input: the pipe to it is ours, and not read.
      reader = new ProcessBuilder("sleep", "60").start();
      String pipe = "/proc/" + reader.pid() + "/fd/0";
      theirs = Libc.open(pipe, LinuxAbi.O_WRONLY | LinuxAbi.O_CLOEXEC, 0);
      other = Libc.open(pipe, LinuxAbi.O_RDONLY | LinuxAbi.O_CLOEXEC, 0);
    }
    int ours = Libc.fcntl(theirs, F_DUPFD_CLOEXEC, 0);
    try (EventNotifier notifier = EventNotifier.adoptSink(ours, () -> {}, heldUp);
        Arena arena = Arena.ofConfined()) {
      assertThat(Libc.fcntl(theirs, LinuxAbi.F_SETFL, 0)).isZero(); // blocking, if they were shared
      for (int i = 0; i < 100_000; i++) {
        notifier.signal(); // 800 kB
      }
      MemorySegment read = arena.allocate(ValueLayout.JAVA_LONG);
      assertThat(Libc.read(other, read.address(), Long.BYTES)).isEqualTo(Long.BYTES);
      assertThat(read.get(ValueLayout.JAVA_LONG, 0)).isEqualTo(1);
    } finally {
      Libc.close(theirs);
      Libc.close(other);
      if (reader != null) {
        reader.destroyForcibly().waitFor();
      }
    }
  }

  /**
   * A write(2) to a pipe waits for its lock, whatever its flags say, and who shares the pipe may
   * hold that for ever: no loop makes one.
   */
  @Test
  void whoSignalsAPipeDoesNotWriteToIt() throws Exception {
    Process reader = new ProcessBuilder("sleep", "60").start();
    try {
      String pipe = "/proc/" + reader.pid() + "/fd/0";
      int theirs = Libc.open(pipe, LinuxAbi.O_WRONLY | LinuxAbi.O_CLOEXEC, 0);
      int other = Libc.open(pipe, LinuxAbi.O_RDONLY | LinuxAbi.O_CLOEXEC, 0);
      try (EventNotifier notifier = EventNotifier.adoptSink(theirs, () -> {}, heldUp);
          Arena arena = Arena.ofConfined()) {
        long before = writesOfThisThread();
        notifier.signal();
        assertThat(writesOfThisThread()).isEqualTo(before);
        MemorySegment read = arena.allocate(ValueLayout.JAVA_LONG);
        assertThat(Libc.read(other, read.address(), Long.BYTES)).isEqualTo(Long.BYTES);
      } finally {
        Libc.close(other);
      }
    } finally {
      reader.destroyForcibly().waitFor();
    }
  }

  /** The last completions of a queue that stops are told, too. */
  @Test
  void aSignalBeforeTheEndArrives() throws Exception {
    Process reader = new ProcessBuilder("sleep", "60").start();
    try (Arena arena = Arena.ofConfined()) {
      String pipe = "/proc/" + reader.pid() + "/fd/0";
      int other = Libc.open(pipe, LinuxAbi.O_RDONLY | LinuxAbi.O_CLOEXEC, 0);
      MemorySegment read = arena.allocate(ValueLayout.JAVA_LONG);
      for (int i = 0; i < 20; i++) {
        int theirs = Libc.open(pipe, LinuxAbi.O_WRONLY | LinuxAbi.O_CLOEXEC, 0);
        try (EventNotifier notifier = EventNotifier.adoptSink(theirs, () -> {}, heldUp)) {
          awaitOpened(notifier);
          notifier.signal();
        }
        assertThat(Libc.read(other, read.address(), Long.BYTES)).isEqualTo(Long.BYTES);
        awaitNone(heldUp);
      }
      Libc.close(other);
    } finally {
      reader.destroyForcibly().waitFor();
    }
  }

  private static EventNotifier adoptPipe(HeldPipe pipe, HeldUpPipes of) {
    return EventNotifier.adoptSink(pipe.duplicate(), () -> {}, of);
  }

  private static void awaitNone(HeldUpPipes pipes) {
    while (pipes.count() > 0) {
      LockSupport.parkNanos(1_000_000);
    }
  }

  /**
   * A client that holds the lock of its pipes and brings new ones costs a thread and a descriptor
   * for each, but not for more than some; once it lets go, its export has pipes again.
   */
  @Test
  void whoHoldsUpItsPipesGetsNoMore() throws Exception {
    HeldUpPipes other = new HeldUpPipes(0);
    try (HeldPipe pipe = HeldPipe.make()) {
      List<EventNotifier> pipes = new ArrayList<>();
      for (int i = 0; i < HeldUpPipes.MAX_OF_ONE; i++) {
        pipes.add(adoptPipe(pipe, heldUp));
      }
      EventNotifier free = adoptPipe(pipe, heldUp);
      pipes.add(free);
      pipes.forEach(ForeignNotifierTest::awaitOpened);
      free.close();
      pipes.remove(free);
      awaitNone(heldUp);
      pipe.hold();
      for (EventNotifier each : pipes) {
        each.signal();
        while (!each.isBeingSignalled()) {
          LockSupport.parkNanos(1_000_000);
        }
        each.close();
      }
      assertThat(heldUp.count()).isEqualTo(HeldUpPipes.MAX_OF_ONE);
      int refused = pipe.duplicate();
      assertThatThrownBy(() -> EventNotifier.adoptSink(refused, () -> {}, heldUp))
          .isInstanceOf(PlatterException.class)
          .hasMessageContaining("clients of this export still hold up 8 pipes");
      while (Libc.fcntl(refused, LinuxAbi.F_GETFL, 0) >= 0) {
        LockSupport.parkNanos(1_000_000); // a thread of its own closes it
      }
      adoptPipe(pipe, other).close();
      assertThat(other.count()).isEqualTo(1);
    }
    awaitNone(heldUp);
    awaitNone(other);
    try (HeldPipe pipe = HeldPipe.make()) {
      adoptPipe(pipe, heldUp).close();
    }
    awaitNone(heldUp);
  }

  private static void awaitOpened(EventNotifier pipe) {
    while (pipe.isBeingSignalled()) {
      LockSupport.parkNanos(1_000_000);
    }
  }

  /** A pipe that nobody signals is held up when it is closed, too. */
  @Test
  void whoHoldsUpItsPipesWhenTheyAreClosedGetsNoMore() {
    try (HeldPipe pipe = HeldPipe.make()) {
      List<EventNotifier> pipes = new ArrayList<>();
      for (int i = 0; i < HeldUpPipes.MAX_OF_ONE; i++) {
        pipes.add(adoptPipe(pipe, heldUp));
      }
      pipes.forEach(ForeignNotifierTest::awaitOpened);
      pipe.hold();
      pipes.forEach(EventNotifier::close);
      assertThat(heldUp.count()).isEqualTo(HeldUpPipes.MAX_OF_ONE);
      assertThatThrownBy(() -> adoptPipe(pipe, heldUp)).isInstanceOf(PlatterException.class);
    }
    awaitNone(heldUp);
  }

  /** A guest of many queues may replace all of its pipes at once: closing them takes a moment. */
  @Test
  void whoReplacesManyPipesAtOnceGetsMore() {
    HeldUpPipes patient = new HeldUpPipes(TimeUnit.HOURS.toNanos(1));
    try (HeldPipe pipe = HeldPipe.make()) {
      for (int round = 0; round < 4; round++) {
        List<EventNotifier> pipes = new ArrayList<>();
        for (int i = 0; i < 4 * HeldUpPipes.MAX_OF_ONE; i++) {
          pipes.add(adoptPipe(pipe, patient));
        }
        pipes.forEach(EventNotifier::close);
      }
    }
    awaitNone(patient);
  }

  /**
   * Who has sent a pipe and closed its own descriptor leaves the last one to us, whatever it was
   * sent as: the thread that refuses it does not close it.
   */
  @Test
  void aPipeThatIsRefusedHoldsUpNobody() throws Exception {
    try (HeldPipe pipe = HeldPipe.make()) {
      int doorbell = pipe.open();
      int unused = pipe.open();
      int call = pipe.open();
      List<EventNotifier> pipes = new ArrayList<>();
      for (int i = 0; i < HeldUpPipes.MAX_OF_ONE; i++) {
        pipes.add(adoptPipe(pipe, heldUp));
      }
      pipes.forEach(ForeignNotifierTest::awaitOpened);
      int[] more = new int[HeldUpPipes.MAX_OF_ONE - 3];
      for (int i = 0; i < more.length; i++) {
        more[i] = pipe.open();
      }
      pipe.hold();
      assertThatThrownBy(() -> EventNotifier.adopt(doorbell, () -> {}, heldUp))
          .isInstanceOf(PlatterException.class)
          .hasMessageContaining("should be an eventfd");
      heldUp.discard(unused);
      assertThat(heldUp.count()).isEqualTo(2);
      heldUp.checkClient();
      pipes.forEach(EventNotifier::close);
      assertThatThrownBy(() -> EventNotifier.adoptSink(call, () -> {}, heldUp))
          .isInstanceOf(PlatterException.class);
      assertThat(heldUp.count()).isEqualTo(HeldUpPipes.MAX_OF_ONE + 3);
      for (int fd : more) {
        heldUp.checkClient();
        heldUp.discard(fd);
      }
      assertThatThrownBy(heldUp::checkClient)
          .isInstanceOf(PlatterException.class)
          .hasMessageContaining("still hold up 16 pipes");
    }
    awaitNone(heldUp);
    heldUp.checkClient();
  }

  /**
   * Many exports together do not hold up more than a process can bear. Opening a pipe waits for its
   * lock, too: whoever adopts one does not.
   */
  @Test
  void allClientsTogetherHoldUpSomePipesOnly() throws Exception {
    List<HeldUpPipes> exports = new ArrayList<>();
    try (HeldPipe pipe = HeldPipe.make()) {
      pipe.hold();
      for (int i = 0; i < HeldUpPipes.MAX_OF_ALL; i++) {
        if (i % HeldUpPipes.MAX_OF_ONE == 0) {
          exports.add(new HeldUpPipes(0));
        }
        adoptPipe(pipe, exports.getLast()).close();
      }
      assertThatThrownBy(() -> adoptPipe(pipe, heldUp))
          .isInstanceOf(PlatterException.class)
          .hasMessageContaining("clients of all exports still hold up 64 pipes");
    }
    exports.forEach(ForeignNotifierTest::awaitNone);
  }

  private static long writesOfThisThread() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/thread-self/io"))) {
      if (line.startsWith("syscw: ")) {
        return Long.parseLong(line.substring("syscw: ".length()));
      }
    }
    throw new AssertionError("the kernel does not count a thread's I/O");
  }

  /** A TCP socket has a lock that its other owner may hold, and may linger when it is closed. */
  @Test
  void aSocketOfTheNetworkIsRefused() {
    for (int domain : new int[] {AF_INET, AF_INET6}) {
      int socket = Sockets.socket(domain, LinuxAbi.SOCK_STREAM | LinuxAbi.SOCK_CLOEXEC, 0);
      if (socket >= 0) {
        assertThatThrownBy(() -> EventNotifier.adoptSink(socket, () -> {}, heldUp))
            .isInstanceOf(PlatterException.class)
            .hasMessageContaining("eventfd, pipe or Unix socket");
        assertThat(Libc.fcntl(socket, LinuxAbi.F_GETFL, 0)).isNegative();
      }
    }
  }

  /**
   * Many who wait for room in a full counter fill it again before a loop that waits there wakes:
   * each of the signals here would have to be lucky against all of them, once each pause of 20 ms,
   * and so take some 50 pauses. Two find a signal that is held up, two more let the guard park.
   */
  @Test
  @Timeout(value = 180, threadMode = ThreadMode.SEPARATE_THREAD) // on a busy host
  void aCounterThatIsFilledAgainAndAgainHoldsUpNobodyForLong() throws Exception {
    int theirs = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC);
    AtomicBoolean over = new AtomicBoolean();
    List<Thread> fillers = new ArrayList<>();
    try (Arena arena = Arena.ofShared()) {
      MemorySegment most = arena.allocateFrom(ValueLayout.JAVA_LONG, -2L);
      Runnable filling =
          () -> {
            while (!over.get()) {
              if (Libc.write(theirs, most.address(), Long.BYTES) < 0) {
                LockSupport.parkNanos(1_000_000); // it does not block for a moment
              }
            }
          };
      for (int i = 0; i < 50; i++) {
        fillers.add(Thread.ofPlatform().daemon().start(filling));
      }
      int before = ForeignEvents.pauses();
      for (int i = 0; i < HELD_UP_SIGNALS; i++) {
        try (EventNotifier notifier =
            EventNotifier.adopt(Libc.fcntl(theirs, F_DUPFD_CLOEXEC, 0), () -> {}, heldUp)) {
          assertThat(Libc.fcntl(theirs, LinuxAbi.F_SETFL, 0)).isZero();
          haveFilled(theirs);
          notifier.signal();
        }
      }
      assertThat(ForeignEvents.pauses() - before).isLessThan(10 * HELD_UP_SIGNALS);
      over.set(true);
      for (Thread filler : fillers) {
        while (filler.isAlive()) {
          emptyOnce(theirs);
        }
      }
    } finally {
      Libc.close(theirs);
    }
  }

  /** Has others fill it, who need all of its room. */
  private static void haveFilled(int eventFd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pollfd = arena.allocate(LinuxAbi.POLLFD_SIZE, 8);
      pollfd.set(ValueLayout.JAVA_INT, LinuxAbi.POLLFD_FD, eventFd);
      pollfd.set(ValueLayout.JAVA_SHORT, LinuxAbi.POLLFD_EVENTS, (short) LinuxAbi.POLLOUT);
      while (Libc.poll(pollfd.address(), 1, 0) != 0) {
        emptyOnce(eventFd);
        Thread.onSpinWait();
      }
    }
  }

  private static void emptyOnce(int eventFd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment counter = arena.allocate(ValueLayout.JAVA_LONG);
      MemorySegment iovec = arena.allocate(LinuxAbi.IOVEC_SIZE, 8);
      iovec.set(ValueLayout.JAVA_LONG, 0, counter.address());
      iovec.set(ValueLayout.JAVA_LONG, Long.BYTES, Long.BYTES);
      Libc.preadv2(eventFd, iovec.address(), 1, -1, LinuxAbi.RWF_NOWAIT);
    }
  }

  /** Whoever was to read is gone: nothing happens, no signal either. */
  @Test
  void aSinkWithoutAReaderIsNoError() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment fds = arena.allocate(ValueLayout.JAVA_INT, 2);
      assertThat(Sockets.socketpair(LinuxAbi.AF_UNIX, LinuxAbi.SOCK_STREAM, fds)).isZero();
      EventNotifier notifier =
          EventNotifier.adoptSink(fds.getAtIndex(ValueLayout.JAVA_INT, 0), () -> {}, heldUp);
      Libc.close(fds.getAtIndex(ValueLayout.JAVA_INT, 1));
      notifier.signal();
      notifier.close();
    }
  }

  @Test
  void whatIsNoEventfdIsRefusedAndClosed() {
    int file = Libc.open("/dev/zero", LinuxAbi.O_RDONLY | LinuxAbi.O_CLOEXEC, 0);
    assertThatThrownBy(() -> EventNotifier.adopt(file, () -> {}, heldUp))
        .isInstanceOf(PlatterException.class)
        .hasMessageContaining("eventfd");
    assertThat(Libc.fcntl(file, LinuxAbi.F_GETFL, 0)).isNegative();
    int zero = Libc.open("/dev/zero", LinuxAbi.O_WRONLY | LinuxAbi.O_CLOEXEC, 0);
    assertThatThrownBy(() -> EventNotifier.adoptSink(zero, () -> {}, heldUp))
        .isInstanceOf(PlatterException.class);
    assertThatThrownBy(() -> EventNotifier.adopt(-1, () -> {}, heldUp))
        .isInstanceOf(PlatterException.class);
  }

  /** Held up once, its owner is told; who has only filled one that nobody signals is left alone. */
  @Test
  void theOwnerOfAFullOneIsTold() {
    int theirs = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC);
    AtomicInteger told = new AtomicInteger();
    AtomicInteger others = new AtomicInteger();
    try (EventNotifier notifier =
            EventNotifier.adopt(
                Libc.fcntl(theirs, F_DUPFD_CLOEXEC, 0), told::incrementAndGet, heldUp);
        EventNotifier unused =
            EventNotifier.adopt(
                Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC), others::incrementAndGet, heldUp)) {
      fill(unused.fd());
      fill(theirs);
      notifier.signal();
      assertThat(told).hasValue(1);
      fill(theirs);
      notifier.signal();
      assertThat(told).hasValue(1);
      assertThat(others).hasValue(0);
    } finally {
      Libc.close(theirs);
    }
  }

  /** An idle server wakes for nothing; the next signal wakes who looks after it. */
  @Test
  void nobodyLooksAfterEventfdsThatAreNotSignalled() {
    int theirs = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC);
    try (EventNotifier notifier =
        EventNotifier.adopt(Libc.fcntl(theirs, F_DUPFD_CLOEXEC, 0), () -> {}, heldUp)) {
      notifier.signal();
      Thread guard =
          Thread.getAllStackTraces().keySet().stream()
              .filter(thread -> thread.getName().equals("event-guard"))
              .findFirst()
              .orElseThrow();
      while (guard.getState() != Thread.State.WAITING) { // without a time-out
        Thread.onSpinWait();
      }
      fill(theirs);
      notifier.signal(); // for ever, if it sleeps on
    } finally {
      Libc.close(theirs);
    }
  }

  /** Where the host has no thread, the client is refused, and the next one is looked after. */
  @Test
  void aThreadThatCannotBeStartedIsTriedAgain() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    CompletableFuture<Thread> started = new CompletableFuture<>();
    ForeignEvents events =
        new ForeignEvents(body -> {
          if (asked.incrementAndGet() == 1) {
            throw new OutOfMemoryError("unable to create native thread");
          }
          Thread thread = Thread.ofPlatform().daemon().unstarted(body);
          started.complete(thread);
          return thread;
        });
    try (EventNotifier notifier = foreign(EFD_NONBLOCK)) {
      assertThatThrownBy(() -> events.lookAfter(notifier))
          .isInstanceOf(PlatterException.class)
          .hasMessageContaining("could not be started");
      events.lookAfter(notifier);
      events.lookAfter(notifier);
      assertThat(asked).hasValue(2);
      started.get().interrupt();
      started.get().join();
    }
  }
}
