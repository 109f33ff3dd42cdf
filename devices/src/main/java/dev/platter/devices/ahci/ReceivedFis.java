package dev.platter.devices.ahci;

import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Builds the FISes that a disk sends (Serial ATA 3.x, 10.5) and stores them where the guest wants
 * them (AHCI 4.2.1), each as a whole; drops FISes while reception is disabled. A method returns
 * false if the area lies outside RAM.
 */
final class ReceivedFis {
  private static final ValueLayout.OfInt LE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int FIS_BYTES = 20;

  static final int SIGNATURE_LBA = 1;
  static final int SIGNATURE_COUNT = 1;

  private final PortRegisters registers;
  private final AhciPort.Owner owner;
  private final GuestMemory memory;
  private final MemorySegment fis;

  ReceivedFis(PortRegisters registers, AhciPort.Owner owner, GuestMemory memory, Arena arena) {
    this.registers = registers;
    this.owner = owner;
    this.memory = memory;
    fis = arena.allocate(FIS_BYTES, 8);
  }

  /** Whether FIS reception is enabled and guest memory can be accessed. */
  boolean received() {
    return registers.fisReceiveEnable && owner.master();
  }

  /**
   * A D2H Register FIS that echoes the command's fields, with the task file's STATUS and ERROR.
   *
   * @param flags byte 1: {@link AhciRegisters#FIS_INTERRUPT} or 0
   */
  boolean registers(CommandSlot slot, int flags) {
    return write(
        AhciRegisters.RFIS_D2H,
        AhciRegisters.FIS_D2H | flags << 8 | registers.taskFile << 16,
        slot.lba,
        slot.device,
        slot.count,
        0);
  }

  /** The D2H Register FIS that a disk sends after a reset: its signature. */
  boolean signature() {
    return write(
        AhciRegisters.RFIS_D2H,
        AhciRegisters.FIS_D2H | AtaStatus.READY << 16 | AtaStatus.DIAGNOSTIC_PASSED << 24,
        SIGNATURE_LBA,
        0,
        SIGNATURE_COUNT,
        0);
  }

  /** A PIO Setup FIS for the last DRQ block of a command. */
  boolean pioSetup(CommandSlot slot, int flags) {
    int status = AtaStatus.READY | AtaStatus.DRQ;
    // After a PIO write the disk is busy until its Register FIS (SATA 3.x 11.9).
    boolean toHost = (flags & AhciRegisters.FIS_TO_HOST) != 0;
    int endStatus = toHost ? AtaStatus.READY : AtaStatus.READY | AtaStatus.BSY;
    return write(
        AhciRegisters.RFIS_PIO_SETUP,
        AhciRegisters.FIS_PIO_SETUP | flags << 8 | status << 16,
        slot.lba,
        slot.device,
        slot.count | endStatus << 24,
        slot.pioBlockBytes);
  }

  /**
   * A Set Device Bits FIS.
   *
   * @param completed the tags that have completed, as in PxSACT
   */
  boolean setDeviceBits(int completed) {
    if (!received()) {
      return true;
    }
    // Only bits 6:4 and 2:0 of STATUS travel in this FIS.
    int dword0 =
        AhciRegisters.FIS_SDB
            | AhciRegisters.FIS_INTERRUPT << 8
            | (registers.taskFile & 0xff77) << 16;
    long both = Integer.toUnsignedLong(dword0) | (long) completed << 32;
    return memory.writeLong(registers.fisBase + AhciRegisters.RFIS_SDB, both);
  }

  private boolean write(int at, int dword0, long lba, int device, int dword3, int dword4) {
    if (!received()) {
      return true;
    }
    int low = (int) (lba & 0xff_ffff);
    int high = (int) (lba >> 24 & 0xff_ffff);
    fis.set(LE32, 0, dword0);
    fis.set(LE32, 4, low | device << 24);
    fis.set(LE32, 8, high);
    fis.set(LE32, 12, dword3);
    fis.set(LE32, 16, dword4);
    return memory.write(registers.fisBase + at, fis, 0, FIS_BYTES);
  }
}
