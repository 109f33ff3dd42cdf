package dev.platter.devices.testkit;

import dev.platter.devices.bus.MmioDevice;
import dev.platter.devices.driver.GuestCpu;
import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A guest without a machine: RAM of its own, and loads and stores that go straight to a device's
 * registers on the calling thread. Owns the RAM; close it after the devices that may reach it.
 */
public final class DirectCpu implements GuestCpu, AutoCloseable {
  private static final long RAM_ALIGNMENT = 4096;

  /**
   * RAM to create.
   *
   * @param guestAddress first guest physical address
   * @param lengthBytes how much
   */
  public record Ram(long guestAddress, long lengthBytes) {}

  private record Range(long guestAddress, long lengthBytes, MmioDevice device) {}

  private final Arena arena = Arena.ofShared();
  private final List<MemorySegment> ram = new ArrayList<>();
  private final GuestMemory memory;
  private Range[] ranges = new Range[0];

  /**
   * Creates a guest.
   *
   * @param layout its RAM regions, zeroed, page-aligned on the host
   */
  public DirectCpu(Ram... layout) {
    List<GuestMemory.Region> regions = new ArrayList<>();
    for (Ram each : layout) {
      MemorySegment segment = arena.allocate(each.lengthBytes, RAM_ALIGNMENT);
      ram.add(segment);
      regions.add(new GuestMemory.Region(each.guestAddress, segment));
    }
    memory = new GuestMemory(regions);
  }

  /** Puts a device's registers at an address; ranges must not overlap. */
  public void map(long guestAddress, long lengthBytes, MmioDevice device) {
    Range[] more = new Range[ranges.length + 1];
    System.arraycopy(ranges, 0, more, 0, ranges.length);
    more[ranges.length] = new Range(guestAddress, lengthBytes, device);
    ranges = more;
  }

  /**
   * An MMIO load.
   *
   * @param sizeBytes 1, 2, 4 or 8
   * @return the value; all ones where no device is
   */
  public long load(long guestAddress, int sizeBytes) {
    for (Range range : ranges) {
      if (Long.compareUnsigned(guestAddress - range.guestAddress, range.lengthBytes) < 0) {
        return range.device.read(guestAddress - range.guestAddress, sizeBytes);
      }
    }
    return sizeBytes == 8 ? -1 : (1L << (8 * sizeBytes)) - 1;
  }

  /**
   * An MMIO store; lost where no device is.
   *
   * @param sizeBytes 1, 2, 4 or 8
   */
  public void store(long guestAddress, int sizeBytes, long value) {
    for (Range range : ranges) {
      if (Long.compareUnsigned(guestAddress - range.guestAddress, range.lengthBytes) < 0) {
        range.device.write(guestAddress - range.guestAddress, sizeBytes, value);
        return;
      }
    }
  }

  @Override
  public int load32(long guestAddress) {
    return (int) load(guestAddress, 4);
  }

  @Override
  public void store32(long guestAddress, int value) {
    store(guestAddress, 4, Integer.toUnsignedLong(value));
  }

  @Override
  public GuestMemory memory() {
    return memory;
  }

  /** The host memory of each RAM region, in the constructor's order. */
  public List<MemorySegment> ram() {
    return List.copyOf(ram);
  }

  /** Frees the RAM; no device may have a transfer in flight. Idempotent. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
