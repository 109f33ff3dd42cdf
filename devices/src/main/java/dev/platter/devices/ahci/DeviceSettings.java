package dev.platter.devices.ahci;

import dev.platter.devices.ata.AtaCommand;
import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.ata.IdentifyDevice;
import dev.platter.devices.block.BlockBackend;
import java.lang.foreign.MemorySegment;

/**
 * The settings that a guest can change, what IDENTIFY DEVICE reports of them, and commands without
 * data.
 */
final class DeviceSettings {
  private static final int DEFAULT_ULTRA_DMA = 5;
  private static final int NONE = -1;

  private final BlockBackend backend;
  private final IdentifyDevice identity;
  private boolean writeCache = true;
  private boolean lookAhead = true;
  private int multiple;
  private int ultraDma = DEFAULT_ULTRA_DMA;
  private int multiwordDma = NONE;
  private boolean preserved = true;
  private boolean standby;
  private long sectors;

  DeviceSettings(AhciDisk disk) {
    backend = disk.backend();
    identity = disk.identity();
  }

  /** Restores all defaults, and takes the backend's present size. */
  void powerOn() {
    reset();
    preserved = true;
    standby = false;
    sectors = backend.sizeBytes() / backend.blockSizeBytes();
  }

  /**
   * Software settings preservation (Serial ATA 3.x, 13.5): a guest that has disabled the write
   * cache does not check after each COMRESET whether it still is.
   */
  void comreset() {
    if (!preserved) {
      reset();
    }
  }

  private void reset() {
    writeCache = true;
    lookAhead = true;
    multiple = 0;
    ultraDma = DEFAULT_ULTRA_DMA;
    multiwordDma = NONE;
  }

  boolean writeCacheEnabled() {
    return writeCache;
  }

  /** Sectors per DRQ block of READ/WRITE MULTIPLE; 0 while they are off. */
  int multiple() {
    return multiple;
  }

  boolean trimSupported() {
    return !backend.readOnly();
  }

  /**
   * Capacity in logical blocks, constant until the next power-on: libata detaches a disk that later
   * reports another capacity.
   */
  long sectors() {
    return sectors;
  }

  int blockSizeBytes() {
    return backend.blockSizeBytes();
  }

  /** A command has used the medium, which ends standby. */
  void mediumUsed() {
    standby = false;
  }

  /** A flush has ended. If the command is a standby command, the disk is in standby from now on. */
  void flushed(CommandSlot slot) {
    switch (slot.command) {
      case AtaCommand.STANDBY, AtaCommand.STANDBY_IMMEDIATE, AtaCommand.SLEEP -> standby = true;
      default -> {}
    }
  }

  void writeIdentify(MemorySegment page) {
    identity.write(
        page,
        new IdentifyDevice.State(
            sectors(),
            backend.blockSizeBytes(),
            backend.physicalBlockSizeBytes(),
            backend.writeCache(),
            writeCache,
            lookAhead,
            trimSupported(),
            multiple,
            ultraDma,
            multiwordDma,
            preserved));
  }

  /**
   * Carries out a command that moves no data and needs no backend.
   *
   * @return false if it is not supported, or its fields are not
   */
  boolean execute(CommandSlot slot) {
    switch (slot.command) {
      case AtaCommand.IDLE, AtaCommand.IDLE_IMMEDIATE -> standby = false;
      case AtaCommand.CHECK_POWER_MODE ->
          slot.count = standby ? AtaStatus.POWER_STANDBY : AtaStatus.POWER_ACTIVE;
      case AtaCommand.SET_MULTIPLE_MODE -> {
        return setMultiple(slot.count & 0xff);
      }
      case AtaCommand.READ_NATIVE_MAX -> {
        long last = Math.min(sectors(), IdentifyDevice.MAX_LBA28_SECTORS) - 1;
        slot.lba = last & 0xff_ffff;
        slot.device = AtaStatus.DEVICE_LBA | (int) (last >> 24);
      }
      case AtaCommand.READ_NATIVE_MAX_EXT -> slot.lba = sectors() - 1;
      case AtaCommand.EXECUTE_DEVICE_DIAGNOSTIC -> {
        slot.lba = ReceivedFis.SIGNATURE_LBA;
        slot.count = ReceivedFis.SIGNATURE_COUNT;
        slot.device = 0;
        slot.error = AtaStatus.DIAGNOSTIC_PASSED;
      }
      default -> {
        return false; // also IDENTIFY PACKET DEVICE and SMART: no such feature set
      }
    }
    return true;
  }

  private boolean setMultiple(int sectors) {
    if (sectors > IdentifyDevice.MAX_MULTIPLE || Integer.bitCount(sectors) > 1) {
      return false;
    }
    multiple = sectors;
    return true;
  }

  /**
   * Carries out SET FEATURES.
   *
   * @return false if the subcommand, or its value, is not supported
   */
  boolean setFeatures(CommandSlot slot) {
    switch (slot.features & 0xff) {
      case AtaCommand.FEATURE_WRITE_CACHE_ON -> {
        writeCache = true;
        return backend.writeCache();
      }
      case AtaCommand.FEATURE_WRITE_CACHE_OFF -> {
        writeCache = false;
        return backend.writeCache();
      }
      case AtaCommand.FEATURE_LOOK_AHEAD_ON -> lookAhead = true;
      case AtaCommand.FEATURE_LOOK_AHEAD_OFF -> lookAhead = false;
      case AtaCommand.FEATURE_SATA_ON, AtaCommand.FEATURE_SATA_OFF -> {
        if ((slot.count & 0xff) != AtaCommand.SATA_PRESERVE_SETTINGS) {
          return false;
        }
        preserved = (slot.features & 0xff) == AtaCommand.FEATURE_SATA_ON;
      }
      case AtaCommand.FEATURE_TRANSFER_MODE -> {
        return setTransferMode(slot.count & 0xff);
      }
      default -> {
        return false;
      }
    }
    return true;
  }

  // The kind is in bits 7:3, the mode in bits 2:0 (ACS-3, SET FEATURES: set transfer mode).
  private boolean setTransferMode(int value) {
    int mode = value & 7;
    return switch (value >> 3) {
      case 0 -> mode <= 1; // PIO default, with or without IORDY
      case 1 -> mode <= 4; // PIO with flow control
      case 4 -> {
        if (mode <= 2) {
          ultraDma = NONE; // only one mode is selected at a time
          multiwordDma = mode;
        }
        yield mode <= 2;
      }
      case 8 -> {
        if (mode <= 6) {
          ultraDma = mode;
          multiwordDma = NONE;
        }
        yield mode <= 6;
      }
      default -> false;
    };
  }
}
