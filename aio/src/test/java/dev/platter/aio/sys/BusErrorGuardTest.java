package dev.platter.aio.sys;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.abi.LinuxAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Every access to a mapping whose file was truncated must come through, cold and compiled. */
class BusErrorGuardTest {
  private static final long PAGE = 4096;
  private static final VarHandle SHORT = JAVA_SHORT.varHandle();
  private static final VarHandle INT = JAVA_INT.varHandle();
  private static final int HOT = 20_000;

  private static long sink;

  @Test
  void everyAccessSurvives() throws Exception {
    assumeTrue(BusErrorGuard.isAvailable());
    MemorySegment heap = Arena.ofAuto().allocate(PAGE, 8);
    byte[] bytes = new byte[100];
    List<Consumer<MemorySegment>> accesses = new ArrayList<>();
    accesses.add(m -> sink += m.get(JAVA_BYTE, PAGE));
    accesses.add(m -> sink += m.get(JAVA_SHORT, PAGE));
    accesses.add(m -> sink += m.get(JAVA_INT, PAGE));
    accesses.add(m -> sink += m.get(JAVA_LONG, PAGE));
    accesses.add(m -> sink += (short) SHORT.getOpaque(m, PAGE) == 5 ? 1 : 0);
    accesses.add(m -> sink += (short) SHORT.getAcquire(m, PAGE));
    accesses.add(m -> m.set(JAVA_BYTE, PAGE, (byte) 3));
    accesses.add(m -> m.set(JAVA_SHORT, PAGE, (short) sink));
    accesses.add(m -> SHORT.setRelease(m, PAGE, (short) 5));
    accesses.add(m -> SHORT.setOpaque(m, PAGE, (short) sink));
    accesses.add(m -> SHORT.setVolatile(m, PAGE, (short) 5));
    accesses.add(m -> sink += (int) INT.getAndAdd(m, PAGE, 5));
    accesses.add(m -> INT.setRelease(m, PAGE, 5));
    accesses.add(m -> MemorySegment.copy(m, PAGE, heap, 0, 16));
    accesses.add(m -> MemorySegment.copy(m, PAGE, heap, 0, PAGE));
    accesses.add(m -> MemorySegment.copy(heap, 0, m, PAGE, PAGE));
    accesses.add(m -> MemorySegment.copy(m, JAVA_BYTE, PAGE, bytes, 0, 100));
    accesses.add(m -> m.asSlice(PAGE, PAGE).fill((byte) 0));
    for (Consumer<MemorySegment> access : accesses) {
      truncateUnder(access, 1);
      truncateUnder(access, HOT);
    }
  }

  private static void truncateUnder(Consumer<MemorySegment> access, int before) throws Exception {
    int fd = Libc.memfdCreate("guard", LinuxAbi.MFD_CLOEXEC);
    assertThat(Libc.ftruncate(fd, 2 * PAGE)).isZero();
    CountDownLatch lost = new CountDownLatch(1);
    try (Mapping mapping = Mapping.shared(fd, 0, 2 * PAGE, true);
        BusErrorGuard.Watch _ =
            Objects.requireNonNull(BusErrorGuard.watch(mapping.segment(), lost::countDown))) {
      for (int i = 0; i < before; i++) {
        access.accept(mapping.segment());
      }
      assertThat(lost.getCount()).isEqualTo(1);
      assertThat(Libc.ftruncate(fd, PAGE)).isZero();
      access.accept(mapping.segment());
      assertThat(lost.await(10, TimeUnit.SECONDS)).as("the owner is told").isTrue();
      // All of it is anonymous memory now.
      mapping.segment().set(JAVA_LONG, 0, 7);
      assertThat(mapping.segment().get(JAVA_LONG, 0)).isEqualTo(7);
    } finally {
      Libc.close(fd);
    }
  }

  @Test
  void onlyTheOwnersOfWhatIsLostAreTold() throws Exception {
    assumeTrue(BusErrorGuard.isAvailable());
    int kept = Libc.memfdCreate("kept", LinuxAbi.MFD_CLOEXEC);
    int cut = Libc.memfdCreate("cut", LinuxAbi.MFD_CLOEXEC);
    assertThat(Libc.ftruncate(kept, PAGE) + Libc.ftruncate(cut, PAGE)).isZero();
    CountDownLatch keptLost = new CountDownLatch(1);
    CountDownLatch cutLost = new CountDownLatch(1);
    try (Mapping keptMapping = Mapping.shared(kept, 0, PAGE, true);
        Mapping cutMapping = Mapping.shared(cut, 0, PAGE, true);
        BusErrorGuard.Watch _ =
            Objects.requireNonNull(
                BusErrorGuard.watch(keptMapping.segment(), keptLost::countDown));
        BusErrorGuard.Watch _ =
            Objects.requireNonNull(BusErrorGuard.watch(cutMapping.segment(), cutLost::countDown))) {
      keptMapping.segment().set(JAVA_LONG, 0, 42);
      assertThat(Libc.ftruncate(cut, 0)).isZero();
      assertThat(cutMapping.segment().get(JAVA_LONG, 0)).isZero();
      assertThat(cutLost.await(10, TimeUnit.SECONDS)).isTrue();
      assertThat(keptLost.getCount()).isEqualTo(1);
      assertThat(keptMapping.segment().get(JAVA_LONG, 0)).isEqualTo(42);
    } finally {
      Libc.close(kept);
      Libc.close(cut);
    }
  }

  /** Where the host has no thread for it, the next mapping has one started, and is listened for. */
  @Test
  void aThreadThatCannotBeStartedIsTriedAgain() throws Exception {
    MemorySegment memory = Arena.ofAuto().allocate(GuardTable.BYTES, 8);
    int eventFd = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC);
    AtomicInteger asked = new AtomicInteger();
    BusErrorGuard guard =
        new BusErrorGuard(
            new GuardTable(memory),
            eventFd,
            body -> {
              if (asked.incrementAndGet() == 1) {
                throw new OutOfMemoryError("unable to create native thread");
              }
              return Thread.ofPlatform().daemon().unstarted(body);
            });
    CountDownLatch lost = new CountDownLatch(1);
    try (Mapping mapping = Mapping.anonymous(PAGE)) {
      assertThat(guard.add(mapping.segment(), () -> {})).as("a guard").isNull();
      try (BusErrorGuard.Watch _ =
          Objects.requireNonNull(guard.add(mapping.segment(), lost::countDown))) {
        // What the handler does that finds the mapping in the first slot.
        memory.set(JAVA_LONG, GuardTable.HEAD_BYTES + GuardTable.SLOT_LOST, 1);
        Syscalls.signalEventFd(eventFd);
        assertThat(lost.await(30, TimeUnit.SECONDS)).isTrue();
      }
    }
  }

  /** Each of 20 clients has as many as its protocol lets it have. */
  @Test
  void oneClientDoesNotTakeThoseOfAnother() throws Exception {
    assumeTrue(BusErrorGuard.isAvailable());
    try (Mapping mapping = Mapping.anonymous(PAGE)) {
      List<BusErrorGuard.Watch> watches = new ArrayList<>();
      for (int i = 0; i < 20 * 512; i++) {
        watches.add(Objects.requireNonNull(BusErrorGuard.watch(mapping.segment(), () -> {})));
      }
      watches.forEach(BusErrorGuard.Watch::close);
    }
  }
}
