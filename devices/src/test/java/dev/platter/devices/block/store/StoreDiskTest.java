package dev.platter.devices.block.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.BlockListener;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.meter.Operation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class StoreDiskTest {
  private static final int SIZE = 4 << 20;

  /** Memory that answers on a thread of its own, or fails. */
  private static class Store implements AsyncStore {
    final MemorySegment bytes = Arena.ofAuto().allocate(SIZE);
    final List<String> asked = new ArrayList<>();
    int result;

    @Override
    public long sizeBytes() {
      return SIZE;
    }

    private void answer(String what, Completion done) {
      asked.add(what);
      int its = result;
      Thread.ofPlatform().daemon().start(() -> done.complete(its));
    }

    @Override
    public void read(long offsetBytes, List<MemorySegment> buffers, Completion done) {
      long at = offsetBytes;
      for (MemorySegment buffer : buffers) {
        buffer.copyFrom(bytes.asSlice(at, buffer.byteSize()));
        at += buffer.byteSize();
      }
      answer("read", done);
    }

    @Override
    public void write(
        long offsetBytes, List<MemorySegment> buffers, boolean stable, Completion done) {
      long at = offsetBytes;
      for (MemorySegment buffer : buffers) {
        bytes.asSlice(at, buffer.byteSize()).copyFrom(buffer);
        at += buffer.byteSize();
      }
      answer(stable ? "write stable" : "write", done);
    }

    @Override
    public void flush(Completion done) {
      answer("flush", done);
    }
  }

  /** A store whose flushes alone matter. */
  private abstract static class FlushedStore implements BlockingStore {
    @Override
    public long sizeBytes() {
      return SIZE;
    }

    @Override
    public void read(long offsetBytes, MemorySegment buffer) {}

    @Override
    public void write(long offsetBytes, MemorySegment buffer) {}
  }

  private static void onThread(Runnable task) {
    Thread.ofPlatform().daemon().start(task);
  }

  private static final class Slot extends BlockRequest {
    private int result = 1;

    Slot() {
      super(4);
    }

    @Override
    protected void completed(int result) {
      this.result = result;
    }
  }

  private static int run(StoreDisk disk, AioContext context, Consumer<Slot> prepare) {
    try (Slot slot = new Slot()) {
      prepare.accept(slot);
      disk.submit(slot);
      while (slot.inFlight()) {
        context.turn(true);
      }
      return slot.result;
    }
  }

  private static void onLoop(Consumer<AioContext> body) {
    try (AioContext context = new AioContext("test", AioConfig.ioThread(), null)) {
      body.accept(context);
    }
  }

  private static Consumer<Slot> writing(MemorySegment from, boolean stable) {
    return slot -> {
      slot.vector().add(from.address(), from.byteSize());
      slot.prepareWrite(512, stable);
    };
  }

  @Test
  void answersOfOtherThreadsComeBackToTheLoop() {
    Store store = new Store();
    StoreDisk disk = new StoreDisk("own", store);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment one = arena.allocate(1024).fill((byte) 7);
      MemorySegment two = arena.allocate(1024);
      onLoop(context -> {
        assertThat(run(disk, context, writing(one, true))).isZero();
        assertThat(
                run(
                    disk,
                    context,
                    slot -> {
                      slot.vector().add(two.address(), 512);
                      slot.vector().add(two.address() + 512, 512);
                      slot.prepareRead(512);
                    }))
            .isZero();
        assertThat(run(disk, context, BlockRequest::prepareFlush)).isZero();
        assertThat(run(disk, context, slot -> slot.prepareDiscard(0, SIZE))).isZero();
      });
      assertThat(two.toArray(ValueLayout.JAVA_BYTE)).containsOnly(7);
      assertThat(store.asked).containsExactly("write stable", "read", "flush");
      assertThat(disk.meter().usage().of(Operation.WRITE).bytes()).isEqualTo(1024);
      assertThat(disk.meter().usage().inFlight()).isZero();
      assertThat(disk.sync()).isZero();
    }
  }

  @Test
  void zeroesAreWrittenInPieces() {
    Store store = new Store();
    store.bytes.fill((byte) 1);
    StoreDisk disk = new StoreDisk("own", store);
    onLoop(context ->
        assertThat(run(disk, context, slot -> slot.prepareWriteZeroes(512, SIZE - 1024, true)))
            .isZero());
    assertThat(store.asked).hasSize(4).containsOnly("write");
    assertThat(store.bytes.get(ValueLayout.JAVA_BYTE, 511)).isEqualTo((byte) 1);
    assertThat(store.bytes.asSlice(512, SIZE - 1024).toArray(ValueLayout.JAVA_BYTE))
        .containsOnly(0);
    assertThat(store.bytes.get(ValueLayout.JAVA_BYTE, SIZE - 512)).isEqualTo((byte) 1);
  }

  @Test
  void aShapeThatIsNoDisksIsRefused() {
    assertRefused(0, 512);
    assertRefused(-512, 512);
    assertRefused(SIZE + 512, 4096);
    assertRefused(SIZE, 0);
    assertRefused(SIZE, 1024);
    assertThat(new StoreDisk("own", shaped(SIZE, 4096)).blockSizeBytes()).isEqualTo(4096);
  }

  private static void assertRefused(long sizeBytes, int blockSizeBytes) {
    assertThatThrownBy(() -> new StoreDisk("own", shaped(sizeBytes, blockSizeBytes)))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT));
  }

  private static Store shaped(long sizeBytes, int blockSizeBytes) {
    return new Store() {
      @Override
      public long sizeBytes() {
        return sizeBytes;
      }

      @Override
      public int blockSizeBytes() {
        return blockSizeBytes;
      }
    };
  }

  @Test
  void whatDoesNotFitNeverReachesTheStore() {
    Store store = new Store();
    StoreDisk disk = new StoreDisk("own", store);
    onLoop(context -> {
      assertThat(run(disk, context, slot -> slot.prepareDiscard(SIZE, 512)))
          .isEqualTo(-Errno.EINVAL);
      assertThat(run(disk, context, slot -> slot.prepareDiscard(0, 1))).isEqualTo(-Errno.EINVAL);
    });
    assertThat(store.asked).isEmpty();
  }

  @Test
  void onceAFlushHasFailedAllDo() {
    Store store = new Store();
    StoreDisk disk = new StoreDisk("own", store);
    List<String> told = new ArrayList<>();
    disk.addListener(
        new BlockListener() {
          @Override
          public void flushFailed(int errno) {
            told.add("flush " + errno);
          }

          @Override
          public void failed(Operation operation, long offset, long length, int errno) {
            told.add(operation + " " + errno);
          }
        });
    onLoop(context -> {
      store.result = -Errno.ENOSPC;
      assertThat(run(disk, context, BlockRequest::prepareFlush)).isEqualTo(-Errno.ENOSPC);
      store.result = 0;
      assertThat(run(disk, context, BlockRequest::prepareFlush)).isEqualTo(-Errno.ENOSPC);
    });
    assertThat(disk.sync()).isEqualTo(-Errno.ENOSPC);
    assertThat(told).containsExactly("flush " + Errno.ENOSPC, "FLUSH " + Errno.ENOSPC);
  }

  @Test
  void aWriteWithoutRoomAndAFlushThatWasNotTriedLoseNothing() {
    Store store = new Store();
    StoreDisk disk = new StoreDisk("own", store);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(512);
      onLoop(context -> {
        store.result = -Errno.ENOSPC;
        assertThat(run(disk, context, writing(block, true))).isEqualTo(-Errno.ENOSPC);
        store.result = -Errno.EAGAIN;
        assertThat(run(disk, context, BlockRequest::prepareFlush)).isEqualTo(-Errno.EAGAIN);
        assertThat(disk.sync()).isEqualTo(-Errno.EAGAIN);
        store.result = 0;
        assertThat(run(disk, context, writing(block, true))).isZero();
        assertThat(disk.hostFigures().flushFailed()).isFalse();
        assertThat(disk.sync()).isZero();
        store.result = -Errno.EIO;
        assertThat(disk.sync()).isEqualTo(-Errno.EIO);
        store.result = 0;
        assertThat(run(disk, context, writing(block, true))).isEqualTo(-Errno.EIO);
        assertThat(disk.hostFigures().flushFailed()).isTrue();
      });
    }
  }

  @Test
  void aDiscardThatIsRefusedSucceedsAndIsToldOnce() {
    StoreDisk disk =
        new StoreDisk(
            "own",
            new Store() {
              @Override
              public void discard(long offsetBytes, long lengthBytes, Completion done) {
                done.complete(-Errno.EOPNOTSUPP);
              }
            });
    List<String> told = new ArrayList<>();
    disk.addListener(
        new BlockListener() {
          @Override
          public void discardRefused(long offset, long length, int errno) {
            told.add(offset + "+" + length + " " + Errno.name(errno));
          }

          @Override
          public void failed(Operation operation, long offset, long length, int errno) {
            told.add(operation + " " + errno);
          }
        });
    onLoop(context -> {
      for (int i = 0; i < 2; i++) {
        assertThat(run(disk, context, slot -> slot.prepareDiscard(512, 1024))).isZero();
      }
    });
    assertThat(told).containsExactly("512+1024 EOPNOTSUPP");
    assertThat(disk.hostFigures().discardsRefused()).isEqualTo(2);
  }

  @Test
  void aMistakeOfTheProgramFailsTheRequest() {
    StoreDisk disk =
        new StoreDisk(
            "own",
            new Store() {
              @Override
              public void flush(Completion done) {
                throw new IllegalStateException("planted");
              }

              @Override
              public void discard(long offsetBytes, long lengthBytes, Completion done) {
                throw new AssertionError("planted");
              }
            });
    onLoop(context -> {
      assertThat(run(disk, context, BlockRequest::prepareFlush)).isEqualTo(-Errno.EIO);
      assertThat(run(disk, context, slot -> slot.prepareDiscard(0, 512))).isEqualTo(-Errno.EIO);
    });
  }

  @Test
  void aMistakeOfTheProgramFailsTheFlushAtTheEnd() {
    StoreDisk disk =
        new StoreDisk(
            "own",
            new Store() {
              @Override
              public void flush(Completion done) {
                throw new AssertionError("planted");
              }
            });
    assertThat(disk.sync()).isEqualTo(-Errno.EIO);
  }

  @Test
  void aTaskThatIsRefusedNeverRuns() {
    List<Runnable> queued = new ArrayList<>();
    List<String> done = new ArrayList<>();
    StoreDisk disk =
        new StoreDisk(
            "own",
            new FlushedStore() {
              @Override
              public void flush() {
                done.add("flush");
              }
            }.on(task -> {
              queued.add(task);
              throw new OutOfMemoryError("planted: unable to create native thread");
            }));
    onLoop(context ->
        assertThat(run(disk, context, BlockRequest::prepareFlush)).isEqualTo(-Errno.EAGAIN));
    queued.forEach(Runnable::run);
    assertThat(done).isEmpty();
  }

  @Test
  void anErrorOnAThreadFailsTheRequest() {
    StoreDisk disk =
        new StoreDisk(
            "own",
            new FlushedStore() {
              @Override
              public void flush() {
                throw new AssertionError("planted");
              }
            }.on(StoreDiskTest::onThread));
    onLoop(context ->
        assertThat(run(disk, context, BlockRequest::prepareFlush)).isEqualTo(-Errno.EIO));
  }

  @Test
  void aStoreThatBlocksIsAskedByThreads() {
    BlockingStore store =
        new BlockingStore() {
          private final MemorySegment bytes = Arena.ofAuto().allocate(SIZE);

          @Override
          public long sizeBytes() {
            return SIZE;
          }

          @Override
          public void read(long offsetBytes, MemorySegment buffer) {
            buffer.copyFrom(bytes.asSlice(offsetBytes, buffer.byteSize()));
          }

          @Override
          public void write(long offsetBytes, MemorySegment buffer) {
            bytes.asSlice(offsetBytes, buffer.byteSize()).copyFrom(buffer);
          }

          @Override
          public void flush() throws IOException {
            throw new IOException("planted");
          }
        };
    StoreDisk disk = new StoreDisk("own", store.on(StoreDiskTest::onThread));
    StoreDisk ended =
        new StoreDisk(
            "own",
            store.on(_ -> {
              throw new RejectedExecutionException("planted");
            }));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment one = arena.allocate(512).fill((byte) 9);
      MemorySegment two = arena.allocate(512);
      onLoop(context -> {
        assertThat(run(disk, context, writing(one, false))).isZero();
        assertThat(
                run(
                    disk,
                    context,
                    slot -> {
                      slot.vector().add(two.address(), 512);
                      slot.prepareRead(512);
                    }))
            .isZero();
        assertThat(run(disk, context, writing(one, true))).isEqualTo(-Errno.EIO);
        assertThat(run(ended, context, BlockRequest::prepareFlush)).isEqualTo(-Errno.EAGAIN);
      });
      assertThat(two.toArray(ValueLayout.JAVA_BYTE)).containsOnly(9);
    }
  }
}
