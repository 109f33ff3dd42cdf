package dev.platter.devices.virtio;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** In-flight records as bytes (vhost-user protocol, "Inflight I/O tracking"). */
class InflightRegionTest {
  private static final int SIZE = 4;

  private final Arena arena = Arena.ofConfined();
  private RingRig rig = new RingRig(false, SIZE, 0);

  @AfterEach
  void free() {
    rig.close();
    arena.close();
  }

  private ByteBuffer start(boolean packed) {
    rig.close();
    rig = new RingRig(packed, SIZE, 0);
    MemorySegment memory = arena.allocate(InflightRegion.regionBytes(packed, SIZE), 64);
    assertThat(rig.device.start(rig.fresh(), rig.features, new InflightRegion(memory, SIZE)))
        .isTrue();
    return memory.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  private DeviceRing restart(ByteBuffer record) {
    rig.device = rig.newDevice();
    InflightRegion region = new InflightRegion(MemorySegment.ofBuffer(record), SIZE);
    assertThat(rig.device.start(rig.from(0), rig.features, region)).isTrue();
    return rig.device;
  }

  private int offer(int elements) {
    for (int i = 0; i < elements; i++) {
      rig.driver.add(RingRig.BUFFERS + 16L * i, 16, true);
    }
    return rig.driver.offer();
  }

  private DescriptorChain pop() {
    return requireNonNull(rig.device.pop());
  }

  /** 16 + 16 n and 32 + 32 n bytes, up to a multiple of 64. */
  @ParameterizedTest
  @CsvSource({
    "false, 1, 64",
    "false, 3, 64",
    "false, 4, 128",
    "false, 128, 2112",
    "false, 32768, 524352",
    "true, 1, 64",
    "true, 2, 128",
    "true, 128, 4160",
    "true, 32768, 1048640",
  })
  void sizeOfARecord(boolean packed, int size, long bytes) {
    assertThat(InflightRegion.regionBytes(packed, size)).isEqualTo(bytes);
  }

  @Test
  void recordsFollowEachOther() {
    MemorySegment buffer = arena.allocate(3 * 2112 + 1, 64);
    InflightRegion third = InflightRegion.of(buffer, 2, false, 128);
    assertThat(third.memory().address() - buffer.address()).isEqualTo(2 * 2112);
    assertThat(third.memory().byteSize()).isEqualTo(2112);
    assertThatThrownBy(() -> InflightRegion.of(buffer, 3, false, 128))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> InflightRegion.of(buffer.asSlice(1), 0, false, 128))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> InflightRegion.of(buffer, 0, false, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void splitRecord() {
    ByteBuffer record = start(false);
    assertThat(record.getLong(0)).as("features").isZero();
    assertThat(record.getShort(8)).as("version").isEqualTo((short) 1);
    assertThat(record.getShort(10)).as("desc_num").isEqualTo((short) SIZE);
    int first = offer(1);
    int second = offer(2);
    DescriptorChain one = pop();
    DescriptorChain two = pop();
    assertThat(record.get(16 + 16 * first)).as("inflight").isEqualTo((byte) 1);
    assertThat(record.getLong(16 + 16 * first + 8)).as("counter").isZero();
    assertThat(record.get(16 + 16 * second)).isEqualTo((byte) 1);
    assertThat(record.getLong(16 + 16 * second + 8)).isEqualTo(1);
    rig.device.push(two, 0);
    assertThat(record.get(16 + 16 * second)).isZero();
    assertThat(record.getShort(12)).as("last_batch_head").isEqualTo((short) second);
    assertThat(record.getShort(14)).as("used_idx").isEqualTo((short) 1);
    rig.device.push(one, 0);
    assertThat(record.getShort(12)).isEqualTo((short) first);
    assertThat(record.getShort(16 + 16 * first + 6)).as("next").isEqualTo((short) second);
    assertThat(record.getShort(14)).isEqualTo((short) 2);
  }

  @Test
  void packedRecord() {
    ByteBuffer record = start(true);
    assertThat(record.getLong(0)).as("features").isZero();
    assertThat(record.getShort(8)).as("version").isEqualTo((short) 1);
    assertThat(record.getShort(10)).as("desc_num").isEqualTo((short) SIZE);
    assertThat(record.getShort(16)).as("used_idx").isZero();
    assertThat(record.get(20)).as("used_wrap_counter").isEqualTo((byte) 1);
    assertThat(record.get(21)).as("old_used_wrap_counter").isEqualTo((byte) 1);
    int id = offer(3);
    DescriptorChain chain = pop();
    int entry = 32;
    assertThat(record.get(entry)).as("inflight").isEqualTo((byte) 1);
    assertThat(record.getShort(entry + 4)).as("last").isEqualTo((short) 2);
    assertThat(record.getShort(entry + 6)).as("num").isEqualTo((short) 3);
    assertThat(record.getLong(entry + 8)).as("counter").isZero();
    for (int i = 0; i < 3; i++) {
      int at = entry + 32 * i;
      assertThat(record.getShort(at + 2)).as("next").isEqualTo((short) (i + 1));
      assertThat(record.getShort(at + 16)).as("id").isEqualTo((short) id);
      int flags = PackedRing.DESC_F_AVAIL | PackedRing.DESC_F_WRITE | (i < 2 ? 1 : 0);
      assertThat(record.getShort(at + 18)).as("flags").isEqualTo((short) flags);
      assertThat(record.getInt(at + 20)).as("len").isEqualTo(16);
      assertThat(record.getLong(at + 24)).as("addr").isEqualTo(RingRig.BUFFERS + 16L * i);
    }
    assertThat(record.getShort(12)).as("free_head").isEqualTo((short) 3);
    assertThat(record.getShort(14)).as("old_free_head").isEqualTo((short) 3);
    rig.device.push(chain, 0);
    assertThat(record.get(entry)).isZero();
    assertThat(record.getShort(12)).isZero();
    assertThat(record.getShort(14)).isZero();
    assertThat(record.getShort(entry + 64 + 2)).as("next of last").isEqualTo((short) 3);
    assertThat(record.getShort(16)).isEqualTo((short) 3);
    assertThat(record.getShort(18)).as("old_used_idx").isEqualTo((short) 3);
    offer(1);
    rig.device.push(pop(), 0);
    assertThat(record.getShort(16)).isZero();
    assertThat(record.get(20)).isZero();
    assertThat(record.get(21)).isZero();
  }

  /** Neither head 0 with counter 0 nor entry 0 looks like nothing. */
  @ParameterizedTest
  @CsvSource({"false", "true"})
  void indexZeroIsNotLost(boolean packed) {
    ByteBuffer record = start(packed);
    assertThat(offer(1)).isZero();
    pop();
    DeviceRing next = restart(record);
    assertThat(next.hasAvailable()).isTrue();
    assertThat(next.enableKicks()).isTrue();
    DescriptorChain chain = pop();
    assertThat(chain.id()).isZero();
    assertThat(chain.writableBytes()).isEqualTo(16);
    assertThat(next.hasAvailable()).isFalse();
    next.push(chain, 16);
    assertThat(rig.driver.take()).isZero();
    assertThat(restart(record).hasAvailable()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void resubmissionIsInTheOrderOfTaking(boolean packed) {
    ByteBuffer record = start(packed);
    // Ids in an order of their own: the first two go and come back the other way round.
    int a = offer(1);
    int b = offer(1);
    DescriptorChain one = pop();
    rig.device.push(pop(), 0);
    rig.device.push(one, 0);
    assertThat(rig.driver.take()).isEqualTo(b);
    assertThat(rig.driver.take()).isEqualTo(a);
    int[] order = {offer(1), offer(1), offer(1), offer(1)};
    for (int i = 0; i < 3; i++) {
      pop();
    }
    restart(record);
    for (int id : order) {
      assertThat(pop().id()).isEqualTo(id);
    }
  }

  /** The process may have died between the used index and the interrupt. */
  @ParameterizedTest
  @CsvSource({"false", "true"})
  void driverIsToldAgainWhenARecordIsResumed(boolean packed) {
    ByteBuffer record = start(packed);
    rig.device.notifyDriver();
    assertThat(rig.interrupts).as("nothing was used").isZero();
    offer(1);
    rig.device.push(pop(), 0);
    restart(record).notifyDriver();
    assertThat(rig.interrupts).isEqualTo(1);
  }

  /** A back end that gives back in batches may have left one half cleared. */
  @Test
  void lastBatchOfAnotherBackEndIsFinished() {
    ByteBuffer record = start(false);
    int[] heads = {offer(1), offer(1), offer(1)};
    for (int i = 0; i < 3; i++) {
      pop();
    }
    // Heads 2 then 0 as one batch: linked, in the used ring, and only one of them cleared.
    record.putShort(16 + 16 * heads[0] + 6, (short) heads[2]);
    record.putShort(12, (short) heads[0]);
    rig.cpu.memory().writeInt(rig.driver.deviceArea() + 4, heads[2]);
    rig.cpu.memory().writeInt(rig.driver.deviceArea() + 12, heads[0]);
    rig.cpu.memory().writeShort(rig.driver.deviceArea() + 2, 2);
    record.put(16 + 16 * heads[0], (byte) 0);
    restart(record);
    assertThat(pop().id()).isEqualTo(heads[1]);
    assertThat(rig.device.pop()).isNull();
    assertThat(rig.device.nextUsed()).isEqualTo(2);
    assertThat(rig.device.nextAvail()).isEqualTo(3);
    assertThat(record.getShort(14)).isEqualTo((short) 2);
  }

  @ParameterizedTest
  @CsvSource({
    "false, 8, 2, unknown version",
    "false, 0, 1, another kind",
    "false, 10, 5, another kind",
    "false, 14, 9, does not belong",
    "false, 16, 1, ahead",
    "true, 8, 2, unknown version",
    "true, 10, 5, another kind",
    "true, 18, 4, outside the ring",
    "true, 36, 9, tangled",
    "true, 38, 0, tangled",
    "true, 38, 4, tangled",
    "true, 34, 7, tangled",
    "true, 14, 1, tangled",
  })
  void recordThatMakesNoSenseBreaksTheQueue(boolean packed, int at, int value, String why) {
    ByteBuffer record = start(packed);
    if (!packed) {
      offer(1);
      pop();
      offer(1);
    } else {
      offer(2);
    }
    pop();
    if (!packed && at == 16) {
      record.putShort(48, (short) value);
      record.putShort(64, (short) value);
    }
    record.putShort(at, (short) value);
    rig.device = rig.newDevice();
    InflightRegion region = new InflightRegion(MemorySegment.ofBuffer(record), SIZE);
    if (rig.device.start(rig.from(0), rig.features, region)) {
      for (int i = 0; i <= SIZE; i++) {
        rig.device.pop();
      }
    }
    assertThat(rig.broken).contains(why);
    assertThat(rig.device.hasAvailable()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void recordThatIsTooSmallBreaksTheQueue(boolean packed) {
    start(packed);
    rig.device = rig.newDevice();
    MemorySegment memory = arena.allocate(InflightRegion.regionBytes(packed, SIZE), 64);
    InflightRegion few = new InflightRegion(memory, SIZE - 1);
    assertThat(rig.device.start(rig.fresh(), rig.features, few)).isFalse();
    rig.assertBroken("too small");
    InflightRegion cut = new InflightRegion(memory.asSlice(0, 64), SIZE);
    assertThat(rig.device.start(rig.fresh(), rig.features, cut)).isFalse();
    rig.assertBroken("too small");
  }

  @Test
  void clearedRecordIsBegunAnew() {
    ByteBuffer record = start(false);
    offer(1);
    pop();
    new InflightRegion(MemorySegment.ofBuffer(record), SIZE).clear();
    rig.driver.reset();
    DeviceRing next = restart(record);
    assertThat(next.hasAvailable()).isFalse();
    assertThat(next.nextAvail()).isZero();
    assertThat(rig.broken).isNull();
  }
}
