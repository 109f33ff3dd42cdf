package dev.platter.devices.ahci;

import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.memory.GuestMemory;

/**
 * Reports the ends of commands to the guest: by the task file, PxCI and PxSACT, PxIS, and FISes
 * (AHCI 5.3, 5.5). A method returns false if a write lies outside RAM.
 */
final class CommandCompletion {
  private final PortRegisters registers;
  private final GuestMemory memory;
  private final ReceivedFis fis;
  private boolean signaturePending;

  CommandCompletion(PortRegisters registers, GuestMemory memory, ReceivedFis fis) {
    this.registers = registers;
    this.memory = memory;
    this.fis = fis;
  }

  /** Reports that the disk is ready after a reset, by its signature. */
  boolean ready() {
    registers.setTaskFile(AtaStatus.READY, AtaStatus.DIAGNOSTIC_PASSED);
    registers.signature = ReceivedFis.SIGNATURE_LBA << 8 | ReceivedFis.SIGNATURE_COUNT;
    signaturePending = true;
    return postSignature();
  }

  /** Stores the signature FIS once the guest has enabled FIS reception. */
  boolean postSignature() {
    if (!signaturePending || !fis.received()) {
      return true;
    }
    signaturePending = false;
    return fis.signature();
  }

  /**
   * Reports that a queued command was accepted: BSY clears, and the next command may be fetched.
   */
  boolean accepted(CommandSlot slot) {
    registers.commandIssue &= ~slot.bit();
    registers.setTaskFile(AtaStatus.READY, 0);
    return fis.registers(slot, 0);
  }

  /** Reports success. */
  boolean succeeded(CommandSlot slot) {
    registers.setTaskFile(AtaStatus.READY, slot.error);
    if (slot.prdInterrupt) {
      registers.event(AhciRegisters.IS_DPS);
    }
    return switch (slot.protocol) {
      case QUEUED -> {
        registers.sataActive &= ~slot.bit();
        registers.event(AhciRegisters.IS_SDBS);
        yield fis.setDeviceBits(slot.bit());
      }
      case PIO_IN -> {
        // The last PIO Setup FIS carries the ending status; no Register FIS follows (SATA 3.x
        // 11.8).
        registers.event(AhciRegisters.IS_PSS);
        boolean counted = endTransfer(slot);
        int flags = AhciRegisters.FIS_INTERRUPT | AhciRegisters.FIS_TO_HOST;
        yield fis.pioSetup(slot, flags) && counted;
      }
      case PIO_OUT -> {
        // The disk requests each DRQ block but the first with an interrupt (SATA 3.x 11.9).
        boolean several = slot.pioBlocks > 1;
        registers.event(several ? AhciRegisters.IS_PSS : 0);
        boolean posted = fis.pioSetup(slot, several ? AhciRegisters.FIS_INTERRUPT : 0);
        boolean counted = endTransfer(slot);
        yield endWithRegisters(slot) && posted && counted;
      }
      case DMA -> {
        boolean counted = endTransfer(slot);
        yield endWithRegisters(slot) && counted;
      }
      case NON_DATA -> {
        registers.commandIssue &= ~slot.bit();
        yield endWithRegisters(slot);
      }
    };
  }

  /** Reports a failure. The caller has halted the list. */
  boolean failed(CommandSlot slot) {
    registers.setTaskFile(AtaStatus.FAILED, slot.error);
    if (slot.protocol == CommandSlot.Protocol.QUEUED) {
      registers.event(AhciRegisters.IS_SDBS);
      return fis.setDeviceBits(0);
    }
    return endWithRegisters(slot);
  }

  private boolean endTransfer(CommandSlot slot) {
    registers.commandIssue &= ~slot.bit();
    // PRDBC, 4.2.2; queued commands have none (5.4.1).
    return memory.writeInt(slot.headerAddress + 4, (int) slot.dataBytes);
  }

  private boolean endWithRegisters(CommandSlot slot) {
    registers.event(AhciRegisters.IS_DHRS);
    return fis.registers(slot, AhciRegisters.FIS_INTERRUPT);
  }
}
