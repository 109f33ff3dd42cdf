package dev.platter.devices.ahci;

import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.block.RequestTracing;
import dev.platter.devices.memory.BufferPool;
import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * A port: decodes its registers, and carries out start, stop and reset (AHCI 3.3, 10.3, 10.4).
 * Without a disk its registers work and its link stays down.
 */
final class AhciPort {
  /** The controller, as its ports see it. */
  interface Owner {
    /** The interrupt state of port {@code index} may have changed. */
    void changed(int index);

    /** Whether the HBA may access guest memory as a bus master. */
    boolean master();

    /** Whether new commands may begin: the HBA is a bus master and is not held. */
    boolean mayBegin();

    /** Asks for a call of {@link AhciPort#goOn} in a later hold of the big lock. */
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

  /** Resets everything to its power-on state. */
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
    // Once ST is 0, guest memory is not touched, even if the backend still has requests (10.3.2).
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
      // Done at once, so that the bit never reads 1. The disk goes on with its command (3.3.7).
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
    // A start has nothing to do: commands are issued after it.
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
    // If ST is still set, which 10.4.2 forbids, the commands are dropped as if ST had been cleared.
    abandon();
  }

  /** GHC.HR: resets the port, after which the link comes up by itself (10.4.3). */
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

  /** Follows a change of {@link Owner#master}. */
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

  /** Continues work that a full budget or a hold has put off. */
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
