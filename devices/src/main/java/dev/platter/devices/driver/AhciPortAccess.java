package dev.platter.devices.driver;

import dev.platter.devices.ahci.AhciRegisters;

/**
 * A driver's hands on one AHCI port: register loads and stores, and the sequences that the AHCI
 * specification prescribes to start, stop and reset it (10.1, 10.3, 10.4). Sequences wait by
 * polling.
 */
public final class AhciPortAccess {
  private static final long TIMEOUT_NANOS = 30_000_000_000L;
  private static final int DET_MASK = 0xf;
  private static final int DET_READY = 3;
  private static final int BOH_SUPPORTED = 1;
  private static final int BOHC_BIOS_OWNED = 1;
  private static final int BOHC_OS_OWNED = 1 << 1;
  private static final int BUSY_OR_DRQ = 0x88;

  private final GuestCpu cpu;
  private final long hba;
  private final long port;
  private final Runnable pause;

  /**
   * Creates access to a port.
   *
   * @param cpu the vCPU to run on
   * @param hbaAddress guest physical address of the HBA's registers
   * @param portIndex which port
   * @param pause called between two polls
   */
  public AhciPortAccess(GuestCpu cpu, long hbaAddress, int portIndex, Runnable pause) {
    this.cpu = cpu;
    this.hba = hbaAddress;
    this.port = hbaAddress + AhciRegisters.PORT_BASE + (long) portIndex * AhciRegisters.PORT_STRIDE;
    this.pause = pause;
  }

  /** Reads a generic host control register. */
  public int readHba(int register) {
    return cpu.load32(hba + register);
  }

  /** Writes a generic host control register. */
  public void writeHba(int register, int value) {
    cpu.store32(hba + register, value);
  }

  /** Reads a register of the port. */
  public int read(int register) {
    return cpu.load32(port + register);
  }

  /** Writes a register of the port. */
  public void write(int register, int value) {
    cpu.store32(port + register, value);
  }

  /**
   * Polls a register of the port.
   *
   * @param mask which bits to look at
   * @param value what they must become
   * @throws IllegalStateException if they do not within 30 s
   */
  public void await(int register, int mask, int value) {
    awaitAt(port + register, mask, value);
  }

  private void awaitAt(long address, int mask, int value) {
    long begin = System.nanoTime();
    int now = cpu.load32(address);
    while ((now & mask) != value) {
      if (System.nanoTime() - begin > TIMEOUT_NANOS) {
        throw new IllegalStateException(
            "AHCI register at 0x"
                + Long.toHexString(address - hba)
                + " stays 0x"
                + Integer.toHexString(now));
      }
      pause.run();
      now = cpu.load32(address);
    }
  }

  /** Takes the HBA from the firmware, where it may own it, and puts it into AHCI mode (10.6). */
  public void takeController() {
    if ((readHba(AhciRegisters.CAP2) & BOH_SUPPORTED) != 0) {
      writeHba(AhciRegisters.BOHC, readHba(AhciRegisters.BOHC) | BOHC_OS_OWNED);
      awaitAt(hba + AhciRegisters.BOHC, BOHC_BIOS_OWNED, 0);
    }
    writeHba(AhciRegisters.GHC, readHba(AhciRegisters.GHC) | AhciRegisters.GHC_AE);
  }

  /** Resets the whole HBA and waits for it to be back in AHCI mode (10.4.3). */
  public void resetController() {
    writeHba(AhciRegisters.GHC, AhciRegisters.GHC_AE | AhciRegisters.GHC_HR);
    awaitAt(hba + AhciRegisters.GHC, AhciRegisters.GHC_HR, 0);
    writeHba(AhciRegisters.GHC, AhciRegisters.GHC_AE);
  }

  /** Lets the HBA interrupt. */
  public void enableInterrupts() {
    writeHba(AhciRegisters.GHC, readHba(AhciRegisters.GHC) | AhciRegisters.GHC_IE);
  }

  private void setCommand(int bits) {
    write(AhciRegisters.PX_CMD, read(AhciRegisters.PX_CMD) | bits);
  }

  private void clearCommand(int bits) {
    write(AhciRegisters.PX_CMD, read(AhciRegisters.PX_CMD) & ~bits);
  }

  /** Clears PxCMD.ST without waiting. */
  public void requestStop() {
    clearCommand(AhciRegisters.CMD_ST);
  }

  /** Stops the command list and waits until the HBA has let go of it (10.3.2). */
  public void stop() {
    requestStop();
    await(AhciRegisters.PX_CMD, AhciRegisters.CMD_CR, 0);
  }

  /** Starts the command list (10.3.1). */
  public void start() {
    setCommand(AhciRegisters.CMD_ST);
  }

  /**
   * Gives a stopped port its memory, and receives FISes there.
   *
   * @param commandList 1 KiB aligned
   * @param fisArea 256-byte aligned
   */
  public void attachMemory(long commandList, long fisArea) {
    clearCommand(AhciRegisters.CMD_FRE);
    await(AhciRegisters.PX_CMD, AhciRegisters.CMD_FR, 0);
    write(AhciRegisters.PX_CLB, (int) commandList);
    write(AhciRegisters.PX_CLBU, (int) (commandList >> 32));
    write(AhciRegisters.PX_FB, (int) fisArea);
    write(AhciRegisters.PX_FBU, (int) (fisArea >> 32));
    setCommand(AhciRegisters.CMD_FRE | AhciRegisters.CMD_SUD | AhciRegisters.CMD_POD);
    await(AhciRegisters.PX_CMD, AhciRegisters.CMD_FR, AhciRegisters.CMD_FR);
  }

  /** Asserts and deasserts COMRESET without waiting for the disk (10.4.2). */
  public void requestComreset() {
    int control = read(AhciRegisters.PX_SCTL) & ~DET_MASK;
    write(AhciRegisters.PX_SCTL, control | AhciRegisters.DET_COMRESET);
    write(AhciRegisters.PX_SCTL, control);
  }

  /** Resets the disk of a stopped port and waits for its signature FIS. */
  public void comreset() {
    requestComreset();
    await(AhciRegisters.PX_SSTS, DET_MASK, DET_READY);
    clearErrors();
    await(AhciRegisters.PX_TFD, BUSY_OR_DRQ, 0);
  }

  /** Clears PxSERR and PxIS. */
  public void clearErrors() {
    write(AhciRegisters.PX_SERR, -1);
    write(AhciRegisters.PX_IS, -1);
  }

  /** Whether the disk is busy, so that only a reset makes it listen again. */
  public boolean busy() {
    return (read(AhciRegisters.PX_TFD) & BUSY_OR_DRQ) != 0;
  }

  void pause() {
    pause.run();
  }
}
