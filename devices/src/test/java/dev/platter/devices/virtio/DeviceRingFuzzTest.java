package dev.platter.devices.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Rings, tables and in-flight records full of anything: nothing throws, nothing goes on for ever,
 * and a ring that makes no sense is broken once.
 */
@Tag("slow")
class DeviceRingFuzzTest {
  private static final int ROUNDS = 6_000;

  private final Random random = new Random(77);
  private final MemorySegment scratch = Arena.ofAuto().allocate(64);
  private int started;
  private int popped;
  private int broken;

  @ParameterizedTest
  @CsvSource({
    "false, 8, false", "true, 8, false", "true, 5, false",
    "false, 8, true", "true, 8, true", "true, 5, true",
  })
  void hostileBytes(boolean packed, int size, boolean tracked) {
    long features = VirtioFeatures.INDIRECT_DESC | VirtioFeatures.EVENT_IDX;
    long bytes = InflightRegion.regionBytes(packed, size);
    try (RingRig rig = new RingRig(packed, size, features);
        Arena arena = Arena.ofConfined()) {
      InflightRegion region = new InflightRegion(arena.allocate(bytes, 64), size);
      for (int round = 0; round < ROUNDS; round++) {
        rig.broken = null;
        if (random.nextInt(3) == 0) {
          rig.driver.reset();
          region.clear();
        }
        scribble(rig, tracked ? region : null);
        QueueConfig config = random.nextInt(3) == 0 ? rig.from(random.nextInt()) : rig.fresh();
        if (rig.device.start(config, rig.features, tracked ? region : null)) {
          started++;
          run(rig, tracked ? region : null);
        }
        broken += rig.broken == null ? 0 : 1;
      }
    }
    // The fuzzer reaches all ends.
    assertThat(started).isGreaterThan(ROUNDS / 10);
    assertThat(popped).isGreaterThan(ROUNDS / 10);
    assertThat(broken).isGreaterThan(ROUNDS / 10);
  }

  private void run(RingRig rig, @Nullable InflightRegion region) {
    List<DescriptorChain> held = new ArrayList<>();
    for (int step = 0; step < 6; step++) {
      DescriptorChain chain;
      int limit = 3 * rig.driver.size();
      while (limit-- > 0 && (chain = rig.device.pop()) != null) {
        popped++;
        held.add(chain);
        chain.read(0, scratch, 0, Math.min(64, chain.readableBytes()));
        chain.writeByte(chain.writableBytes() - 1, 1);
      }
      scribble(rig, region);
      while (!held.isEmpty() && random.nextInt(3) != 0) {
        rig.device.push(held.remove(random.nextInt(held.size())), random.nextInt(10));
      }
      rig.device.notifyDriver();
      rig.device.disableKicks();
      rig.device.enableKicks();
      rig.device.vringBase();
    }
  }

  private void scribble(RingRig rig, @Nullable InflightRegion region) {
    GuestMemory memory = rig.cpu.memory();
    int size = rig.driver.size();
    for (int i = 0; i < size; i++) {
      descriptor(memory, rig.driver.descriptorArea() + 16L * i, size, rig.packed);
      descriptor(memory, RingRig.BUFFERS + 16L * i, size, rig.packed);
    }
    if (!rig.packed) {
      int old = memory.readShort(rig.driver.driverArea() + 2);
      memory.writeShort(rig.driver.driverArea() + 2, old + random.nextInt(size + 2));
      for (int i = 0; i < size; i++) {
        memory.writeShort(rig.driver.driverArea() + 4 + 2L * i, random.nextInt(size + 1));
      }
    }
    if (region != null) {
      byte[] values = {0, 1, 2, (byte) size, (byte) (size - 1), (byte) 0xff, 3, 4};
      for (int n = random.nextInt(12); n > 0; n--) {
        long at = random.nextInt((int) region.memory().byteSize());
        boolean rare = at < InflightMemory.DESC_NUM + 2;
        if (!rare || random.nextInt(20) == 0) {
          byte value = values[random.nextInt(values.length)];
          region.memory().set(ValueLayout.JAVA_BYTE, at, value);
        }
      }
    }
  }

  private void descriptor(GuestMemory memory, long at, int size, boolean packed) {
    long[] addresses = {RingRig.BUFFERS, 0x100, RingRig.RAM - 1, -1, RingRig.RAM, 0x2000};
    int[] lengths = {1, 16, 32, 0, 48, 1, 16, -1, 100};
    int[] common = {0, 1, 2, 3, 4, 0, 1, 2};
    int flags = common[random.nextInt(common.length)];
    int id = random.nextInt(size + (random.nextInt(8) == 0 ? 2 : 0));
    memory.writeLong(at, addresses[random.nextInt(addresses.length)]);
    memory.writeInt(at + 8, lengths[random.nextInt(lengths.length)]);
    if (packed) {
      int laps = random.nextInt(4);
      flags |= ((laps & 1) << 7) | ((laps & 2) << 14);
    }
    memory.writeShort(at + (packed ? 12 : 14), id);
    memory.writeShort(at + (packed ? 14 : 12), flags);
  }
}
