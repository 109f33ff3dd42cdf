package dev.platter.devices.ahci;

import dev.platter.devices.ata.AtaCommand;
import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.ata.IdentifyDevice;
import dev.platter.devices.block.BlockBackend;
import java.lang.foreign.MemorySegment;

/**
 * What a guest can switch on a disk, what IDENTIFY DEVICE says of it, and commands without data.
 */
final class DeviceSettings {
  private static final int DEFAULT_ULTRA_DMA = 5;
  private static final int NOT_ULTRA_DMA = -1;

  private final BlockBackend backend;
  private final IdentifyDevice identity;
  private boolean writeCache = true;
  private boolean lookAhead = true;
  private int multiple;
  private int ultraDma = DEFAULT_ULTRA_DMA;

  DeviceSettings(AhciDisk disk) {
    backend = disk.backend();
    identity = disk.identity();
  }

  void reset() {
    writeCache = true;
    lookAhead = true;
    multiple = 0;
    ultraDma = DEFAULT_ULTRA_DMA;
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

  private long sectors() {
    return backend.sizeBytes() / backend.blockSizeBytes();
  }

  void writeIdentify(MemorySegment page) {
    identity.write(
        page,
        new IdentifyDevice.State(
            sectors(),
            backend.blockSizeBytes(),
            backend.writeCache(),
            writeCache,
            lookAhead,
            trimSupported(),
            multiple,
            ultraDma));
  }

  /**
   * Carries out a command that moves no data and needs no backend.
   *
   * @return false if it is not supported, or its fields are not
   */
  boolean execute(CommandSlot slot) {
    switch (slot.command) {
      case AtaCommand.IDLE, AtaCommand.IDLE_IMMEDIATE -> {
        return true;
      }
      case AtaCommand.CHECK_POWER_MODE -> slot.count = AtaStatus.POWER_ACTIVE;
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
        slot.diagnosticCode = AtaStatus.DIAGNOSTIC_PASSED;
      }
      default -> {
        return false; // among them IDENTIFY PACKET DEVICE and SMART: no such feature set
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
          ultraDma = NOT_ULTRA_DMA; // Multiword DMA
        }
        yield mode <= 2;
      }
      case 8 -> {
        if (mode <= 6) {
          ultraDma = mode;
        }
        yield mode <= 6;
      }
      default -> false;
    };
  }
}
