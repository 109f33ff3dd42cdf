package dev.platter.devices.virtio;

import static dev.platter.devices.virtio.PackedRing.DESC_F_AVAIL;
import static dev.platter.devices.virtio.PackedRing.DESC_F_INDIRECT;
import static dev.platter.devices.virtio.PackedRing.DESC_F_NEXT;
import static dev.platter.devices.virtio.PackedRing.DESC_F_USED;
import static dev.platter.devices.virtio.PackedRing.DESC_F_WRITE;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.driver.PackedDriverQueue;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The device side of a packed virtqueue against the driver side, on one thread (2.8). */
class PackedVirtQueueTest {
  /** Not a power of two (2.8.10.1). */
  private static final int SIZE = 7;

  private static final long BUFFER = RingRig.BUFFERS;

  /** Makes a descriptor available in the first lap. */
  private static final int LAP_1 = DESC_F_AVAIL;

  private RingRig rig = new RingRig(true, SIZE, 0);

  @AfterEach
  void free() {
    rig.close();
  }

  private void use(int size, long features) {
    rig.close();
    rig = new RingRig(true, size, features);
    rig.start();
  }

  private PackedDriverQueue driver() {
    return (PackedDriverQueue) rig.driver;
  }

  private DescriptorChain pop() {
    return requireNonNull(rig.device.pop());
  }

  private int offer(int elements) {
    for (int i = 0; i < elements; i++) {
      rig.driver.add(BUFFER + 16L * i, 1, true);
    }
    return rig.driver.offer();
  }

  private int flagsAt(int index) {
    return Vring.getOpaque(driver().descriptorRing(), 16L * index + PackedRing.DESC_FLAGS);
  }

  // ---- descriptors as bytes ------------------------------------------------------------------

  /** 2.8.1, 2.8.6, 2.8.13: the id is the last descriptor's; one used descriptor for the list. */
  @Test
  void listIsTakenAndUsedAsTheSpecificationSaysItLooks() {
    use(SIZE, 0);
    driver().writeDescriptor(1, BUFFER + 8, 3, 99, LAP_1 | DESC_F_NEXT | DESC_F_WRITE);
    driver().writeDescriptor(2, BUFFER + 16, 4, 5, LAP_1 | DESC_F_WRITE);
    assertThat(rig.device.hasAvailable()).isFalse();
    driver().writeDescriptor(0, BUFFER, 2, 77, LAP_1 | DESC_F_NEXT);
    assertThat(rig.device.hasAvailable()).isTrue();
    DescriptorChain chain = pop();
    assertThat(chain.id()).isEqualTo(5);
    assertThat(chain.readableBytes()).isEqualTo(2);
    assertThat(chain.writableBytes()).isEqualTo(7);
    assertThat(rig.device.pop()).isNull();
    rig.device.push(chain, 6);
    long ring = rig.driver.descriptorArea();
    assertThat(rig.cpu.memory().readInt(ring + 8)).isEqualTo(6);
    assertThat(rig.cpu.memory().readShort(ring + 12)).isEqualTo(5);
    assertThat(flagsAt(0)).isEqualTo(DESC_F_AVAIL | DESC_F_USED | DESC_F_WRITE);
    // The others of the list stay as the driver left them (2.8.6).
    assertThat(flagsAt(1)).isEqualTo(LAP_1 | DESC_F_NEXT | DESC_F_WRITE);
    assertThat(rig.device.nextUsed()).isEqualTo(3);
    // In the last descriptor, so that both counters turn (2.8.1); nothing written: no WRITE.
    for (int i = 3; i < SIZE; i++) {
      driver().writeDescriptor(i, BUFFER, 1, i, LAP_1);
      rig.device.push(pop(), 0);
      assertThat(flagsAt(i)).isEqualTo(DESC_F_AVAIL | DESC_F_USED);
    }
    assertThat(rig.device.vringBase()).isZero();
    driver().writeDescriptor(0, BUFFER, 1, 0, DESC_F_USED);
    rig.device.push(pop(), 0);
    assertThat(flagsAt(0)).isZero();
  }

  @Test
  void zeroedRingHasNothingInIt() {
    use(SIZE, 0);
    assertThat(rig.device.hasAvailable()).isFalse();
    assertThat(rig.device.pop()).isNull();
    assertThat(rig.broken).isNull();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 8, 100})
  void manyLapsWithListsOfEveryLengthAnyOrder(int size) {
    use(size, 0);
    Random random = new Random(size);
    List<DescriptorChain> held = new ArrayList<>();
    int completed = 0;
    for (int i = 0; i < 5_000; i++) {
      while (rig.driver.freeCount() > 0 && random.nextInt(4) != 0) {
        offer(1 + random.nextInt(Math.min(3, rig.driver.freeCount())));
      }
      DescriptorChain chain;
      while ((chain = rig.device.pop()) != null) {
        held.add(chain);
      }
      while (!held.isEmpty() && random.nextInt(5) != 0) {
        DescriptorChain one = held.remove(random.nextInt(held.size()));
        rig.device.push(one, one.writableBytes());
        long written = one.writableBytes();
        assertThat(rig.driver.take()).isEqualTo(one.id());
        assertThat(rig.driver.usedLength()).isEqualTo((int) written);
        completed++;
      }
    }
    assertThat(rig.broken).isNull();
    assertThat(completed).isGreaterThan(3_000);
  }

  @Test
  void usedDescriptorsMayOverwriteListsInFlight() {
    use(4, 0);
    int first = offer(1);
    int second = offer(3);
    DescriptorChain one = pop();
    DescriptorChain two = pop();
    rig.device.push(two, 3);
    assertThat(rig.driver.take()).isEqualTo(second);
    rig.device.push(one, 1);
    assertThat(rig.driver.take()).isEqualTo(first);
    assertThat(one.writeLast(9)).isTrue();
    assertThat(rig.driver.freeCount()).isEqualTo(4);
  }

  // ---- indirect tables (2.8.7) ---------------------------------------------------------------

  private void table(int index, long address, int length, int flags) {
    PackedDriverQueue.writeDescriptor(rig.cpu.memory(), BUFFER, index, address, length, flags);
  }

  @Test
  void indirectTableIsTakenWholeAndInOrderWhateverItsFlagsAndIdsSay() {
    use(SIZE, VirtioFeatures.INDIRECT_DESC);
    table(0, 0x100, 2, 0);
    table(1, 0x200, 3, DESC_F_INDIRECT | DESC_F_AVAIL);
    table(2, 0x300, 4, DESC_F_WRITE | DESC_F_NEXT);
    rig.cpu.memory().writeShort(BUFFER + 12, 0xffff);
    driver().writeDescriptor(0, BUFFER, 48, 3, LAP_1 | DESC_F_INDIRECT | DESC_F_WRITE);
    DescriptorChain chain = pop();
    assertThat(chain.id()).isEqualTo(3);
    assertThat(chain.readableBytes()).isEqualTo(5);
    assertThat(chain.writableBytes()).isEqualTo(4);
    rig.device.push(chain, 4);
    assertThat(rig.device.nextUsed()).isEqualTo(1);
  }

  @Test
  void indirectTableMayBeLongerThanASmallQueue() {
    use(SIZE, VirtioFeatures.INDIRECT_DESC);
    for (int i = 0; i < 128; i++) {
      table(i, 0x100, 1, 0);
    }
    driver().writeDescriptor(0, BUFFER, 128 * 16, 0, LAP_1 | DESC_F_INDIRECT);
    assertThat(pop().readableBytes()).isEqualTo(128);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 8, 24, 129 * 16, -16})
  void indirectTableOfBadLengthBreaksTheQueue(int lengthBytes) {
    use(SIZE, VirtioFeatures.INDIRECT_DESC);
    driver().writeDescriptor(0, BUFFER, lengthBytes, 0, LAP_1 | DESC_F_INDIRECT);
    rig.assertBroken("bad length");
  }

  @Test
  void indirectTableOutsideMemoryBreaksTheQueue() {
    use(SIZE, VirtioFeatures.INDIRECT_DESC);
    driver().writeDescriptor(0, RingRig.RAM - 8, 16, 0, LAP_1 | DESC_F_INDIRECT);
    rig.assertBroken("outside guest memory");
  }

  @Test
  void indirectThatWasNotNegotiatedBreaksTheQueue() {
    use(SIZE, 0);
    driver().writeDescriptor(0, BUFFER, 16, 0, LAP_1 | DESC_F_INDIRECT);
    rig.assertBroken("where none may be");
  }

  /** 2.8.5: a list has descriptors of one kind only; 2.8.19: no INDIRECT in a list. */
  @Test
  void indirectInAListBreaksTheQueue() {
    use(SIZE, VirtioFeatures.INDIRECT_DESC);
    driver().writeDescriptor(1, BUFFER, 16, 0, LAP_1 | DESC_F_INDIRECT);
    driver().writeDescriptor(0, BUFFER, 1, 0, LAP_1 | DESC_F_NEXT);
    rig.assertBroken("where none may be");
    use(SIZE, VirtioFeatures.INDIRECT_DESC);
    driver().writeDescriptor(1, BUFFER, 1, 0, LAP_1);
    driver().writeDescriptor(0, BUFFER, 16, 0, LAP_1 | DESC_F_INDIRECT | DESC_F_NEXT);
    rig.assertBroken("where none may be");
  }

  // ---- hostile rings -------------------------------------------------------------------------

  @Test
  void listWithoutEndBreaksTheQueue() {
    use(SIZE, 0);
    for (int i = SIZE - 1; i >= 0; i--) {
      driver().writeDescriptor(i, BUFFER, 1, 0, LAP_1 | DESC_F_NEXT);
    }
    rig.assertBroken("longer than what is free");
  }

  @Test
  void listThatRunsIntoOneInFlightBreaksTheQueue() {
    use(SIZE, 0);
    offer(3);
    pop();
    for (int i = SIZE - 1; i >= 3; i--) {
      driver().writeDescriptor(i, BUFFER, 1, 1, LAP_1 | DESC_F_NEXT);
    }
    rig.assertBroken("longer than what is free");
  }

  @Test
  void moreThanTheRingHoldsBreaksTheQueue() {
    use(SIZE, 0);
    offer(SIZE);
    pop();
    driver().writeDescriptor(0, BUFFER, 1, 1, DESC_F_USED);
    rig.assertBroken("longer than what is free");
  }

  @Test
  void idOutsideTheQueueBreaksIt() {
    use(SIZE, 0);
    driver().writeDescriptor(0, BUFFER, 1, SIZE, LAP_1);
    rig.assertBroken("id is not below");
  }

  @Test
  void idThatIsInFlightBreaksTheQueue() {
    use(SIZE, 0);
    driver().writeDescriptor(0, BUFFER, 1, 2, LAP_1);
    driver().writeDescriptor(1, BUFFER, 1, 2, LAP_1);
    pop();
    rig.assertBroken("in flight");
  }

  @Test
  void readableAfterWritableBreaksTheQueue() {
    use(SIZE, 0);
    driver().writeDescriptor(1, BUFFER, 1, 0, LAP_1);
    driver().writeDescriptor(0, BUFFER, 1, 0, LAP_1 | DESC_F_NEXT | DESC_F_WRITE);
    rig.assertBroken("readable descriptor after");
  }

  @Test
  void listOfMoreThanFourGigabytesBreaksTheQueue() {
    use(SIZE, 0);
    driver().writeDescriptor(1, 0, 2, 0, LAP_1);
    driver().writeDescriptor(0, 0, -1, 0, LAP_1 | DESC_F_NEXT);
    rig.assertBroken("too many bytes");
  }

  @Test
  void aListInFlightDoesNotSeeLaterChanges() {
    use(SIZE, 0);
    offer(1);
    DescriptorChain chain = pop();
    driver().writeDescriptor(0, BUFFER + 1, 1, 0, LAP_1 | DESC_F_WRITE);
    chain.writeByte(0, 7);
    assertThat(rig.cpu.memory().readByte(BUFFER)).isEqualTo(7);
  }

  // ---- set-up --------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(ints = {0, -1, SIZE + 1, 65536})
  void badQueueSizeIsRefused(int size) {
    assertThat(rig.device.start(QueueConfig.fresh(size, 0x1000, 0x2000, 0x3000), 0)).isFalse();
    rig.assertBroken("queue size");
  }

  @Test
  void ringsOutsideMemoryOrMisalignedAreRefused() {
    long[][] bad = {
      {RingRig.RAM - 16, 0x2000, 0x3000},
      {0x1000, RingRig.RAM - 2, 0x3000},
      {0x1000, 0x2000, -4},
      {0x1008, 0x2000, 0x3000},
      {0x1000, 0x2002, 0x3000},
      {0x1000, 0x2000, 0x3002},
    };
    for (long[] areas : bad) {
      QueueConfig config = QueueConfig.fresh(SIZE, areas[0], areas[1], areas[2]);
      assertThat(rig.device.start(config, 0)).isFalse();
      rig.assertBroken("misaligned or outside");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {SIZE, SIZE << 16, 1 << 16, 0x7fff_7fff, 0x8001_0002})
  void positionOutsideTheRingIsRefused(int base) {
    assertThat(rig.device.start(rig.from(base), rig.features)).isFalse();
    rig.assertBroken("position is outside");
  }

  /** 2.8.1; the encoding is the vhost-user protocol's for GET_VRING_BASE. */
  @Test
  void goesOnWhereAnotherBackEndHasStopped() {
    use(SIZE, 0);
    assertThat(rig.device.vringBase()).isEqualTo(0x8000_8000);
    Random random = new Random(5);
    int laps = 0;
    for (int i = 0; i < 200; i++) {
      offer(1 + random.nextInt(3));
      int before = rig.device.nextUsed();
      DescriptorChain chain = pop();
      rig.device.push(chain, 0);
      rig.driver.take();
      int after = rig.device.nextUsed();
      laps += after < before ? 1 : 0;
      assertThat(rig.device.vringBase())
          .isEqualTo((after | (laps % 2 == 0 ? 0x8000 : 0)) * 0x10001);
      DeviceRing next = rig.newDevice();
      assertThat(next.start(rig.from(rig.device.vringBase()), rig.features)).isTrue();
      assertThat(next.vringBase()).isEqualTo(rig.device.vringBase());
      rig.device = next;
    }
    assertThat(laps).isGreaterThan(20);
  }

  // ---- notifications (2.8.10) ----------------------------------------------------------------

  @Test
  void flagsSuppressInterruptsAndKicks() {
    use(SIZE, 0);
    offer(1);
    assertThat(rig.driver.kickNeeded()).isTrue();
    rig.device.disableKicks();
    assertThat(PackedRing.getEvent(driver().deviceEvent())).isEqualTo(0x1_0000);
    offer(1);
    assertThat(rig.driver.kickNeeded()).isFalse();
    assertThat(rig.device.enableKicks()).isTrue();
    offer(1);
    assertThat(rig.driver.kickNeeded()).isTrue();
    rig.driver.disableInterrupts();
    rig.device.push(pop(), 0);
    rig.device.notifyDriver();
    assertThat(rig.interrupts).isZero();
    assertThat(rig.driver.enableInterrupts()).isTrue();
    rig.device.push(pop(), 0);
    rig.device.notifyDriver();
    rig.device.notifyDriver();
    assertThat(rig.interrupts).isEqualTo(1);
    rig.device.push(pop(), 0);
    assertThat(rig.device.enableKicks()).isFalse();
  }

  @Test
  void wishForADescriptorIsStoredWithItsLap() {
    use(SIZE, VirtioFeatures.EVENT_IDX);
    assertThat(PackedRing.getEvent(driver().deviceEvent())).isZero();
    offer(2);
    pop();
    rig.device.enableKicks();
    assertThat(PackedRing.getEvent(driver().deviceEvent())).isEqualTo(0x2_8002);
    offer(SIZE - 2);
    pop();
    rig.device.enableKicks();
    assertThat(PackedRing.getEvent(driver().deviceEvent())).isEqualTo(0x2_0000);
  }

  /** What no driver may write is answered with an interrupt too many, not with silence. */
  @ParameterizedTest
  @CsvSource({"0, 2", "0, 3", "" + VirtioFeatures.EVENT_IDX + ", 3"})
  void wishThatIsNotValidIsTakenForOne(long features, int flags) {
    use(SIZE, features);
    PackedRing.setEvent(driver().driverEvent(), flags, 0x7fff, true);
    for (int i = 1; i <= 3; i++) {
      offer(1);
      rig.device.push(pop(), 0);
      rig.device.notifyDriver();
      assertThat(rig.interrupts).isEqualTo(i);
    }
  }

  /** Both directions of EVENT_IDX over many laps, against 64-bit counts of descriptors. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 16, 61})
  void eventIdxTellsExactlyWhenAskedAcrossTheLaps(int size) {
    use(size, VirtioFeatures.EVENT_IDX);
    rig.device.enableKicks();
    Random random = new Random(size);
    int[] listOf = new int[size];
    ArrayDeque<DescriptorChain> held = new ArrayDeque<>();
    long offered = 0;
    long wantKickAt = 0;
    long kickChecked = 0;
    long pushed = 0;
    long wantInterruptAt = 0;
    long interruptChecked = 0;
    boolean first = true;
    while (offered < 50_000) {
      switch (random.nextInt(6)) {
        case 0, 1 -> {
          for (int n = random.nextInt(4); n > 0 && rig.driver.freeCount() > 0; n--) {
            int list = 1 + random.nextInt(Math.min(3, rig.driver.freeCount()));
            listOf[offer(list)] = list;
            offered += list;
          }
        }
        case 2 -> {
          boolean expected = wantKickAt >= kickChecked && wantKickAt < offered;
          assertThat(rig.driver.kickNeeded()).as("kick at %d", offered).isEqualTo(expected);
          kickChecked = offered;
        }
        case 3 -> {
          DescriptorChain chain;
          while ((chain = rig.device.pop()) != null) {
            held.add(chain);
          }
          assertThat(rig.device.enableKicks()).isFalse();
          wantKickAt = offered;
        }
        case 4 -> {
          for (int n = random.nextInt(4); n > 0 && !held.isEmpty(); n--) {
            DescriptorChain chain = random.nextBoolean() ? held.removeFirst() : held.removeLast();
            rig.device.push(chain, 1);
            pushed += listOf[chain.id()];
          }
          int before = rig.interrupts;
          rig.device.notifyDriver();
          boolean asked = wantInterruptAt >= interruptChecked && wantInterruptAt < pushed;
          boolean expected = pushed > interruptChecked && (first || asked);
          first &= pushed == interruptChecked;
          assertThat(rig.interrupts - before).as("irq at %d", pushed).isEqualTo(expected ? 1 : 0);
          interruptChecked = pushed;
        }
        default -> {
          while (rig.driver.take() >= 0) {
            // all of them
          }
          int ahead = random.nextInt(Math.min(3, size));
          int at = driver().nextUsed() + ahead;
          boolean over = at >= size;
          driver().enableInterruptsAt(over ? at - size : at, over ^ driver().usedWrap());
          wantInterruptAt = pushed + ahead;
        }
      }
    }
    assertThat(rig.broken).isNull();
  }
}
