package dev.platter.emulator.export.vfiouser;

import dev.platter.devices.bus.MmioDevice;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.pci.PciBar;
import dev.platter.devices.pci.PciConfig;
import dev.platter.devices.pci.PciConfigSpace;
import dev.platter.devices.pci.PciFunction;
import dev.platter.devices.pci.PciInterrupts;
import dev.platter.devices.pci.PciVectors;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A device that only tests have: 64 KiB of memory registers in BAR 0, 32 bytes of I/O ports in BAR
 * 2, and as many interrupts as a test likes. Registers are bytes to store and to load, but for
 * those that have a name here.
 */
final class MadeUpFunction implements PciFunction {
  static final int VENDOR = 0xabcd;
  static final int DEVICE = 0x0102;
  static final int MEMORY_BYTES = 0x1_0000;
  static final int PORT_BYTES = 32;

  /** A store sends the interrupt with its number. */
  static final int RING = 0x0;

  /** Where DMA goes, 64 bits. */
  static final int DMA_ADDRESS = 0x8;

  /** 64 bits of guest memory. */
  static final int DMA_DATA = 0x10;

  /** A store begins a request, which sends interrupt 0 as soon as it may begin. */
  static final int BEGIN = 0x18;

  /** The MSI-X capability (PCI 6.8.2). */
  static final int MSIX = 0x40;

  /** The MSI capability (PCI 6.8.1). */
  static final int MSI = 0x60;

  private static final int MSIX_ID = 0x11;
  private static final int MSIX_ENABLE = 0x8000;

  final List<String> accesses = new CopyOnWriteArrayList<>();
  final AtomicInteger resets = new AtomicInteger();
  final AtomicInteger removals = new AtomicInteger();
  final AtomicInteger requests = new AtomicInteger();
  volatile boolean connected;
  volatile boolean closed;

  private final PciConfigSpace space = new PciConfigSpace();
  private final PciVectors vectors;
  private final GuestMemory memory = new GuestMemory(List.of());
  private final List<PciBar> bars =
      List.of(
          new PciBar(0, PciBar.Space.MEMORY, MEMORY_BYTES, new Registers(0, MEMORY_BYTES)),
          new PciBar(2, PciBar.Space.IO, PORT_BYTES, new Registers(2, PORT_BYTES)));
  private @Nullable PciInterrupts interrupts;
  private long dmaAddress;
  private int pauses;
  private int waiting;

  MadeUpFunction(PciVectors vectors) {
    this.vectors = vectors;
    space.define(PciConfig.VENDOR_ID, 2, VENDOR, 0);
    space.define(PciConfig.DEVICE_ID, 2, DEVICE, 0);
    space.define(PciConfig.COMMAND, 2, 0, 0x7);
    space.define(PciConfig.STATUS, 2, PciConfig.STATUS_CAPABILITIES, 0);
    bars.forEach(space::define);
    space.define(PciConfig.CAPABILITIES, 1, vectors.msix() > 0 ? MSIX : MSI, 0);
    if (vectors.msix() > 0) {
      space.define(MSIX, 2, MSIX_ID | (vectors.msi() > 0 ? MSI << 8 : 0), 0);
      space.define(MSIX + 2, 2, vectors.msix() - 1, MSIX_ENABLE);
      space.define(MSIX + 4, 4, 0x8000, 0); // the table: BAR 0, where nothing else is
      space.define(MSIX + 8, 4, 0x9000, 0);
    }
    if (vectors.msi() > 0) {
      int capable = Integer.numberOfTrailingZeros(vectors.msi()) << 1;
      space.define(MSI, 2, PciConfig.MSI_ID, 0);
      int writable = PciConfig.MSI_ENABLE | PciConfig.MSI_MULTIPLE_ENABLE;
      space.define(MSI + PciConfig.MSI_CONTROL, 2, PciConfig.MSI_64_BIT | capable, writable);
    }
  }

  private final class Registers implements MmioDevice {
    private final int bar;
    private final byte[] bytes;

    Registers(int bar, int sizeBytes) {
      this.bar = bar;
      bytes = new byte[sizeBytes];
    }

    private void note(String what, long offset, int sizeBytes) {
      accesses.add(
          String.format(Locale.ROOT, "BAR %d %s %d at 0x%x", bar, what, sizeBytes, offset));
    }

    @Override
    public long read(long offset, int sizeBytes) {
      note("load", offset, sizeBytes);
      if (bar == 0 && offset == DMA_DATA) {
        return isMaster() ? memory.readLong(dmaAddress) : -1;
      }
      long value = 0;
      for (int i = 0; i < sizeBytes; i++) {
        value |= (bytes[(int) offset + i] & 0xffL) << (8 * i);
      }
      return value;
    }

    @Override
    public void write(long offset, int sizeBytes, long value) {
      note("store", offset, sizeBytes);
      for (int i = 0; i < sizeBytes; i++) {
        bytes[(int) offset + i] = (byte) (value >> (8 * i));
      }
      if (bar == 0) {
        act((int) offset, value);
      }
    }
  }

  private void act(int offset, long value) {
    switch (offset) {
      case RING -> ring((int) value);
      case DMA_ADDRESS -> dmaAddress = value;
      case DMA_DATA -> {
        if (isMaster()) {
          memory.writeLong(dmaAddress, value);
        }
      }
      case BEGIN -> {
        waiting++;
        begin();
      }
      default -> {}
    }
  }

  private boolean isMaster() {
    return (space.word(PciConfig.COMMAND) & PciConfig.COMMAND_BUS_MASTER) != 0;
  }

  private void ring(int vector) {
    PciInterrupts to = interrupts;
    int msi = space.word(MSI + PciConfig.MSI_CONTROL);
    if (to == null) {
      return;
    }
    if ((space.word(MSIX + 2) & MSIX_ENABLE) != 0) {
      if (isMaster()) {
        to.msix(vector);
      }
    } else if ((msi & PciConfig.MSI_ENABLE) != 0) {
      if (isMaster()) {
        int allocated = Math.min(1 << (msi >> 4 & 7), vectors.msi()); // 6.8.1.3
        to.msi(vector & (allocated - 1));
      }
    } else if (vectors.intx() > 0) {
      to.intx(true);
    }
  }

  private void begin() {
    while (pauses == 0 && waiting > 0) {
      waiting--;
      requests.incrementAndGet();
      ring(0);
    }
  }

  @Override
  public MmioDevice config() {
    return space;
  }

  @Override
  public List<PciBar> bars() {
    return bars;
  }

  @Override
  public PciVectors vectors() {
    return vectors;
  }

  @Override
  public GuestMemory memory() {
    return memory;
  }

  @Override
  public void memoryRemoved() {
    removals.incrementAndGet();
  }

  @Override
  public void connect(@Nullable PciInterrupts newInterrupts) {
    if (newInterrupts != null) {
      reset();
    }
    interrupts = newInterrupts;
    connected = newInterrupts != null;
  }

  @Override
  public void reset() {
    resets.incrementAndGet();
    space.reset();
    dmaAddress = 0;
    waiting = 0;
    if (interrupts != null && vectors.intx() > 0) {
      interrupts.intx(false);
    }
  }

  @Override
  public void hold() {
    pauses++;
  }

  @Override
  public void resume() {
    pauses--;
    begin();
  }

  @Override
  public int inFlight() {
    return requests.get();
  }

  /** What is in flight ends when somebody waits for it. */
  @Override
  public void whenIdle(Runnable action) {
    requests.set(0);
    action.run();
  }

  @Override
  public void close() {
    if (requests.get() != 0) {
      throw new IllegalStateException("requests in flight");
    }
    closed = true;
  }
}
