package dev.platter.emulator.measure.machine;

import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.loop.BigLock;
import dev.platter.aio.loop.SharedCounter;
import dev.platter.devices.bus.MmioDevice;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Routes guest loads and stores. A store that matches an ioeventfd becomes an eventfd write, with
 * no lock; everything else takes the big lock and calls the device. At an address without a device,
 * loads read all ones and stores vanish; both are counted.
 *
 * <p>Devices and ioeventfds are registered before the vCPUs start.
 */
public final class MmioBus {
  private record DeviceRange(long base, long sizeBytes, MmioDevice device) {
    boolean contains(long address) {
      return Long.compareUnsigned(address - base, sizeBytes) < 0;
    }
  }

  private record IoEventFd(long address, long value, EventNotifier notifier) {}

  private final BigLock lock;
  private final SharedCounter exits = new SharedCounter();
  private final SharedCounter ioEventFds = new SharedCounter();
  private final SharedCounter unmapped = new SharedCounter();
  private boolean stamps;
  private DeviceRange[] ranges = {};
  private IoEventFd[] doorbells = {};

  MmioBus(BigLock lock) {
    this.lock = lock;
  }

  /**
   * From now on, notes the time of each store that takes the lock; called before the vCPUs start.
   */
  void stampStores() {
    stamps = true;
  }

  /** Puts a device's registers at {@code base}. */
  public void map(long base, long sizeBytes, MmioDevice device) {
    for (DeviceRange range : ranges) {
      if (base < range.base + range.sizeBytes && range.base < base + sizeBytes) {
        throw new IllegalArgumentException("MMIO ranges overlap at " + Long.toHexString(base));
      }
    }
    ranges = Arrays.copyOf(ranges, ranges.length + 1);
    ranges[ranges.length - 1] = new DeviceRange(base, sizeBytes, device);
  }

  /** Makes a 32-bit store of {@code value} at {@code address} signal {@code notifier} instead. */
  public void addIoEventFd(long address, int value, EventNotifier notifier) {
    doorbells = Arrays.copyOf(doorbells, doorbells.length + 1);
    doorbells[doorbells.length - 1] =
        new IoEventFd(address, Integer.toUnsignedLong(value), notifier);
  }

  /**
   * A guest load.
   *
   * @param sizeBytes 1, 2, 4 or 8
   * @return the value, zero-extended
   */
  public long load(long address, int sizeBytes) {
    DeviceRange range = find(address);
    if (range == null) {
      unmapped.increment();
      return sizeBytes == 8 ? -1L : (1L << (8 * sizeBytes)) - 1;
    }
    exits.increment();
    lock.lock();
    try {
      return range.device.read(address - range.base, sizeBytes);
    } finally {
      lock.unlock();
    }
  }

  /**
   * A guest store.
   *
   * @param sizeBytes 1, 2, 4 or 8
   */
  public void store(long address, int sizeBytes, long value) {
    long rungNanos = stamps ? System.nanoTime() : 0;
    if (sizeBytes == 4) {
      for (IoEventFd doorbell : doorbells) {
        if (doorbell.address == address && doorbell.value == value) {
          ioEventFds.increment();
          doorbell.notifier.signal();
          return;
        }
      }
    }
    DeviceRange range = find(address);
    if (range == null) {
      unmapped.increment();
      return;
    }
    exits.increment();
    lock.lock(rungNanos);
    try {
      range.device.write(address - range.base, sizeBytes, value);
    } finally {
      lock.unlock();
    }
  }

  private @Nullable DeviceRange find(long address) {
    for (DeviceRange range : ranges) {
      if (range.contains(address)) {
        return range;
      }
    }
    return null;
  }

  /** Accesses that took the big lock. */
  public long exits() {
    return exits.get();
  }

  /** Stores that became eventfd writes. */
  public long ioEventFds() {
    return ioEventFds.get();
  }

  /** Accesses where no device is. */
  public long unmapped() {
    return unmapped.get();
  }
}
