package dev.platter.devices.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.driver.DriverQueue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A device side that dies before and after every store to its in-flight record, while taking,
 * giving back and recovering: its successor gets exactly what the driver still waits for, in the
 * order in which it was offered, which is that in which a ring is read.
 */
@Tag("slow")
class InflightCrashTest {
  private static final int OPERATIONS = 40;
  private static final int SLOT_BYTES = 128;

  /** The process dies here. */
  private static final class Death extends RuntimeException {
    private static final long serialVersionUID = 1;

    Death() {
      super("dies", null, false, false);
    }
  }

  /** Lets the process die at a step. */
  private static final class Mortal extends InflightMemory {
    private int left;

    Mortal(InflightRegion region, int steps) {
      super(region);
      left = steps;
    }

    @Override
    void step() {
      if (left-- == 0) {
        throw new Death();
      }
    }
  }

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment scratch = arena.allocate(8);
  private final List<Long> offered = new ArrayList<>();
  private final TreeSet<Long> completed = new TreeSet<>();
  private final long[] stampOf = new long[64];
  private final List<Held> held = new ArrayList<>();
  private long pushing;
  private int base;

  @AfterEach
  void free() {
    arena.close();
  }

  @ParameterizedTest
  @CsvSource({
    "false, 1",
    "false, 4",
    "false, 8",
    "true, 1",
    "true, 2",
    "true, 3",
    "true, 5",
    "true, 8"
  })
  void nothingIsLostAndNothingIsDoneTwice(boolean packed, int size) {
    try (RingRig rig = new RingRig(packed, size, VirtioFeatures.INDIRECT_DESC)) {
      // Room for more than the queue has, as a client asks for its largest.
      int descNum = size + 2;
      MemorySegment memory = arena.allocate(InflightRegion.regionBytes(packed, descNum), 64);
      InflightRegion region = new InflightRegion(memory, descNum);
      int steps = 0;
      while (!survives(rig, region, steps)) {
        // The process dies at each step; its successor, too, while it starts.
        int again = 0;
        while (!recovers(rig, region, steps, again)) {
          again++;
        }
        assertThat(again).isPositive();
        steps++;
      }
      assertThat(steps).isGreaterThan(50);
    }
  }

  /** Runs the same operations up to a step; false if the process has died. */
  private boolean survives(RingRig rig, InflightRegion region, int steps) {
    offered.clear();
    completed.clear();
    held.clear();
    region.clear();
    base = rig.startNearTheEnd();
    rig.device = rig.newDevice();
    Random random = new Random(rig.driver.size());
    try {
      // Made by the first process; one that dies in here has taken nothing.
      ((AbstractRing) rig.device).startOn(rig.from(base), rig.features, new Mortal(region, steps));
      for (int i = 0; i < OPERATIONS; i++) {
        operate(rig, random);
      }
      return true;
    } catch (Death _) {
      return false;
    }
  }

  private void operate(RingRig rig, Random random) {
    offer(rig, random);
    switch (random.nextInt(4)) {
      case 0, 1 -> {
        DescriptorChain chain = rig.device.pop();
        if (chain != null) {
          held.add(new Held(chain, stamp(chain)));
        }
      }
      case 2 -> {
        if (!held.isEmpty()) {
          push(rig, held.remove(random.nextInt(held.size())));
        }
      }
      default -> takeAll(rig);
    }
  }

  /** A chain, and what the guest has put into it. */
  private record Held(DescriptorChain chain, long stamp) {}

  private long stamp(DescriptorChain chain) {
    assertThat(chain.read(0, scratch, 0, 8)).isTrue();
    return scratch.get(ValueLayout.JAVA_LONG, 0);
  }

  private void push(RingRig rig, Held one) {
    pushing = one.stamp;
    rig.device.push(one.chain, one.chain.writableBytes());
  }

  private void offer(RingRig rig, Random random) {
    long stamp = offered.size();
    long memory = RingRig.BUFFERS + stamp * SLOT_BYTES;
    rig.cpu.memory().writeLong(memory, stamp);
    rig.driver.add(memory, 8, false);
    for (int n = random.nextInt(3); n > 0; n--) {
      rig.driver.add(memory + 8, 1, true);
    }
    int id = random.nextInt(4) == 0 ? rig.driver.offerIndirect(memory + 16) : rig.driver.offer();
    if (id != DriverQueue.NONE) {
      offered.add(stamp);
      stampOf[id] = stamp;
    }
  }

  private void takeAll(RingRig rig) {
    int id;
    while ((id = rig.driver.take()) != DriverQueue.NONE) {
      assertThat(completed.add(stampOf[id])).as("done twice").isTrue();
    }
  }

  /** Recovers twice, dying at a step of the first; true if that step is not reached any more. */
  private boolean recovers(RingRig rig, InflightRegion region, int steps, int again) {
    if (again > 0) {
      assertThat(survives(rig, region, steps)).isFalse();
    }
    // The guest goes on while nobody is there.
    takeAll(rig);
    offer(rig, new Random(again));
    boolean begun = region.memory().get(ValueLayout.JAVA_SHORT, InflightMemory.VERSION_AT) != 0;
    // Once something is recorded it does not matter what the client believes.
    QueueConfig config = begun ? rig.from(0) : rig.from(base);
    boolean reached = false;
    try {
      rig.device = rig.newDevice();
      ((AbstractRing) rig.device).startOn(config, rig.features, new Mortal(region, again));
    } catch (Death _) {
      reached = true;
    }
    rig.device = rig.newDevice();
    assertThat(rig.device.start(config, rig.features, region)).isTrue();
    finish(rig, steps);
    return !reached;
  }

  private void finish(RingRig rig, int steps) {
    List<Long> expected = new ArrayList<>(offered);
    expected.removeAll(completed);
    List<Long> popped = new ArrayList<>();
    held.clear();
    DescriptorChain chain;
    while ((chain = rig.device.pop()) != null) {
      popped.add(stamp(chain));
      held.add(new Held(chain, stamp(chain)));
    }
    assertThat(rig.broken).isNull();
    assertThat(popped)
        .as("after death at step %d, giving back %d", steps, pushing)
        .isEqualTo(expected);
    Random random = new Random(steps);
    while (!held.isEmpty()) {
      push(rig, held.remove(random.nextInt(held.size())));
    }
    takeAll(rig);
    assertThat(completed).containsExactlyElementsOf(offered);
    assertThat(rig.driver.freeCount()).isEqualTo(rig.driver.size());
  }
}
