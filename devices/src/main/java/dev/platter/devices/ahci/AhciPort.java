package dev.platter.devices.ahci;

import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.block.RequestTracing;
import dev.platter.devices.memory.BufferPool;
import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * One port: what its registers read as, what a write to them sets off, and its way through start,
 * stop and reset (AHCI 3.3, 10.3, 10.4). Without a disk its registers work and its link stays down.
 */
final class AhciPort {
  /** The controller, as its ports see it. */
  interface Owner {
    /** Port {@code index} may have begun or ceased to want an interrupt. */
    void changed(int index);

    /** Whether the HBA may reach guest memory, as a bus master. */
    boolean master();

    /** Whether commands may be begun: memory be reached, and the backend be given requests. */
    boolean mayBegin();

    /** A port has more to do in another hold of the big lock: {@link AhciPort#goOn}. */
    void later();
  }

  private static final int COMMAND_LIST_ALIGNMENT = 1024;
  private static final int RFIS_ALIGNMENT = 256;
  private static final int IE_MASK = 0xfdc0_00ff;
  private static final int SCTL_MASK = 0xfff;

  private final int index;
  private final Owner owner;
  private final PortRegisters registers = new PortRegisters();
  private final @Nullable CommandList commands;

  AhciPort(
      int index,
      @Nullable AhciDisk disk,
      GuestMemory memory,
      HoldBudget budget,
      AhciLoop loop,
      Arena arena,
      Owner owner) {
    this.index = index;
    this.owner = owner;
    commands =
        disk == null
            ? null
            : new CommandList(disk, registers, memory, budget, loop, arena, index, owner);
    powerOn();
  }

  private void powerOn() {
    if (commands != null) {
      registers.sataStatus = AhciRegisters.SSTS_UP;
      commands.powerOn();
    }
  }

  /** Everything as after power-on. */
  void powerCycle() {
    registers.powerCycle();
    abandon();
    powerOn();
  }

  boolean interruptPending() {
    return registers.interruptPending();
  }

  int inFlight() {
    return commands == null ? 0 : commands.inFlight();
  }

  /** The buffers of the port's disk, if it has one. */
  @Nullable BufferPool pool() {
    return commands == null ? null : commands.pool();
  }

  /**
   * Reads the register at {@code offset}, a multiple of 4 below {@link AhciRegisters#PORT_STRIDE}.
   */
  int read(int offset) {
    return switch (offset) {
      case AhciRegisters.PX_CLB -> (int) registers.commandListBase;
      case AhciRegisters.PX_CLBU -> (int) (registers.commandListBase >> 32);
      case AhciRegisters.PX_FB -> (int) registers.fisBase;
      case AhciRegisters.PX_FBU -> (int) (registers.fisBase >> 32);
      case AhciRegisters.PX_IS -> registers.interruptStatus();
      case AhciRegisters.PX_IE -> registers.interruptEnable;
      case AhciRegisters.PX_CMD -> command();
      case AhciRegisters.PX_TFD -> registers.taskFile;
      case AhciRegisters.PX_SIG -> registers.signature;
      case AhciRegisters.PX_SSTS -> registers.sataStatus;
      case AhciRegisters.PX_SCTL -> registers.sataControl;
      case AhciRegisters.PX_SERR -> registers.sataError;
      case AhciRegisters.PX_SACT -> registers.sataActive;
      case AhciRegisters.PX_CI -> registers.commandIssue;
      default -> 0;
    };
  }

  private int command() {
    int value = AhciRegisters.CMD_SUD | AhciRegisters.CMD_POD;
    value |= registers.currentSlot << AhciRegisters.CMD_CCS_SHIFT;
    if (registers.start) {
      value |= AhciRegisters.CMD_ST;
    }
    if (registers.fisReceiveEnable) {
      value |= AhciRegisters.CMD_FRE | AhciRegisters.CMD_FR;
    }
    // Nothing of guest memory is touched once ST is 0, whatever the backend still has (10.3.2).
    if (registers.start) {
      value |= AhciRegisters.CMD_CR;
    }
    return value;
  }

  /** Writes the register at {@code offset}. */
  void write(int offset, int value) {
    long low = Integer.toUnsignedLong(value);
    switch (offset) {
      case AhciRegisters.PX_CLB ->
          registers.commandListBase = low(registers.commandListBase, low & -COMMAND_LIST_ALIGNMENT);
      case AhciRegisters.PX_CLBU ->
          registers.commandListBase = high(registers.commandListBase, low);
      case AhciRegisters.PX_FB -> registers.fisBase = low(registers.fisBase, low & -RFIS_ALIGNMENT);
      case AhciRegisters.PX_FBU -> registers.fisBase = high(registers.fisBase, low);
      case AhciRegisters.PX_IS -> registers.clearEvents(value);
      case AhciRegisters.PX_IE -> registers.interruptEnable = value & IE_MASK;
      case AhciRegisters.PX_CMD -> writeCommand(value);
      case AhciRegisters.PX_SCTL -> writeSataControl(value & SCTL_MASK);
      case AhciRegisters.PX_SERR -> registers.sataError &= ~value;
      case AhciRegisters.PX_SACT -> {
        if (registers.start) {
          registers.sataActive |= value;
        }
      }
      case AhciRegisters.PX_CI -> {
        if (registers.start) {
          registers.commandIssue |= value;
          if (commands != null) {
            commands.doorbell(value);
          }
          run();
        }
      }
      default -> {}
    }
    owner.changed(index);
  }

  private static long low(long register, long value) {
    return (register & 0xffff_ffff_0000_0000L) | value;
  }

  private static long high(long register, long value) {
    return (register & 0xffff_ffffL) | value << 32;
  }

  private void run() {
    if (commands != null) {
      commands.run();
    }
  }

  private void writeCommand(int value) {
    registers.fisReceiveEnable = (value & AhciRegisters.CMD_FRE) != 0;
    if (commands != null) {
      commands.postSignature();
    }
    if ((value & AhciRegisters.CMD_CLO) != 0 && !registers.start) {
      // At once, so that the bit never reads 1. The disk goes on with what it has (3.3.7).
      registers.taskFile &= ~(AtaStatus.BSY | AtaStatus.DRQ);
      if (commands != null) {
        commands.override();
      }
    }
    boolean start = (value & AhciRegisters.CMD_ST) != 0;
    if (start == registers.start) {
      return;
    }
    registers.start = start;
    if (!start) {
      abandon();
    }
    // A start needs nothing: commands are issued after it.
  }

  private void abandon() {
    if (commands == null) {
      registers.commandIssue = 0;
      registers.sataActive = 0;
    } else {
      commands.stop();
    }
  }

  private void writeSataControl(int value) {
    int before = registers.sataControl & AhciRegisters.SCTL_DET;
    int after = value & AhciRegisters.SCTL_DET;
    registers.sataControl = value;
    if (after == before) {
      return;
    }
    switch (after) {
      case AhciRegisters.DET_COMRESET -> takeLinkDown(0);
      case AhciRegisters.DET_OFFLINE -> takeLinkDown(AhciRegisters.SSTS_OFFLINE);
      case 0 -> {
        if (!registers.linkUp()) {
          bringLinkUp();
        }
      }
      default -> {} // reserved
    }
  }

  private void takeLinkDown(int sataStatus) {
    registers.linkDown(sataStatus);
    if (commands != null) {
      commands.linkIsDown();
    }
    // With ST still set, which 10.4.2 forbids, the commands are dropped as if it had been cleared.
    abandon();
  }

  /** GHC.HR: resets the port; its link comes back by itself (10.4.3). */
  void reset() {
    registers.reset();
    abandon();
    bringLinkUp();
  }

  private void bringLinkUp() {
    registers.linkDown(0);
    if (commands != null) {
      registers.sataStatus = AhciRegisters.SSTS_UP;
      registers.sataError |= AhciRegisters.SERR_DIAG_X | AhciRegisters.SERR_DIAG_N;
      commands.comreset();
    }
  }

  /** The HBA may reach guest memory again, or no longer. */
  void masterChanged() {
    if (commands != null) {
      if (owner.master()) {
        commands.postSignature();
        commands.run();
      } else {
        commands.masterIsOff();
      }
      owner.changed(index);
    }
  }

  /** Goes on with what was put off or held back. */
  void goOn() {
    if (commands != null) {
      commands.run();
      owner.changed(index);
    }
  }

  void trace(RequestTracing tracing) {
    if (commands != null) {
      commands.trace(tracing);
    }
  }

  void close() {
    if (commands != null) {
      commands.close();
    }
  }
}
