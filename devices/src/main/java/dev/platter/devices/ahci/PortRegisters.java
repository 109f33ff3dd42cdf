package dev.platter.devices.ahci;

import dev.platter.devices.ata.AtaStatus;

/** The values of a port's registers (AHCI 3.3), without the effects of writes. */
final class PortRegisters {
  private static final int NO_DEVICE_STATUS = 0x7f;
  private static final int NO_SIGNATURE = -1;

  long commandListBase;
  long fisBase;
  int interruptEnable;
  boolean start;
  boolean fisReceiveEnable;
  int currentSlot;
  int taskFile = NO_DEVICE_STATUS;
  int signature = NO_SIGNATURE;
  int sataStatus;
  int sataControl;
  int sataError;
  int sataActive;
  int commandIssue;
  private int events;

  /** Sets PxIS bits. */
  void event(int bits) {
    events |= bits;
  }

  /** A write to PxIS. PCS and PRCS follow PxSERR and are not cleared by it (3.3.5). */
  void clearEvents(int bits) {
    events &= ~bits;
  }

  int interruptStatus() {
    int status = events;
    if ((sataError & AhciRegisters.SERR_DIAG_X) != 0) {
      status |= AhciRegisters.IS_PCS;
    }
    if ((sataError & AhciRegisters.SERR_DIAG_N) != 0) {
      status |= AhciRegisters.IS_PRCS;
    }
    return status;
  }

  /** Whether the port has an interrupt to report. */
  boolean interruptPending() {
    return (interruptStatus() & interruptEnable) != 0;
  }

  void setTaskFile(int status, int error) {
    taskFile = status | error << 8;
  }

  boolean busy() {
    return (taskFile & (AtaStatus.BSY | AtaStatus.DRQ)) != 0;
  }

  boolean linkUp() {
    return sataStatus == AhciRegisters.SSTS_UP;
  }

  /** The link went down: COMRESET is being sent, or the interface is off line. */
  void linkDown(int newSataStatus) {
    sataStatus = newSataStatus;
    taskFile = NO_DEVICE_STATUS;
    signature = NO_SIGNATURE;
  }

  /** Sets everything to its power-on value. */
  void powerCycle() {
    commandListBase = 0;
    fisBase = 0;
    reset();
  }

  /**
   * Sets everything but PxCLB and PxFB to its reset value; GHC.HR leaves these two alone (10.4.3).
   */
  void reset() {
    interruptEnable = 0;
    start = false;
    fisReceiveEnable = false;
    currentSlot = 0;
    sataControl = 0;
    sataError = 0;
    sataActive = 0;
    commandIssue = 0;
    events = 0;
    linkDown(0);
  }
}
