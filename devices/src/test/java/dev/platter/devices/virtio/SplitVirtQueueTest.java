package dev.platter.devices.virtio;

import static dev.platter.devices.virtio.Vring.DESC_F_INDIRECT;
import static dev.platter.devices.virtio.Vring.DESC_F_NEXT;
import static dev.platter.devices.virtio.Vring.DESC_F_WRITE;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.driver.SplitDriverQueue;
import dev.platter.devices.testkit.DirectCpu;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The device side of a split virtqueue against the driver side, on one thread (2.7). */
class SplitVirtQueueTest {
  private static final int SIZE = 16;
  private static final long RAM = 1 << 20;
  private static final long BUFFER = 0x80000;

  private final DirectCpu cpu = new DirectCpu(new DirectCpu.Ram(0, RAM));
  private final GuestAllocator allocator = new GuestAllocator(0x1000, 0x40000);
  private int interrupts;
  private @Nullable String broken;

  private final QueueListener listener =
      new QueueListener() {
        @Override
        public void usedBuffers() {
          interrupts++;
        }

        @Override
        public void broken(String reason) {
          broken = reason;
        }
      };

  private final SplitVirtQueue device = new SplitVirtQueue(cpu.memory(), SIZE, listener);
  private SplitDriverQueue driver = new SplitDriverQueue(cpu.memory(), allocator, SIZE, true);

  @AfterEach
  void free() {
    cpu.close();
  }

  private void start(long features) {
    startAt(features, 0);
  }

  private void startAt(long features, int index) {
    boolean eventIdx = (features & VirtioFeatures.EVENT_IDX) != 0;
    driver = new SplitDriverQueue(cpu.memory(), allocator, SIZE, eventIdx);
    driver.startAt(index);
    QueueConfig config =
        new QueueConfig(
            SIZE,
            driver.descriptorArea(),
            driver.driverArea(),
            driver.deviceArea(),
            index,
            true,
            index,
            true);
    assertThat(device.start(config, features)).isTrue();
  }

  private DescriptorChain pop() {
    return requireNonNull(device.pop());
  }

  private void assertBroken(String why) {
    assertThat(device.pop()).isNull();
    assertThat(broken).contains(why);
    assertThat(device.hasAvailable()).isFalse();
    assertThat(device.enableKicks()).isFalse();
  }

  // ---- chains --------------------------------------------------------------------------------

  @Test
  void chainIsReadableBytesThenWritableBytes() {
    start(0);
    driver.writeDescriptor(3, BUFFER, 5, DESC_F_NEXT, 7);
    driver.writeDescriptor(7, BUFFER + 100, 3, DESC_F_NEXT, 1);
    driver.writeDescriptor(1, BUFFER + 200, 4, DESC_F_NEXT | DESC_F_WRITE, 2);
    driver.writeDescriptor(2, BUFFER + 300, 2, DESC_F_WRITE, 0);
    for (int i = 0; i < 5; i++) {
      cpu.memory().writeByte(BUFFER + i, i);
    }
    for (int i = 0; i < 3; i++) {
      cpu.memory().writeByte(BUFFER + 100 + i, 5 + i);
    }
    driver.offer(3);
    DescriptorChain chain = pop();
    assertThat(chain.id()).isEqualTo(3);
    assertThat(chain.readableBytes()).isEqualTo(8);
    assertThat(chain.writableBytes()).isEqualTo(6);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(8);
      assertThat(chain.read(2, copy, 0, 6)).isTrue();
      assertThat(copy.asSlice(0, 6).toArray(ValueLayout.JAVA_BYTE))
          .containsExactly(2, 3, 4, 5, 6, 7);
      assertThat(chain.read(3, copy, 0, 6)).isFalse();
      assertThat(chain.write(1, copy, 0, 5)).isTrue();
      assertThat(chain.write(2, copy, 0, 5)).isFalse();
    }
    assertThat(chain.writeByte(5, 99)).isTrue();
    assertThat(chain.writeByte(6, 99)).isFalse();
    assertThat(cpu.memory().readByte(BUFFER + 203)).isEqualTo(4);
    assertThat(cpu.memory().readByte(BUFFER + 301)).isEqualTo(99);
    device.push(chain, 6);
    assertThat(driver.takeUsed()).isEqualTo(3);
    assertThat(driver.usedLength()).isEqualTo(6);
  }

  @Test
  void zeroLengthDescriptorsAreSkipped() {
    start(0);
    driver.writeDescriptor(0, 0, 0, DESC_F_NEXT, 1);
    driver.writeDescriptor(1, BUFFER, 1, DESC_F_NEXT, 2);
    driver.writeDescriptor(2, -1, 0, DESC_F_NEXT | DESC_F_WRITE, 3);
    driver.writeDescriptor(3, BUFFER, 1, DESC_F_WRITE, 0);
    driver.offer(0);
    DescriptorChain chain = pop();
    assertThat(chain.readableBytes()).isEqualTo(1);
    assertThat(chain.writeByte(0, 42)).isTrue();
  }

  @Test
  void loopBreaksTheQueue() {
    start(0);
    driver.writeDescriptor(0, BUFFER, 1, DESC_F_NEXT, 1);
    driver.writeDescriptor(1, BUFFER, 1, DESC_F_NEXT, 0);
    driver.offer(0);
    assertBroken("loop");
  }

  @Test
  void nextOutsideTheTableBreaksTheQueue() {
    start(0);
    driver.writeDescriptor(0, BUFFER, 1, DESC_F_NEXT, SIZE);
    driver.offer(0);
    assertBroken("outside the descriptor table");
  }

  @Test
  void headOutsideTheTableBreaksTheQueue() {
    start(0);
    driver.offer(SIZE);
    assertBroken("outside the table");
  }

  @Test
  void availIndexTooFarAheadBreaksTheQueue() {
    start(0);
    driver.forceAvailIndex(SIZE + 1);
    assertBroken("ahead");
  }

  @Test
  void headThatIsInFlightBreaksTheQueue() {
    start(0);
    driver.writeDescriptor(0, BUFFER, 1, 0, 0);
    driver.offer(0);
    driver.offer(0);
    pop();
    assertBroken("in flight");
  }

  @Test
  void readableAfterWritableBreaksTheQueue() {
    start(0);
    driver.writeDescriptor(0, BUFFER, 1, DESC_F_NEXT | DESC_F_WRITE, 1);
    driver.writeDescriptor(1, BUFFER, 1, 0, 0);
    driver.offer(0);
    assertBroken("readable descriptor after");
  }

  @Test
  void chainOfMoreThanFourGigabytesBreaksTheQueue() {
    start(0);
    driver.writeDescriptor(0, 0, -1, DESC_F_NEXT, 1);
    driver.writeDescriptor(1, 0, 2, 0, 0);
    driver.offer(0);
    assertBroken("too many bytes");
  }

  @Test
  void aChainInFlightDoesNotSeeLaterChanges() {
    start(0);
    driver.writeDescriptor(0, BUFFER, 1, DESC_F_WRITE, 0);
    driver.offer(0);
    DescriptorChain chain = pop();
    driver.writeDescriptor(0, BUFFER + 1, 1, DESC_F_WRITE, 0);
    chain.writeByte(0, 7);
    assertThat(cpu.memory().readByte(BUFFER)).isEqualTo(7);
  }

  // ---- indirect descriptors (2.7.5.3) --------------------------------------------------------

  private void table(int index, long address, int length, int flags, int next) {
    SplitDriverQueue.writeDescriptor(cpu.memory(), BUFFER, index, address, length, flags, next);
  }

  @Test
  void indirectTableMayFollowDirectDescriptors() {
    start(VirtioFeatures.INDIRECT_DESC);
    driver.writeDescriptor(0, 0x100, 2, DESC_F_NEXT, 4);
    // The write flag of the descriptor that names the table means nothing.
    driver.writeDescriptor(4, BUFFER, 48, DESC_F_INDIRECT | DESC_F_WRITE, 0);
    table(0, 0x200, 3, DESC_F_NEXT, 2);
    table(2, 0x300, 4, DESC_F_WRITE, 0);
    driver.offer(0);
    DescriptorChain chain = pop();
    assertThat(chain.readableBytes()).isEqualTo(5);
    assertThat(chain.writableBytes()).isEqualTo(4);
  }

  @Test
  void indirectTableMayBeLongerThanASmallQueue() {
    start(VirtioFeatures.INDIRECT_DESC);
    int entries = 128;
    for (int i = 0; i < entries; i++) {
      table(i, 0x100, 1, i + 1 < entries ? DESC_F_NEXT : 0, i + 1);
    }
    driver.writeDescriptor(0, BUFFER, entries * 16, DESC_F_INDIRECT, 0);
    driver.offer(0);
    assertThat(pop().readableBytes()).isEqualTo(entries);
  }

  @Test
  void indirectInIndirectBreaksTheQueue() {
    start(VirtioFeatures.INDIRECT_DESC);
    table(0, BUFFER, 16, DESC_F_INDIRECT, 0);
    driver.writeDescriptor(0, BUFFER, 16, DESC_F_INDIRECT, 0);
    driver.offer(0);
    assertBroken("indirect descriptor in an indirect table");
  }

  @Test
  void indirectLoopBreaksTheQueue() {
    start(VirtioFeatures.INDIRECT_DESC);
    table(0, 0, 1, DESC_F_NEXT, 1);
    table(1, 0, 1, DESC_F_NEXT, 0);
    driver.writeDescriptor(0, BUFFER, 32, DESC_F_INDIRECT, 0);
    driver.offer(0);
    assertBroken("indirect chain has a loop");
  }

  @Test
  void indirectNextOutsideTheTableBreaksTheQueue() {
    start(VirtioFeatures.INDIRECT_DESC);
    table(0, 0, 1, DESC_F_NEXT, 2);
    driver.writeDescriptor(0, BUFFER, 32, DESC_F_INDIRECT, 0);
    driver.offer(0);
    assertBroken("outside the indirect table");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 8, 24, 129 * 16, -16})
  void indirectTableOfBadLengthBreaksTheQueue(int lengthBytes) {
    start(VirtioFeatures.INDIRECT_DESC);
    driver.writeDescriptor(0, BUFFER, lengthBytes, DESC_F_INDIRECT, 0);
    driver.offer(0);
    assertBroken("bad length");
  }

  @Test
  void indirectTableOutsideMemoryBreaksTheQueue() {
    start(VirtioFeatures.INDIRECT_DESC);
    driver.writeDescriptor(0, RAM - 8, 16, DESC_F_INDIRECT, 0);
    driver.offer(0);
    assertBroken("outside guest memory");
  }

  @Test
  void indirectThatWasNotNegotiatedOrGoesOnBreaksTheQueue() {
    start(0);
    driver.writeDescriptor(0, BUFFER, 16, DESC_F_INDIRECT, 0);
    driver.offer(0);
    assertBroken("where none may be");
    start(VirtioFeatures.INDIRECT_DESC);
    driver.writeDescriptor(0, BUFFER, 16, DESC_F_INDIRECT | DESC_F_NEXT, 1);
    driver.offer(0);
    assertBroken("where none may be");
  }

  // ---- set-up --------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 3, 12, 32, 65536})
  void badQueueSizeIsRefused(int size) {
    QueueConfig config = QueueConfig.fresh(size, 0x1000, 0x2000, 0x3000);
    assertThat(device.start(config, 0)).isFalse();
    assertBroken("queue size");
  }

  @Test
  void ringsOutsideMemoryOrMisalignedAreRefused() {
    long[][] bad = {
      {RAM - 8, 0x2000, 0x3000},
      {0x1000, RAM - 2, 0x3000},
      {0x1000, 0x2000, -4},
      {0x1008, 0x2000, 0x3000},
      {0x1000, 0x2001, 0x3000},
      {0x1000, 0x2000, 0x3002},
    };
    for (long[] areas : bad) {
      QueueConfig config = QueueConfig.fresh(SIZE, areas[0], areas[1], areas[2]);
      assertThat(device.start(config, 0)).isFalse();
      assertBroken("misaligned or outside");
    }
  }

  @Test
  void startForgetsWhatWasInFlightAndMendsABrokenQueue() {
    start(0);
    driver.writeDescriptor(0, BUFFER, 1, 0, 0);
    driver.offer(0);
    pop();
    device.fail("test");
    start(0);
    driver.writeDescriptor(0, BUFFER, 1, 0, 0);
    driver.offer(0);
    assertThat(pop().id()).isZero();
  }

  // ---- notifications -------------------------------------------------------------------------

  @Test
  void flagsSuppressInterruptsAndKicks() {
    start(0);
    for (int i = 0; i < 4; i++) {
      driver.writeDescriptor(i, BUFFER, 1, 0, 0);
    }
    device.disableKicks();
    driver.offer(0);
    assertThat(driver.kickNeeded()).isFalse();
    assertThat(device.enableKicks()).isTrue();
    driver.offer(1);
    assertThat(driver.kickNeeded()).isTrue();
    driver.disableInterrupts();
    device.push(pop(), 0);
    device.notifyDriver();
    assertThat(interrupts).isZero();
    assertThat(driver.enableInterrupts()).isTrue();
    device.push(pop(), 0);
    device.notifyDriver();
    assertThat(interrupts).isEqualTo(1);
    device.notifyDriver();
    assertThat(interrupts).isEqualTo(1);
    assertThat(device.enableKicks()).isFalse();
  }

  /** Both directions of EVENT_IDX over several wraps of the indices, against 64-bit counters. */
  @ParameterizedTest
  @ValueSource(ints = {0, 65530, 32760})
  void eventIdxTellsExactlyWhenAskedAcrossTheWrap(int first) {
    startAt(VirtioFeatures.EVENT_IDX, first);
    for (int i = 0; i < SIZE; i++) {
      driver.writeDescriptor(i, BUFFER, 1, DESC_F_WRITE, 0);
    }
    Random random = new Random(first);
    ArrayDeque<Integer> free = new ArrayDeque<>();
    ArrayDeque<DescriptorChain> held = new ArrayDeque<>();
    for (int i = 0; i < SIZE; i++) {
      free.add(i);
    }
    long offered = 0;
    long wantKickAt = 0;
    long kickChecked = 0;
    long pushed = 0;
    long wantInterruptAt = 0;
    long interruptChecked = 0;
    boolean firstInterrupt = true;
    while (offered < 200_000) {
      switch (random.nextInt(6)) {
        case 0, 1 -> {
          for (int n = random.nextInt(4); n > 0 && !free.isEmpty(); n--) {
            driver.offer(free.removeFirst());
            offered++;
          }
        }
        case 2 -> {
          boolean expected = wantKickAt >= kickChecked && wantKickAt < offered;
          assertThat(driver.kickNeeded()).as("kick at %d", offered).isEqualTo(expected);
          kickChecked = offered;
        }
        case 3 -> {
          DescriptorChain chain;
          while ((chain = device.pop()) != null) {
            held.add(chain);
          }
          assertThat(device.enableKicks()).isFalse();
          wantKickAt = offered;
        }
        case 4 -> {
          for (int n = random.nextInt(4); n > 0 && !held.isEmpty(); n--) {
            // Out of order, sometimes.
            device.push(random.nextBoolean() ? held.removeFirst() : held.removeLast(), 1);
            pushed++;
          }
          int before = interrupts;
          device.notifyDriver();
          boolean expected =
              pushed > interruptChecked
                  && (firstInterrupt
                      || (wantInterruptAt >= interruptChecked && wantInterruptAt < pushed));
          firstInterrupt &= pushed == interruptChecked;
          assertThat(interrupts - before).as("irq at %d", pushed).isEqualTo(expected ? 1 : 0);
          interruptChecked = pushed;
        }
        default -> {
          int head;
          while ((head = driver.takeUsed()) >= 0) {
            free.add(head);
          }
          int ahead = random.nextInt(3);
          driver.enableInterruptsAt((driver.usedIndex() + ahead) & 0xffff);
          wantInterruptAt = pushed + ahead;
        }
      }
    }
    assertThat(broken).isNull();
    while (device.pop() != null) {
      // what is left
    }
    assertThat(device.nextAvail()).isEqualTo((int) (first + offered) & 0xffff);
    assertThat(device.nextUsed()).isEqualTo((int) (first + pushed) & 0xffff);
  }
}
