package dev.platter.aio.file;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.PlatterException;
import dev.platter.aio.PlatterException.Kind;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Mapping;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Locks that nobody alive holds. A request in flight keeps the description of its file open without
 * any descriptor, as a mapping does: such a one plays what a dead process has left.
 */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class FileLockTest {
  private static final long LONG = TimeUnit.MINUTES.toNanos(5);

  @TempDir private Path directory;

  private String image() throws IOException {
    Path path = directory.resolve("disk.img");
    if (!Files.exists(path)) {
      Files.write(path, new byte[4096]);
    }
    return path.toString();
  }

  private FileHandle open(boolean writable) throws IOException {
    return FileHandle.open(image(), writable, false);
  }

  /** What is in flight of a user that has died: its description, without it. */
  private Mapping remains(boolean writer, String place) throws Exception {
    try (FileHandle dead = open(writer)) {
      dead.lock(writer, place, LockTimeout.noWait());
      return Mapping.shared(dead.fd(), 0, 4096, false);
    }
  }

  /** A timeout that writes down whom it was told to wait for. */
  private static final class Told implements LockTimeout.Listener {
    final CountDownLatch waits = new CountDownLatch(1);
    final List<String> events = new ArrayList<>();

    @Override
    public void waiting(String path, long nanos) {
      events.add("waiting " + Path.of(path).getFileName() + " " + (nanos > 0));
      waits.countDown();
    }

    @Override
    public void locked(String path, long nanos) {
      events.add("locked " + Path.of(path).getFileName() + " " + (nanos > 0));
    }

    LockTimeout timeout(long nanos, BooleanSupplier givenUp) {
      return new LockTimeout(nanos, givenUp, this);
    }
  }

  private CompletableFuture<Void> lockLater(
      FileHandle file, boolean exclusive, String place, LockTimeout timeout) {
    return CompletableFuture.runAsync(() -> file.lock(exclusive, place, timeout));
  }

  /** A writer's requests exclude everybody; a reader's, writers and the next at its place. */
  @ParameterizedTest
  @ValueSource(strings = {"writer writer", "writer reader", "reader writer", "reader reader"})
  void requestsOfTheDeadAreWaitedFor(String who) throws Exception {
    boolean deadWrites = who.startsWith("writer");
    boolean nextWrites = who.endsWith("writer");
    Mapping inFlight = remains(deadWrites, "/run/vda.sock");
    Told told = new Told();
    try (FileHandle next = open(nextWrites)) {
      CompletableFuture<Void> locked =
          lockLater(next, nextWrites, "/run/vda.sock", told.timeout(LONG, () -> false));
      told.waits.await();
      assertThat(locked).isNotDone();
      inFlight.close();
      locked.get();
    }
    assertThat(told.events).containsExactly("waiting disk.img true", "locked disk.img true");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theWaitIsBoundedAndIsNoBadInput(boolean exclusive) throws Exception {
    Mapping inFlight = remains(exclusive, "/run/vda.sock");
    Told told = new Told();
    try (FileHandle next = open(exclusive)) {
      assertThatThrownBy(
              () -> next.lock(exclusive, "/run/vda.sock", told.timeout(30_000_000, () -> false)))
          .isInstanceOfSatisfying(
              PlatterException.class, e -> assertThat(e.kind()).isEqualTo(Kind.FAILED))
          .hasMessageContaining("still locked after 30 ms")
          .hasMessageContaining("requests of a process that has ended");
      assertThat(told.events).containsExactly("waiting disk.img true");
    } finally {
      inFlight.close();
    }
  }

  /** All processes are looked at when the wait begins and when it ends, not at each try. */
  @Test
  void whoHoldsItIsNotSearchedForAgainAndAgain() throws Exception {
    Mapping inFlight = remains(true, "");
    AtomicInteger searches = new AtomicInteger();
    AtomicInteger tries = new AtomicInteger();
    LockTimeout timeout = new Told().timeout(LONG, () -> tries.incrementAndGet() > 10);
    try (FileHandle next = open(true)) {
      assertThatThrownBy(() ->
              FileLock.acquire(
                  next,
                  true,
                  "",
                  timeout,
                  _ -> {
                    searches.incrementAndGet();
                    return List.of();
                  }))
          .hasMessageContaining("stopped while it waited");
      assertThat(searches).hasValue(2);
    } finally {
      inFlight.close();
    }
  }

  /** A program that takes the lock while the dead are waited for is found in the end. */
  @Test
  void whoComesMeanwhileIsTold() throws Exception {
    Mapping inFlight = remains(true, "");
    AtomicInteger searches = new AtomicInteger();
    try (FileHandle next = open(true)) {
      assertThatThrownBy(() ->
              FileLock.acquire(
                  next,
                  true,
                  "",
                  new Told().timeout(30_000_000, () -> false),
                  _ ->
                      searches.incrementAndGet() == 1
                          ? List.of()
                          : List.of("pid 4711 (another), write lock")))
          .isInstanceOfSatisfying(
              PlatterException.class, e -> assertThat(e.kind()).isEqualTo(Kind.BAD_INPUT))
          .hasMessageContaining("in use by pid 4711 (another), write lock");
    } finally {
      inFlight.close();
    }
  }

  /** What the first file has taken of the time is not there for the second. */
  @Test
  void timeoutIsForAllFilesTogether() throws Exception {
    Mapping inFlight = remains(true, "");
    Told told = new Told();
    LockTimeout timeout = told.timeout(20_000_000, () -> false);
    try (FileHandle next = open(true)) {
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> next.lock(true, "", timeout)).hasMessageContaining("after 20 ms");
      }
    } finally {
      inFlight.close();
    }
    assertThat(told.events).as("the second has no time to wait").hasSize(1);
  }

  /** As an NFS without it has. */
  @Test
  void whereThereIsNoLockServiceARemedyIsNamed() {
    PlatterException lacks = FileLock.failure("disk.img", -Errno.ENOLCK);
    assertThat(lacks.kind()).isEqualTo(Kind.HOST_LACKS);
    assertThat(lacks).hasMessageStartingWith("cannot lock disk.img: the lock service");
    assertThat(lacks.remedy()).contains("rpc.statd", "lock=off");
    assertThat(FileLock.failure("disk.img", -Errno.EIO)).hasMessage("cannot lock disk.img: EIO");
  }

  @Test
  void theWaitCanBeGivenUp() throws Exception {
    Mapping inFlight = remains(true, "");
    Told told = new Told();
    CountDownLatch stop = new CountDownLatch(1);
    try (FileHandle next = open(true)) {
      CompletableFuture<Void> locked =
          lockLater(next, true, "", told.timeout(LONG, () -> stop.getCount() == 0));
      told.waits.await();
      stop.countDown();
      assertThatThrownBy(locked::get)
          .cause()
          .isInstanceOfSatisfying(
              PlatterException.class, e -> assertThat(e.kind()).isEqualTo(Kind.FAILED))
          .hasMessageContaining("stopped while it waited");
    } finally {
      inFlight.close();
    }
  }

  @Test
  void whoLivesIsNotWaitedFor() throws Exception {
    Told told = new Told();
    try (FileHandle living = open(true);
        FileHandle next = open(true)) {
      living.lock(true);
      assertThatThrownBy(() -> next.lock(true, "", told.timeout(LONG, () -> false)))
          .isInstanceOfSatisfying(
              PlatterException.class, e -> assertThat(e.kind()).isEqualTo(Kind.BAD_INPUT))
          .hasMessageContaining("in use by pid " + ProcessHandle.current().pid());
    }
    assertThat(told.events).isEmpty();
  }

  /** Guests of other places have memory of their own, and a living reader looks after its own. */
  @Test
  void readersOfOtherPlacesAndLivingOnesShare() throws Exception {
    Mapping inFlight = remains(false, "/run/vda.sock");
    try (FileHandle elsewhere = open(false);
        FileHandle there = open(false);
        FileHandle thereToo = open(false)) {
      elsewhere.lock(false, "/run/vdb.sock", LockTimeout.noWait());
      assertThatThrownBy(() -> there.lock(false, "/run/vda.sock", LockTimeout.noWait()))
          .hasMessageContaining("requests of a process that has ended");
      inFlight.close();
      there.lock(false, "/run/vda.sock", LockTimeout.noWait());
      thereToo.lock(false, "/run/vda.sock", LockTimeout.noWait());
    }
  }

  /** A dead one is found also among living ones of the same place. */
  @Test
  void oneDeadAmongTheLivingIsFound() throws Exception {
    try (FileHandle one = open(false);
        FileHandle next = open(false)) {
      one.lock(false, "/run/vda.sock", LockTimeout.noWait());
      // Another process's byte, which nobody holds a life to.
      long busy = LockBytes.ownBusy("/run/vda.sock");
      for (long at : new long[] {LockBytes.busy("/run/vda.sock"), busy + 1}) {
        try (FileHandle dead = open(false)) {
          assertThat(OfdLock.tryLock(dead.fd(), false, at, 1)).isZero();
          assertThatThrownBy(() -> next.lock(false, "/run/vda.sock", LockTimeout.noWait()))
              .hasMessageContaining("requests of a process that has ended");
        }
      }
      next.lock(false, "/run/vda.sock", LockTimeout.noWait());
    }
  }

  /** A lock on the whole file, as an older Platter and others take it, tells of no process. */
  @Test
  void aLockOnAllBytesLooksLikeADeadUserOfEveryPlace() throws Exception {
    Mapping hidden;
    try (FileHandle other = open(false);
        FileHandle reader = open(false)) {
      assertThat(OfdLock.tryLock(other.fd(), false, 0, Long.MAX_VALUE)).isZero();
      assertThatThrownBy(() -> reader.lock(false, "/run/vda.sock", LockTimeout.noWait()))
          .isInstanceOf(PlatterException.class)
          .hasMessageContaining("requests of a process that has ended");
      hidden = Mapping.shared(other.fd(), 0, 4096, false);
    }
    try (FileHandle writer = open(true)) {
      assertThatThrownBy(() -> writer.lock(true, "/run/vda.sock", LockTimeout.noWait()))
          .isInstanceOf(PlatterException.class)
          .hasMessageContaining("a process that cannot be seen here");
    } finally {
      hidden.close();
    }
  }

  /** A platter that /proc does not show, in another container, is alive nevertheless. */
  @Test
  void lifeIsSeenWithoutProc() throws Exception {
    long hidden = LockBytes.busy("/run/vda.sock") + 77;
    try (FileHandle requests = open(false)) {
      try (FileHandle life = open(false);
          FileHandle next = open(false)) {
        assertThat(OfdLock.tryLock(life.fd(), false, LockBytes.alive(hidden), 1)).isZero();
        assertThat(OfdLock.tryLock(requests.fd(), false, hidden, 1)).isZero();
        assertThat(OfdLock.find(next.fd(), LockBytes.allAlive(), LockBytes.USERS))
            .isEqualTo(LockBytes.alive(hidden));
        next.lock(false, "/run/vda.sock", LockTimeout.noWait());
      }
      try (FileHandle later = open(false)) {
        assertThatThrownBy(() -> later.lock(false, "/run/vda.sock", LockTimeout.noWait()))
            .hasMessageContaining("requests of a process that has ended");
      }
    }
  }

  /**
   * A process that was killed and cannot end yet, as a thread of it waits for a disk, has its files
   * open. One that is not waited for by its parent looks the same from outside.
   */
  @Test
  void aProcessThatIsDyingDoesNotLive() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "needs python3 to be a process");
    String script =
        """
        import os, sys
        p = os.fork()
        if p == 0:
            # a name of 15 bytes that ends in the middle of a character
            open("/proc/self/comm", "wb").write(b"\\xc3\\xa9" * 10)
            os.kill(os.getpid(), 9)
        os.waitid(os.P_PID, p, os.WEXITED | os.WNOWAIT)
        print(p, flush=True)
        sys.stdin.read()
        """;
    Process parent = new ProcessBuilder("python3", "-c", script).start();
    try {
      long zombie = Long.parseLong(parent.inputReader(UTF_8).readLine());
      assertThat(ProcessState.dying(zombie)).isTrue();
      assertThat(ProcessState.dying(parent.pid())).isFalse();
      assertThat(ProcessState.dying(ProcessHandle.current().pid())).isFalse();
    } finally {
      parent.destroyForcibly().waitFor();
    }
    assertThat(ProcessState.dying(parent.pid())).isFalse();
    assertThat(ProcessState.visible(parent.pid())).isFalse();
  }

  @Test
  void bytesTellPlaceAndProcess() {
    long pid = ProcessHandle.current().pid();
    assertThat(LockBytes.pid(LockBytes.ownBusy("a"))).isEqualTo(pid);
    assertThat(LockBytes.pid(LockBytes.alive(LockBytes.ownBusy("a")))).isEqualTo(pid);
    assertThat(LockBytes.busy("a")).isNotEqualTo(LockBytes.busy("b"));
    for (int i = 0; i < 1_000; i++) {
      long busy = LockBytes.busy("/run/" + i + ".sock");
      assertThat(busy).isGreaterThanOrEqualTo(LockBytes.IMAGE_LENGTH);
      assertThat(busy + LockBytes.USERS_OF_A_PLACE).isLessThanOrEqualTo(LockBytes.allAlive());
      assertThat(LockBytes.alive(busy)).isGreaterThanOrEqualTo(LockBytes.allAlive());
    }
  }
}
