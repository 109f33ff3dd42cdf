package dev.platter.devices.ahci;

import dev.platter.devices.block.RequestTracing;
import dev.platter.devices.bus.IrqLine;
import dev.platter.devices.bus.MmioDevice;
import dev.platter.devices.memory.BufferPool;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.pci.PciBar;
import dev.platter.devices.pci.PciConfig;
import dev.platter.devices.pci.PciConfigSpace;
import dev.platter.devices.pci.PciFunction;
import dev.platter.devices.pci.PciInterrupts;
import dev.platter.devices.pci.PciVectors;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An AHCI controller as a PCI function: Intel's ICH9 in AHCI mode, 8086:2922. Its registers are in
 * BAR 5; it has one MSI and the INTA# pin; without bus mastering it does not access memory.
 */
public final class AhciFunction implements PciFunction {
  // AHCI 2.1.11.
  private static final int REGISTERS_BAR = 5;
  private static final int VENDOR_INTEL = 0x8086;
  private static final int DEVICE_ICH9_AHCI = 0x2922;
  private static final int REVISION = 0x02;
  private static final int CLASS_SATA_AHCI = 0x010601;
  private static final int INTA = 1;
  private static final int MSI = 0x80;
  // Intel's own registers (ICH9 datasheet, 15.1.29 and 15.1.30), which drivers read.
  private static final int ADDRESS_MAP = 0x90;
  private static final int ADDRESS_MAP_AHCI = 1 << 6;
  private static final int PORT_CONTROL = 0x92;
  private static final int COMMAND_WRITABLE =
      PciConfig.COMMAND_MEMORY
          | PciConfig.COMMAND_BUS_MASTER
          | PciConfig.COMMAND_PARITY
          | PciConfig.COMMAND_SERR
          | PciConfig.COMMAND_INTX_DISABLE;

  private final PciConfigSpace space = new PciConfigSpace();
  private final GuestMemory memory;
  private final AhciController controller;
  private final PciBar registers;
  private @Nullable PciInterrupts interrupts;
  private boolean asserted;
  private boolean pinAsserted;
  private boolean messageDue;
  private int holds;

  private final class Line implements IrqLine {
    @Override
    public void raise() {
      asserted = true;
      route();
    }

    @Override
    public void lower() {
      asserted = false;
      route();
    }
  }

  private final class Config implements MmioDevice {
    @Override
    public long read(long offset, int sizeBytes) {
      return space.read(offset, sizeBytes);
    }

    @Override
    public void write(long offset, int sizeBytes, long value) {
      space.write(offset, sizeBytes, value);
      route();
      updateMaster();
    }
  }

  private final Config config = new Config();

  /**
   * Creates a function in its power-on state, connected to nothing.
   *
   * @param memory the target of its DMA
   * @param disks the disk on port 0, on port 1 and so on
   * @param loop the loop that completes its requests
   */
  public AhciFunction(GuestMemory memory, List<AhciDisk> disks, AhciLoop loop) {
    this.memory = memory;
    controller = new AhciController(memory, new Line(), disks, loop);
    controller.setMaster(false); // until the guest makes it one
    int sizeBytes = controller.mmioSizeBytes();
    registers = new PciBar(REGISTERS_BAR, PciBar.Space.MEMORY, sizeBytes, controller);
    defineHeader();
    defineMsi();
    space.define(ADDRESS_MAP, 1, ADDRESS_MAP_AHCI, 0);
    space.define(PORT_CONTROL, 2, 0, 0xffff);
  }

  private void defineHeader() {
    space.define(PciConfig.VENDOR_ID, 2, VENDOR_INTEL, 0);
    space.define(PciConfig.DEVICE_ID, 2, DEVICE_ICH9_AHCI, 0);
    space.define(PciConfig.COMMAND, 2, 0, COMMAND_WRITABLE);
    int status = PciConfig.STATUS_CAPABILITIES | PciConfig.STATUS_DEVSEL_MEDIUM;
    space.define(PciConfig.STATUS, 2, status, 0);
    space.defineClearable(PciConfig.STATUS, 2, PciConfig.STATUS_ERRORS);
    space.define(PciConfig.REVISION_ID, 4, CLASS_SATA_AHCI << 8 | REVISION, 0);
    space.define(PciConfig.CACHE_LINE_SIZE, 1, 0, 0xff);
    space.define(registers);
    space.define(PciConfig.SUBSYSTEM_VENDOR_ID, 2, VENDOR_INTEL, 0);
    space.define(PciConfig.SUBSYSTEM_ID, 2, DEVICE_ICH9_AHCI, 0);
    space.define(PciConfig.CAPABILITIES, 1, MSI, 0);
    space.define(PciConfig.INTERRUPT_LINE, 1, 0, 0xff);
    space.define(PciConfig.INTERRUPT_PIN, 1, INTA, 0);
  }

  private void defineMsi() {
    space.define(MSI, 2, PciConfig.MSI_ID, 0); // the last of the list
    space.define(
        MSI + PciConfig.MSI_CONTROL,
        2,
        PciConfig.MSI_64_BIT,
        PciConfig.MSI_ENABLE | PciConfig.MSI_MULTIPLE_ENABLE);
    space.define(MSI + PciConfig.MSI_ADDRESS, 4, 0, -4);
    space.define(MSI + PciConfig.MSI_ADDRESS + 4, 4, 0, -1);
    space.define(MSI + PciConfig.MSI_DATA, 2, 0, 0xffff);
  }

  @Override
  public MmioDevice config() {
    return config;
  }

  @Override
  public List<PciBar> bars() {
    return List.of(registers);
  }

  @Override
  public PciVectors vectors() {
    return new PciVectors(1, 1, 0);
  }

  @Override
  public GuestMemory memory() {
    return memory;
  }

  /** Has all requests stamped from now on; called before the guest starts. */
  public void trace(RequestTracing tracing) {
    controller.trace(tracing);
  }

  /** Also gives the disks the present sizes of their images. */
  @Override
  public void connect(@Nullable PciInterrupts newInterrupts) {
    if (newInterrupts != null) {
      reset();
    }
    interrupts = newInterrupts;
    if (newInterrupts != null) {
      newInterrupts.intx(pinAsserted);
    }
  }

  // Called after each change of its inputs: a message is sent on the edge, not while the line is
  // high.
  private void route() {
    int command = space.word(PciConfig.COMMAND);
    boolean messages = (space.word(MSI + PciConfig.MSI_CONTROL) & PciConfig.MSI_ENABLE) != 0;
    space.set(PciConfig.STATUS, PciConfig.STATUS_INTERRUPT, asserted && !messages);
    boolean pin = asserted && !messages && (command & PciConfig.COMMAND_INTX_DISABLE) == 0;
    boolean due = asserted && messages && (command & PciConfig.COMMAND_BUS_MASTER) != 0;
    boolean pinChanged = pin != pinAsserted;
    boolean send = due && !messageDue;
    pinAsserted = pin;
    messageDue = due;
    if (interrupts != null && pinChanged) {
      interrupts.intx(pin);
    }
    if (interrupts != null && send) {
      interrupts.msi(0);
    }
  }

  private void updateMaster() {
    controller.setMaster((space.word(PciConfig.COMMAND) & PciConfig.COMMAND_BUS_MASTER) != 0);
  }

  // ---- holding and reset ---------------------------------------------------------------------

  @Override
  public int inFlight() {
    return controller.inFlight();
  }

  /** The disks' buffers: the only memory that requests name. */
  public List<BufferPool> pools() {
    return controller.pools();
  }

  @Override
  public void hold() {
    holds++;
    controller.hold();
  }

  @Override
  public void resume() {
    holds--;
    if (holds == 0) {
      controller.resume();
    }
  }

  @Override
  public void whenIdle(Runnable action) {
    controller.whenIdle(action);
  }

  /** Abandoned requests still reach the image, but not guest memory. */
  @Override
  public void reset() {
    controller.powerCycle();
    space.reset();
    route();
    updateMaster();
  }

  @Override
  public void close() {
    controller.close();
  }
}
