package dev.platter.devices.memory;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** As many ranges as a guest with an IOMMU asks for, which come and go one by one. */
@Tag("slow")
class ManyRangesTest {
  private static final int MANY = 65_535;
  private static final long PAGE = 4096;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final MemorySegment ram = MemorySegment.ofArray(new byte[1 << 20]);
  private final GuestMemory memory = new GuestMemory(List.of());

  @Test
  void lookUpsAgreeWithAModelWhateverComesAndGoes() {
    Random random = new Random(11);
    TreeMap<Long, Long> model = new TreeMap<>();
    for (int step = 0; step < 60_000; step++) {
      // Phases of growing and of shrinking, so that chunks are split and joined.
      boolean grows = random.nextInt(10) < (step / 10_000 % 2 == 0 ? 8 : 2);
      long start = random.nextInt(6_000) * PAGE;
      long bytes = (1 + random.nextInt(3)) * PAGE;
      Map.Entry<Long, Long> floor = model.floorEntry(start + bytes - 1);
      boolean free = floor == null || floor.getKey() + floor.getValue() <= start;
      assertThat(memory.overlaps(start, bytes)).isNotEqualTo(free);
      if (grows) {
        assertThat(memory.add(start, bytes, ram, start & 0xf_0000)).isEqualTo(free);
        if (free) {
          model.put(start, bytes);
        }
      } else if (floor != null) {
        assertThat(memory.has(floor.getKey(), floor.getValue())).isTrue();
        assertThat(memory.has(floor.getKey(), floor.getValue() + PAGE)).isFalse();
        assertThat(memory.remove(floor.getKey(), floor.getValue())).isSameAs(ram);
        model.remove(floor.getKey());
      }
      assertThat(memory.ranges()).isEqualTo(model.size());
      long probe = random.nextInt(6_000) * PAGE + random.nextInt(4096);
      Map.Entry<Long, Long> at = model.floorEntry(probe);
      boolean inside = at != null && probe < at.getKey() + at.getValue();
      assertThat(memory.contains(probe, 1)).isEqualTo(inside);
    }
    assertThat(memory.regions().stream().map(GuestMemory.Region::guestAddress).toList())
        .isEqualTo(List.copyOf(model.keySet()));
  }

  @Test
  void aChangeCopiesLittleHoweverManyThereAre() {
    List<Long> starts = new ArrayList<>();
    for (long i = 0; i < MANY; i++) {
      starts.add(i * PAGE);
    }
    Collections.shuffle(starts, new Random(3));
    long before = THREADS.getCurrentThreadAllocatedBytes();
    for (long start : starts) {
      assertThat(memory.add(start, PAGE, ram, 0)).isTrue();
    }
    assertThat(memory.ranges()).isEqualTo(MANY);
    assertThat(memory.contains(0, MANY * PAGE)).isTrue();
    for (long start : starts) {
      memory.remove(start, PAGE);
    }
    long each = (THREADS.getCurrentThreadAllocatedBytes() - before) / (2 * MANY);
    // A copy of the whole would be 256 KiB and more.
    assertThat(each).isLessThan(16 << 10);
    assertThat(memory.ranges()).isZero();
    assertThat(memory.overlaps(0, Long.MAX_VALUE)).isFalse();
  }

  @Test
  void leftoversHereAndThereDoNotPileUpChunks() {
    // A guest that fills and thins out one place after the other.
    for (long i = 0; i < 20_000; i++) {
      memory.add(i * PAGE, PAGE, ram, 0);
      if (i % 100 != 0) {
        memory.remove(i * PAGE, PAGE);
      }
    }
    for (long i = 20_000; i < 40_000; i++) {
      memory.add(i * PAGE, PAGE, ram, 0);
    }
    for (long i = 20_000; i < 40_000; i++) {
      if (i % 100 != 0) {
        memory.remove(i * PAGE, PAGE);
      }
    }
    assertThat(memory.ranges()).isEqualTo(400);
    assertThat(memory.chunks()).isLessThan(10);
  }
}
