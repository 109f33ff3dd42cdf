package dev.platter.devices.ahci;

import dev.platter.devices.block.RequestTracing;
import dev.platter.devices.bus.IrqLine;
import dev.platter.devices.bus.MmioDevice;
import dev.platter.devices.memory.BufferPool;
import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An AHCI HBA: generic host control (AHCI 3.1), the ports' register windows, and one interrupt line
 * for all of them. It presents itself as Intel's ICH9 with six ports, and also supports command
 * list override: CAP {@code c1141f05}.
 *
 * <p>Called with the big lock held. A device access never throws and never waits; an I/O request
 * that a register write starts may also complete during it.
 */
public final class AhciController implements MmioDevice, AutoCloseable {
  /** The least number of ports. */
  public static final int MIN_PORTS = 6;

  private static final int VERSION_1_0 = 0x0001_0000;
  private static final int MIN_MMIO_BYTES = 4096;
  private static final int CAPABILITIES =
      AhciRegisters.CAP_S64A
          | AhciRegisters.CAP_SNCQ
          | AhciRegisters.CAP_SCLO
          | AhciRegisters.CAP_ISS_GEN1
          | AhciRegisters.CAP_SAM
          | (AhciRegisters.SLOTS - 1) << AhciRegisters.CAP_NCS_SHIFT;

  private final IrqLine irq;
  private final Arena arena = Arena.ofShared();
  private final AhciPort[] ports;
  private final HoldBudget budget;
  private final AhciLoop.Work work;
  private boolean interruptEnable;
  private int interruptStatus;
  private boolean lineAsserted;
  private boolean master = true;
  private boolean held;
  private int firstPort;
  private @Nullable Runnable idleAction;
  private boolean closed;

  /**
   * Creates a controller in its power-on state: its disks are present and have sent their
   * signature.
   *
   * @param memory the guest's RAM
   * @param irq its interrupt line, for level-triggered use; falls and rises again when the guest
   *     acknowledges while more is pending, so that it can also drive a message-signalled one
   * @param disks the disk on port 0, on port 1 and so on, 32 at most; further ports up to {@link
   *     #MIN_PORTS} are empty
   * @param loop the loop that completes its requests
   */
  public AhciController(GuestMemory memory, IrqLine irq, List<AhciDisk> disks, AhciLoop loop) {
    if (disks.size() > AhciRegisters.MAX_PORTS) {
      throw new IllegalArgumentException(
          "an AHCI controller takes up to " + AhciRegisters.MAX_PORTS + " disks: " + disks.size());
    }
    this.irq = irq;
    budget = new HoldBudget(loop::heldNanos);
    work = loop.newWork(this::goOn);
    PortOwner owner = new PortOwner();
    ports = new AhciPort[Math.max(MIN_PORTS, disks.size())];
    for (int i = 0; i < ports.length; i++) {
      AhciDisk disk = i < disks.size() ? disks.get(i) : null;
      ports[i] = new AhciPort(i, disk, memory, budget, loop, arena, owner);
    }
  }

  /** Has all requests stamped from now on; called before the guest starts. */
  public void trace(RequestTracing tracing) {
    for (AhciPort port : ports) {
      port.trace(tracing);
    }
  }

  /** Length of the register range in bytes, a power of two (BAR 5 of a PCI function). */
  public int mmioSizeBytes() {
    int used = AhciRegisters.PORT_BASE + ports.length * AhciRegisters.PORT_STRIDE;
    return Math.max(MIN_MMIO_BYTES, Integer.highestOneBit(used * 2 - 1));
  }

  /**
   * The number of requests that the backends have, including requests that a stop or a reset has
   * abandoned. Only {@link #close} waits for the latter.
   */
  public int inFlight() {
    int count = 0;
    for (AhciPort port : ports) {
      count += port.inFlight();
    }
    return count;
  }

  /** The disks' buffers, in the order of their ports: the only memory that requests name. */
  public List<BufferPool> pools() {
    List<BufferPool> pools = new ArrayList<>();
    for (AhciPort port : ports) {
      BufferPool pool = port.pool();
      if (pool != null) {
        pools.add(pool);
      }
    }
    return pools;
  }

  /**
   * Enables or disables access to guest memory; a new controller has it enabled. While it is
   * disabled, the controller fetches no command and writes neither data nor FIS. A port with
   * transfers under way halts with a host bus error.
   */
  public void setMaster(boolean mayReachMemory) {
    if (mayReachMemory != master) {
      master = mayReachMemory;
      budget.refill();
      for (AhciPort port : ports) {
        port.masterChanged();
      }
    }
  }

  /**
   * Submits no more requests until {@link #resume}. Requests in flight complete. Registers answer,
   * and commands that need no backend are executed.
   */
  public void hold() {
    held = true;
  }

  /** Executes the commands that have waited since {@link #hold}. */
  public void resume() {
    held = false;
    goOn();
  }

  private void goOn() {
    if (closed) {
      return;
    }
    budget.refill();
    // Each call begins with another port, because all ports share one budget.
    firstPort = (firstPort + 1) % ports.length;
    for (int i = 0; i < ports.length; i++) {
      ports[(firstPort + i) % ports.length].goOn();
    }
  }

  /**
   * Runs {@code action} once, with the big lock held, as soon as nothing is in flight; at once if
   * nothing is. Replaces an earlier action that still waits.
   */
  public void whenIdle(Runnable action) {
    idleAction = action;
    checkIdle();
  }

  private void checkIdle() {
    Runnable action = idleAction;
    if (action != null && inFlight() == 0) {
      idleAction = null;
      action.run();
    }
  }

  /**
   * Resets all registers and disks to their power-on state, as a bus reset does, and lowers the
   * line. Commands that have begun before touch guest memory no more.
   */
  public void powerCycle() {
    interruptEnable = false;
    interruptStatus = 0;
    for (AhciPort port : ports) {
      port.powerCycle();
    }
    updateLine();
    checkIdle();
  }

  @Override
  public long read(long offset, int sizeBytes) {
    long aligned = offset & ~3L;
    long value = Integer.toUnsignedLong(register(aligned));
    int shift = (int) (offset & 3) * 8;
    if (shift + sizeBytes * 8 > 32) {
      value |= (long) register(aligned + 4) << 32;
    }
    value >>>= shift;
    return sizeBytes == 8 ? value : value & ((1L << (sizeBytes * 8)) - 1);
  }

  @Override
  public void write(long offset, int sizeBytes, long value) {
    // Software accesses whole registers (3); other accesses are served by the register that they
    // lie in.
    long aligned = offset & ~3L;
    int shift = (int) (offset & 3) * 8;
    int bits = Math.min(sizeBytes * 8, 64 - shift);
    writePart(aligned, shift, Math.min(bits, 32 - shift), (int) value);
    int rest = bits - (32 - shift);
    if (rest > 0) {
      writePart(aligned + 4, 0, rest, (int) (value >>> (32 - shift)));
    }
  }

  private void writePart(long aligned, int shift, int bits, int value) {
    int mask = (bits == 32 ? -1 : (1 << bits) - 1) << shift;
    int kept = bits == 32 || isWriteOne(aligned) ? 0 : register(aligned) & ~mask;
    writeRegister(aligned, kept | (value << shift & mask));
  }

  /** Whether writing 1 acts on a bit and writing 0 does not. */
  private static boolean isWriteOne(long aligned) {
    if (aligned < AhciRegisters.PORT_BASE) {
      return aligned == AhciRegisters.IS;
    }
    int inPort = (int) aligned & (AhciRegisters.PORT_STRIDE - 1);
    return inPort == AhciRegisters.PX_IS
        || inPort == AhciRegisters.PX_SERR
        || inPort == AhciRegisters.PX_SACT
        || inPort == AhciRegisters.PX_CI;
  }

  private static long portIndex(long aligned) {
    return (aligned - AhciRegisters.PORT_BASE) / AhciRegisters.PORT_STRIDE;
  }

  private int register(long aligned) {
    if (aligned >= AhciRegisters.PORT_BASE) {
      long index = portIndex(aligned);
      return index < ports.length
          ? ports[(int) index].read((int) aligned & (AhciRegisters.PORT_STRIDE - 1))
          : 0;
    }
    return switch ((int) aligned) {
      case AhciRegisters.CAP -> CAPABILITIES | (ports.length - 1);
      case AhciRegisters.GHC -> AhciRegisters.GHC_AE | (interruptEnable ? AhciRegisters.GHC_IE : 0);
      case AhciRegisters.IS -> interruptStatus;
      case AhciRegisters.PI -> -1 >>> (AhciRegisters.MAX_PORTS - ports.length);
      case AhciRegisters.VS -> VERSION_1_0;
      default -> 0; // CCC, EM, CAP2 and BOHC: not implemented
    };
  }

  private void writeRegister(long aligned, int value) {
    if (closed) {
      return;
    }
    budget.refill();
    if (aligned >= AhciRegisters.PORT_BASE) {
      long index = portIndex(aligned);
      if (index < ports.length) {
        ports[(int) index].write((int) aligned & (AhciRegisters.PORT_STRIDE - 1), value);
      }
    } else if (aligned == AhciRegisters.GHC) {
      interruptEnable = (value & AhciRegisters.GHC_IE) != 0;
      if ((value & AhciRegisters.GHC_HR) != 0) {
        reset();
      }
      updateLine();
    } else if (aligned == AhciRegisters.IS) {
      acknowledge(value);
    }
  }

  private void acknowledge(int bits) {
    interruptStatus &= ~bits;
    for (int i = 0; i < ports.length; i++) {
      notePending(i);
    }
    if (lineAsserted && bits != 0) {
      // With MSI, an interrupt that is still pending is sent as a new message (10.7.2).
      lineAsserted = false;
      irq.lower();
    }
    updateLine();
  }

  private void reset() {
    interruptEnable = false;
    interruptStatus = 0;
    for (AhciPort port : ports) {
      port.reset();
    }
  }

  private final class PortOwner implements AhciPort.Owner {
    @Override
    public void changed(int index) {
      notePending(index);
      updateLine();
      checkIdle();
    }

    @Override
    public boolean master() {
      return master;
    }

    @Override
    public boolean mayBegin() {
      return master && !held;
    }

    @Override
    public void later() {
      work.schedule();
    }
  }

  private void notePending(int index) {
    if (ports[index].interruptPending()) {
      interruptStatus |= 1 << index;
    }
  }

  private void updateLine() {
    boolean asserted = interruptEnable && interruptStatus != 0;
    if (asserted == lineAsserted) {
      return;
    }
    lineAsserted = asserted;
    if (asserted) {
      irq.raise();
    } else {
      irq.lower();
    }
  }

  /**
   * Frees the buffers; the backends stay open. Idempotent.
   *
   * @throws IllegalStateException if {@link #inFlight} is not 0
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    if (inFlight() != 0) {
      throw new IllegalStateException(inFlight() + " requests in flight: drain the backends first");
    }
    closed = true;
    for (AhciPort port : ports) {
      port.close();
    }
    arena.close();
  }
}
