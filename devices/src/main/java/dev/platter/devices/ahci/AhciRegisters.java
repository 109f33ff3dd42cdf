package dev.platter.devices.ahci;

/** Register offsets and bits of an HBA, by section of the AHCI 1.3.1 specification. */
public final class AhciRegisters {
  // 3.1 Generic host control
  /** Host capabilities, 3.1.1. */
  public static final int CAP = 0x00;

  /** Global host control, 3.1.2. */
  public static final int GHC = 0x04;

  /** Interrupt status, one bit per port, write 1 to clear, 3.1.3. */
  public static final int IS = 0x08;

  /** Ports implemented, 3.1.4. */
  public static final int PI = 0x0c;

  /** Version, 3.1.5. */
  public static final int VS = 0x10;

  /** Host capabilities extended, 3.1.10. */
  public static final int CAP2 = 0x24;

  /** BIOS/OS handoff, 3.1.11. */
  public static final int BOHC = 0x28;

  /** CAP: 64-bit addressing. */
  public static final int CAP_S64A = 1 << 31;

  /** CAP: native command queuing. */
  public static final int CAP_SNCQ = 1 << 30;

  /** CAP: PxCMD.CLO is implemented. */
  public static final int CAP_SCLO = 1 << 24;

  /** CAP: interface speed Gen1 in bits 23:20. */
  public static final int CAP_ISS_GEN1 = 1 << 20;

  /** CAP: AHCI mode only. */
  public static final int CAP_SAM = 1 << 18;

  /** CAP: bits 12:8 hold the number of command slots minus 1. */
  public static final int CAP_NCS_SHIFT = 8;

  /** GHC: AHCI enable; read-only 1 because CAP.SAM is set. */
  public static final int GHC_AE = 1 << 31;

  /** GHC: interrupt enable. */
  public static final int GHC_IE = 1 << 1;

  /** GHC: HBA reset; reads 1 until it is done. */
  public static final int GHC_HR = 1;

  // 3.3 Port registers
  /** Where port 0's registers start. */
  public static final int PORT_BASE = 0x100;

  /** Bytes of registers per port. */
  public static final int PORT_STRIDE = 0x80;

  /** Most ports an HBA can have. */
  public static final int MAX_PORTS = 32;

  /** Command slots per port. */
  public static final int SLOTS = 32;

  /** Command list base, 1 KiB aligned, 3.3.1. */
  public static final int PX_CLB = 0x00;

  /** Command list base, upper 32 bits, 3.3.2. */
  public static final int PX_CLBU = 0x04;

  /** Received FIS base, 256-byte aligned, 3.3.3. */
  public static final int PX_FB = 0x08;

  /** Received FIS base, upper 32 bits, 3.3.4. */
  public static final int PX_FBU = 0x0c;

  /** Interrupt status, 3.3.5. */
  public static final int PX_IS = 0x10;

  /** Interrupt enable, 3.3.6. */
  public static final int PX_IE = 0x14;

  /** Command and status, 3.3.7. */
  public static final int PX_CMD = 0x18;

  /** Task file data: STATUS in bits 7:0, ERROR in 15:8, 3.3.8. */
  public static final int PX_TFD = 0x20;

  /** Signature, 3.3.9. */
  public static final int PX_SIG = 0x24;

  /** SStatus, 3.3.10. */
  public static final int PX_SSTS = 0x28;

  /** SControl, 3.3.11. */
  public static final int PX_SCTL = 0x2c;

  /** SError, write 1 to clear, 3.3.12. */
  public static final int PX_SERR = 0x30;

  /** SActive, write 1 to set, 3.3.13. */
  public static final int PX_SACT = 0x34;

  /** Command issue, write 1 to set, 3.3.14. */
  public static final int PX_CI = 0x38;

  // 3.3.5 PxIS, and the enables of 3.3.6 in the same places
  /** PxIS: a D2H Register FIS with the I bit came. */
  public static final int IS_DHRS = 1;

  /** PxIS: a PIO Setup FIS with the I bit came. */
  public static final int IS_PSS = 1 << 1;

  /** PxIS: a Set Device Bits FIS with the I bit came. */
  public static final int IS_SDBS = 1 << 3;

  /** PxIS: a PRD with the I bit was processed. */
  public static final int IS_DPS = 1 << 5;

  /** PxIS: port connect change; reflects SERR.DIAG.X. */
  public static final int IS_PCS = 1 << 6;

  /** PxIS: PhyRdy change; reflects SERR.DIAG.N. */
  public static final int IS_PRCS = 1 << 22;

  /** PxIS: the device has more data than the PRD table has room for. */
  public static final int IS_OFS = 1 << 24;

  /** PxIS: interface fatal error. */
  public static final int IS_IFS = 1 << 27;

  /** PxIS: host bus fatal error, such as a bad pointer. */
  public static final int IS_HBFS = 1 << 29;

  /** PxIS: the task file's ERR bit was set by a FIS. */
  public static final int IS_TFES = 1 << 30;

  // 3.3.7 PxCMD
  /** PxCMD: start processing the command list. */
  public static final int CMD_ST = 1;

  /** PxCMD: spin up; read-only 1, there is no staggered spin-up. */
  public static final int CMD_SUD = 1 << 1;

  /** PxCMD: power on; read-only 1. */
  public static final int CMD_POD = 1 << 2;

  /** PxCMD: command list override, write 1 to forget BSY and DRQ while ST is 0. */
  public static final int CMD_CLO = 1 << 3;

  /** PxCMD: FIS receive enable. */
  public static final int CMD_FRE = 1 << 4;

  /** PxCMD: bits 12:8 hold the current command slot. */
  public static final int CMD_CCS_SHIFT = 8;

  /** PxCMD: FIS receive running. */
  public static final int CMD_FR = 1 << 14;

  /** PxCMD: command list running. */
  public static final int CMD_CR = 1 << 15;

  // 3.3.10 PxSSTS, 3.3.11 PxSCTL
  /** PxSSTS: device present and communicating, Gen1, interface active. */
  public static final int SSTS_UP = 0x113;

  /** PxSSTS: the interface is off line. */
  public static final int SSTS_OFFLINE = 4;

  /** PxSCTL: the DET field. */
  public static final int SCTL_DET = 0xf;

  /** PxSCTL.DET: send COMRESET. */
  public static final int DET_COMRESET = 1;

  /** PxSCTL.DET: put the interface off line. */
  public static final int DET_OFFLINE = 4;

  // 3.3.12 PxSERR
  /** PxSERR.DIAG.N: PhyRdy change. */
  public static final int SERR_DIAG_N = 1 << 16;

  /** PxSERR.DIAG.X: exchanged, a COMINIT was received. */
  public static final int SERR_DIAG_X = 1 << 26;

  // 4.2.2 Command header
  /** Bytes of a command header. */
  public static final int HEADER_BYTES = 32;

  /** Header dword 0: command FIS length in dwords, bits 4:0. */
  public static final int HEADER_CFL_MASK = 0x1f;

  /** Header dword 0: the device is written to. */
  public static final int HEADER_WRITE = 1 << 6;

  /** Header dword 0: software reset sequence. */
  public static final int HEADER_RESET = 1 << 8;

  /** Header dword 0: clear BSY once the FIS was received. */
  public static final int HEADER_CLEAR_BUSY = 1 << 10;

  /** Header dword 0: PRD table length in entries, bits 31:16. */
  public static final int HEADER_PRDTL_SHIFT = 16;

  // 4.2.3 Command table
  /** Offset of the PRD table in a command table. */
  public static final int TABLE_PRDT = 0x80;

  /** Bytes of a PRD entry. */
  public static final int PRD_BYTES = 16;

  /** PRD dword 3: byte count minus 1, bits 21:0. */
  public static final int PRD_COUNT_MASK = 0x3f_ffff;

  /** PRD dword 3: interrupt on completion. */
  public static final int PRD_INTERRUPT = 1 << 31;

  // 4.2.1 Received FIS structure
  /** Bytes of the received FIS structure. */
  public static final int RFIS_BYTES = 256;

  /** Offset of the PIO Setup FIS. */
  public static final int RFIS_PIO_SETUP = 0x20;

  /** Offset of the D2H Register FIS. */
  public static final int RFIS_D2H = 0x40;

  /** Offset of the Set Device Bits FIS. */
  public static final int RFIS_SDB = 0x58;

  // FIS types and flags (Serial ATA 3.x, 10.5)
  /** FIS type of Register Host to Device. */
  public static final int FIS_H2D = 0x27;

  /** FIS type of Register Device to Host. */
  public static final int FIS_D2H = 0x34;

  /** FIS type of PIO Setup. */
  public static final int FIS_PIO_SETUP = 0x5f;

  /** FIS type of Set Device Bits. */
  public static final int FIS_SDB = 0xa1;

  /** H2D byte 1: the COMMAND field is new; clear: the control field is. */
  public static final int FIS_COMMAND = 0x80;

  /** Byte 1 of a FIS to the host: interrupt. */
  public static final int FIS_INTERRUPT = 0x40;

  /** Byte 1 of a PIO Setup FIS: data goes to the host. */
  public static final int FIS_TO_HOST = 0x20;

  private AhciRegisters() {}
}
