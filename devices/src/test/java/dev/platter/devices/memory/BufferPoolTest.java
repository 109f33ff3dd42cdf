package dev.platter.devices.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.aio.sys.HostMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BufferPoolTest {
  private static final int CHUNKS = 4;

  private final AioContext context = new AioContext("test", AioConfig.ioThread(), null);
  private final List<String> granted = new ArrayList<>();
  private BufferPool pool;

  @BeforeEach
  void open() throws ErrnoException {
    pool = new BufferPool(context, CHUNKS);
  }

  @AfterEach
  void close() {
    pool.close();
    context.close();
  }

  /** Remembers what it was given, and gives it back at once if it is told to. */
  private final class Guest extends BufferPool.ChunkWaiter {
    private final String name;
    private final boolean hasty;
    private int chunk = BufferPool.NONE;
    private Runnable then = () -> {};

    Guest(String name, boolean hasty) {
      this.name = name;
      this.hasty = hasty;
    }

    @Override
    protected void granted(int chunk) {
      granted.add(name);
      this.chunk = chunk;
      then.run();
      if (hasty) {
        pool.give(chunk);
      }
    }
  }

  private int[] takeAll() {
    int[] all = new int[CHUNKS];
    for (int i = 0; i < CHUNKS; i++) {
      all[i] = pool.take();
    }
    return all;
  }

  private void giveAll(int... chunks) {
    for (int chunk : chunks) {
      pool.give(chunk);
    }
  }

  /** What the kernel has given for the pool, in KiB, by its own account. */
  private long residentKib() throws IOException {
    String range = Long.toHexString(pool.segment().address()) + "-";
    boolean inside = false;
    for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
      if (line.startsWith("Rss:") && inside) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
      inside = line.startsWith(range) || (inside && !line.contains("-"));
    }
    throw new AssertionError("no mapping " + range);
  }

  private void touch(int chunk) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ones = arena.allocate(BufferPool.CHUNK_BYTES);
      ones.fill((byte) 1);
      HostMemory.copy(ones.address(), pool.address(chunk), BufferPool.CHUNK_BYTES);
    }
  }

  @Test
  void chunksAreAlignedAndApart() {
    int[] all = takeAll();
    assertThat(all).containsExactlyInAnyOrder(0, 1, 2, 3);
    for (int chunk : all) {
      assertThat(pool.address(chunk) % 4096).isZero();
      assertThat(pool.address(chunk))
          .isEqualTo(pool.segment().address() + (long) chunk * BufferPool.CHUNK_BYTES);
    }
    assertThat(pool.take()).isEqualTo(BufferPool.NONE);
    giveAll(all);
  }

  @Test
  void aSmallLoadUsesTheSameChunkAgain() {
    int chunk = pool.take();
    for (int i = 0; i < 100; i++) {
      pool.give(chunk);
      assertThat(pool.take()).isEqualTo(chunk);
    }
    pool.give(chunk);
    assertThat(pool.resident()).isEqualTo(1);
    assertThat(pool.highWater()).isEqualTo(1);
  }

  @Test
  void waitersComeInOrderAndNobodyOvertakesThem() {
    int[] all = takeAll();
    Guest one = new Guest("one", false);
    Guest two = new Guest("two", false);
    pool.await(one);
    pool.await(two);
    assertThat(pool.waiting()).isEqualTo(2);
    one.then = () -> assertThat(pool.take()).as("two waits").isEqualTo(BufferPool.NONE);
    pool.give(all[2]);
    assertThat(granted).containsExactly("one");
    assertThat(one.isWaiting()).isFalse();
    assertThat(one.chunk).isEqualTo(all[2]);
    pool.give(all[0]);
    assertThat(granted).containsExactly("one", "two");
    assertThat(pool.waits()).isEqualTo(2);
    giveAll(all[1], all[3], one.chunk, two.chunk);
    assertThat(pool.inUse()).isZero();
  }

  @Test
  void waitersThatAreDoneAtOnceDoNotNest() {
    int[] all = takeAll();
    // With recursion, as many as these overflow the stack.
    for (int i = 0; i < 100_000; i++) {
      pool.await(new Guest("hasty", true));
    }
    pool.give(all[0]);
    assertThat(granted).hasSize(100_000);
    assertThat(pool.waiting()).isZero();
    giveAll(all[1], all[2], all[3]);
  }

  @Test
  void oneThatGivesUpIsPassedOver() {
    int[] all = takeAll();
    Guest[] guests = {new Guest("a", true), new Guest("b", true), new Guest("c", true)};
    for (Guest guest : guests) {
      pool.await(guest);
    }
    pool.cancel(guests[1]);
    pool.cancel(guests[1]);
    assertThat(pool.waiting()).isEqualTo(2);
    pool.give(all[0]);
    assertThat(granted).containsExactly("a", "c");
    giveAll(all[1], all[2], all[3]);
  }

  @Test
  void waitingWithoutNeedOrTwiceIsAFault() {
    Guest guest = new Guest("guest", true);
    assertThatThrownBy(() -> pool.await(guest)).isInstanceOf(IllegalStateException.class);
    int[] all = takeAll();
    pool.await(guest);
    assertThatThrownBy(() -> pool.await(guest)).isInstanceOf(IllegalStateException.class);
    giveAll(all);
    assertThatThrownBy(() -> pool.give(all[0])).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void costsNothingUntilItIsTouchedAndNothingWhenItWasIdle() throws IOException {
    assertThat(residentKib()).isZero();
    int[] all = takeAll();
    for (int chunk : all) {
      touch(chunk);
    }
    assertThat(residentKib()).isEqualTo(CHUNKS * BufferPool.CHUNK_BYTES / 1024);
    giveAll(all);
    pool.trim();
    assertThat(pool.resident()).as("all were in use since the last time").isEqualTo(CHUNKS);
    int hot = pool.take();
    pool.give(hot);
    pool.trim();
    assertThat(pool.resident()).as("the hot one stays").isEqualTo(1);
    assertThat(residentKib()).isEqualTo(BufferPool.CHUNK_BYTES / 1024);
    pool.trimAll();
    assertThat(pool.resident()).isZero();
    assertThat(residentKib()).isZero();
  }

  /** Whoever holds the big lock meanwhile makes one system call, not one for each chunk. */
  @Test
  void chunksSideBySideGoBackTogether() throws IOException {
    giveAll(takeAll());
    pool.trimAll();
    assertThat(pool.timesGivenBack()).isEqualTo(1);
    int[] all = takeAll();
    for (int chunk : all) {
      touch(chunk);
    }
    giveAll(all[0], all[1], all[3]);
    pool.trimAll();
    assertThat(pool.timesGivenBack()).as("two beside the one that is taken").isEqualTo(3);
    assertThat(pool.resident()).isEqualTo(1);
    assertThat(residentKib()).isEqualTo(BufferPool.CHUNK_BYTES / 1024);
    giveAll(all[2]);
    pool.trimAll();
    pool.trimAll();
    assertThat(pool.timesGivenBack()).isEqualTo(4);
    assertThat(residentKib()).isZero();
  }

  @Test
  void itsTimerGivesAllBackAndThenSleeps() throws Exception {
    pool.close();
    pool = new BufferPool(CHUNKS, context, 1_000_000);
    giveAll(takeAll());
    while (pool.resident() > 0) {
      context.turn(true); // with nothing to wake up for, this never returns
    }
    assertThat(pool.isTrimming()).as("the timer is armed").isFalse();
    giveAll(pool.take());
    assertThat(pool.isTrimming()).isTrue();
  }

  @Test
  void isNotClosedUnderARequest() {
    int chunk = pool.take();
    assertThatThrownBy(pool::close).isInstanceOf(IllegalStateException.class);
    pool.give(chunk);
    pool.close();
    pool.close();
  }
}
