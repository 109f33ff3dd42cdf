package dev.platter.devices.virtio;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.driver.DriverQueue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Either ring against a model of it: what the driver offers comes out in order and as it was
 * offered, and goes back once, in any order; now and then another device side goes on with it.
 */
class DeviceRingModelTest {
  private static final int MAX_EXTRA = 5;
  private static final int SLOT_BYTES = 512;
  private static final int TABLE = 256;

  /** What is known of an offered buffer. */
  private record Offered(int id, int slot, long stamp, int readable, int writable) {}

  private final Random random = new Random(20250301);
  private final MemorySegment scratch = Arena.ofAuto().allocate(8);
  private final ArrayDeque<Integer> freeSlots = new ArrayDeque<>();
  private final ArrayDeque<Offered> waiting = new ArrayDeque<>();
  private final Map<Integer, Offered> flying = new HashMap<>();
  private final List<DescriptorChain> chains = new ArrayList<>();
  private long stamp;

  @ParameterizedTest
  @CsvSource({
    "false, 1, false",
    "false, 4, true",
    "false, 64, true",
    "true, 1, false",
    "true, 3, true",
    "true, 5, false",
    "true, 64, true",
    "true, 97, true",
  })
  void matchesTheModel(boolean packed, int size, boolean eventIdx) {
    long features = VirtioFeatures.INDIRECT_DESC | (eventIdx ? VirtioFeatures.EVENT_IDX : 0);
    try (RingRig rig = new RingRig(packed, size, features)) {
      rig.start();
      for (int i = 0; i < size; i++) {
        freeSlots.add(i);
      }
      for (int step = 0; step < 30_000; step++) {
        switch (random.nextInt(8)) {
          case 0, 1, 2 -> offer(rig);
          case 3, 4 -> pop(rig);
          case 5, 6 -> complete(rig);
          default -> takeOver(rig);
        }
        assertThat(rig.device.hasAvailable()).isEqualTo(!waiting.isEmpty());
      }
      assertThat(rig.broken).isNull();
      assertThat(stamp).isGreaterThan(1_500);
    }
  }

  private void offer(RingRig rig) {
    Integer slot = freeSlots.peek();
    if (slot == null) {
      return;
    }
    long memory = RingRig.BUFFERS + (long) slot * SLOT_BYTES;
    rig.cpu.memory().writeLong(memory, stamp);
    int split = random.nextInt(7) + 1;
    rig.driver.add(memory, split, false);
    rig.driver.add(memory + split, 8 - split, false);
    int readable = 8;
    int writable = 0;
    for (int n = random.nextInt(MAX_EXTRA); n > 0; n--) {
      int length = random.nextInt(100);
      rig.driver.add(memory + 16, length, true);
      writable += length;
    }
    int id = random.nextBoolean() ? rig.driver.offer() : rig.driver.offerIndirect(memory + TABLE);
    if (id != DriverQueue.NONE) {
      freeSlots.remove();
      waiting.add(new Offered(id, slot, stamp++, readable, writable));
    }
  }

  private void pop(RingRig rig) {
    DescriptorChain chain = rig.device.pop();
    Offered expected = waiting.poll();
    if (expected == null) {
      assertThat(chain).isNull();
      return;
    }
    requireNonNull(chain);
    assertThat(chain.id()).isEqualTo(expected.id);
    assertThat(chain.readableBytes()).isEqualTo(expected.readable);
    assertThat(chain.writableBytes()).isEqualTo(expected.writable);
    assertThat(chain.read(0, scratch, 0, 8)).isTrue();
    assertThat(scratch.get(ValueLayout.JAVA_LONG, 0)).isEqualTo(expected.stamp);
    flying.put(expected.id, expected);
    chains.add(chain);
  }

  private void complete(RingRig rig) {
    @Nullable DescriptorChain[] order = new DescriptorChain[random.nextInt(4)];
    for (int i = 0; i < order.length && !chains.isEmpty(); i++) {
      order[i] = chains.remove(random.nextInt(chains.size()));
      rig.device.push(requireNonNull(order[i]), requireNonNull(order[i]).writableBytes());
    }
    for (DescriptorChain chain : order) {
      if (chain != null) {
        Offered done = requireNonNull(flying.remove(chain.id()));
        assertThat(rig.driver.take()).isEqualTo(done.id);
        assertThat(rig.driver.usedLength()).isEqualTo(done.writable);
        freeSlots.add(done.slot);
      }
    }
    assertThat(rig.driver.take()).isEqualTo(DriverQueue.NONE);
  }

  private void takeOver(RingRig rig) {
    if (chains.isEmpty()) {
      DeviceRing next = rig.newDevice();
      assertThat(next.start(rig.from(rig.device.vringBase()), rig.features)).isTrue();
      rig.device = next;
    }
  }
}
