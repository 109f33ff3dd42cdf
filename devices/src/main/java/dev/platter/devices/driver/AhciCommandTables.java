package dev.platter.devices.driver;

import dev.platter.devices.ahci.AhciRegisters;
import dev.platter.devices.memory.GuestMemory;

/**
 * A port's command list, command tables and received FIS area in guest RAM, written as a driver
 * does (AHCI 4.2). Nothing is checked, so that tests can write nonsense.
 */
public final class AhciCommandTables {
  /** PRD entries per command table. */
  public static final int MAX_PRDS = 168;

  /** Most bytes of one PRD. */
  public static final int MAX_PRD_BYTES = AhciRegisters.PRD_COUNT_MASK + 1;

  private static final int TABLE_ALIGNMENT = 128;
  private static final int COMMAND_LIST_BYTES = AhciRegisters.SLOTS * AhciRegisters.HEADER_BYTES;
  private static final int TABLE_BYTES =
      AhciRegisters.TABLE_PRDT + MAX_PRDS * AhciRegisters.PRD_BYTES;
  private static final int REGISTER_FIS_DWORDS = 5;

  private final GuestMemory memory;
  private final long commandList;
  private final long fisArea;
  private final long tables;

  /** Takes the memory from {@code allocator}. */
  public AhciCommandTables(GuestMemory memory, GuestAllocator allocator) {
    this.memory = memory;
    commandList = allocator.allocate(COMMAND_LIST_BYTES, COMMAND_LIST_BYTES);
    fisArea = allocator.allocate(AhciRegisters.RFIS_BYTES, AhciRegisters.RFIS_BYTES);
    tables = allocator.allocate((long) TABLE_BYTES * AhciRegisters.SLOTS, TABLE_ALIGNMENT);
  }

  /** The command list's address, for PxCLB. */
  public long commandList() {
    return commandList;
  }

  /** The received FIS area's address, for PxFB. */
  public long fisArea() {
    return fisArea;
  }

  /** A slot's command table. */
  public long table(int slot) {
    return tables + (long) slot * TABLE_BYTES;
  }

  /**
   * Writes a slot's header: its table, an FIS of five dwords, PRDBC 0.
   *
   * @param flags more bits of dword 0, such as {@link AhciRegisters#HEADER_WRITE}
   * @param prds number of PRD entries
   */
  public void header(int slot, int flags, int prds) {
    long at = commandList + (long) slot * AhciRegisters.HEADER_BYTES;
    int dword0 = REGISTER_FIS_DWORDS | flags | prds << AhciRegisters.HEADER_PRDTL_SHIFT;
    memory.writeInt(at, dword0);
    memory.writeInt(at + 4, 0);
    memory.writeLong(at + 8, table(slot));
  }

  /** The number of bytes that the HBA has transferred: PRDBC of a slot's header. */
  public int transferred(int slot) {
    return memory.readInt(commandList + (long) slot * AhciRegisters.HEADER_BYTES + 4);
  }

  /**
   * Writes a slot's command FIS.
   *
   * @param features 16 bits
   * @param lba 48 bits
   * @param count 16 bits
   * @param device the DEVICE field
   */
  public void command(int slot, int command, int features, long lba, int count, int device) {
    long at = table(slot);
    int low = (int) (lba & 0xff_ffff);
    int high = (int) (lba >> 24 & 0xff_ffff);
    memory.writeInt(
        at,
        AhciRegisters.FIS_H2D
            | AhciRegisters.FIS_COMMAND << 8
            | command << 16
            | (features & 0xff) << 24);
    memory.writeInt(at + 4, low | device << 24);
    memory.writeInt(at + 8, high | (features >> 8 & 0xff) << 24);
    memory.writeInt(at + 12, count & 0xffff);
    memory.writeInt(at + 16, 0);
  }

  /** Writes a slot's command FIS as one that carries the device control field, such as SRST. */
  public void control(int slot, int deviceControl) {
    long at = table(slot);
    memory.writeInt(at, AhciRegisters.FIS_H2D);
    memory.writeLong(at + 4, 0);
    memory.writeInt(at + 12, deviceControl << 24);
    memory.writeInt(at + 16, 0);
  }

  /** Writes one PRD entry. */
  public void prd(int slot, int index, long address, int lengthBytes) {
    long at = table(slot) + AhciRegisters.TABLE_PRDT + (long) index * AhciRegisters.PRD_BYTES;
    memory.writeLong(at, address);
    memory.writeInt(at + 8, 0);
    memory.writeInt(at + 12, lengthBytes - 1);
  }

  /**
   * Writes the PRD entries of one contiguous buffer.
   *
   * @return how many there are
   */
  public int prds(int slot, long address, int lengthBytes) {
    int count = 0;
    for (int done = 0; done < lengthBytes; done += MAX_PRD_BYTES) {
      prd(slot, count++, address + done, Math.min(MAX_PRD_BYTES, lengthBytes - done));
    }
    return count;
  }
}
