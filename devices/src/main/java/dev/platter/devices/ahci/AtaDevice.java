package dev.platter.devices.ahci;

import dev.platter.aio.sys.Errno;
import dev.platter.devices.ata.AtaCommand;
import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.ata.IdentifyDevice;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.meter.Operation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The disk behind a port: interprets commands, and answers each with an {@link AtaVerdict}. The
 * command list carries the verdict out: it moves the data, submits to the backend and reports the
 * end.
 */
final class AtaDevice {
  private static final long PAGE_BYTES = (long) IdentifyDevice.MAX_TRIM_BLOCKS * 512;
  private static final int SECTORS_28_MAX = 256;
  private static final int SECTORS_48_MAX = 65536;
  private static final int TAG_SHIFT = 3;

  // A disk has no way to say beforehand that it is write-protected. WP shares its bit with UNC, and
  // so Linux takes the error for one of the medium, which it neither retries nor blames on the
  // link.
  private static final int WRITE_PROTECTED = AtaStatus.WP | AtaStatus.ABRT;

  private final BlockBackend backend;
  private final DeviceSettings settings;
  private final NcqErrorLog errorLog = new NcqErrorLog();
  private final TrimCommand trim;
  private final MemorySegment page;
  private boolean inSoftReset;

  AtaDevice(AhciDisk disk, Arena arena) {
    backend = disk.backend();
    page = arena.allocate(PAGE_BYTES, 8);
    settings = new DeviceSettings(disk);
    trim = new TrimCommand(settings, page);
  }

  /** The data that the disk makes, or takes, itself: {@link CommandSlot#dataBytes} bytes. */
  MemorySegment page() {
    return page;
  }

  boolean inSoftReset() {
    return inSoftReset;
  }

  void setInSoftReset(boolean inSoftReset) {
    this.inSoftReset = inSoftReset;
  }

  /**
   * Powers on. The disk takes the capacity that its backend has now, and keeps it until the next
   * power-on.
   */
  void powerOn() {
    softReset();
    settings.powerOn();
  }

  /** Reset by COMRESET; settings survive unless software settings preservation is off (word 79). */
  void comreset() {
    softReset();
    settings.comreset();
  }

  /**
   * Reset by SRST. Settings survive, because this disk does not support SET FEATURES CCh (revert to
   * defaults). A guest that has disabled the write cache does not check after such a reset whether
   * it is enabled again.
   */
  void softReset() {
    inSoftReset = false;
    errorLog.clear();
  }

  /**
   * Decides about a fetched command. A command whose protocol becomes {@link
   * CommandSlot.Protocol#QUEUED} is accepted: BSY is clear, and the next command may be fetched.
   *
   * @param outstanding whether queued commands are outstanding
   */
  AtaVerdict execute(CommandSlot slot, boolean outstanding) {
    boolean queued =
        slot.command == AtaCommand.READ_FPDMA_QUEUED
            || slot.command == AtaCommand.WRITE_FPDMA_QUEUED;
    if (inSoftReset || (errorLog.pending() && !errorLog.isReadOfIt(slot))) {
      // After a queued error everything but the read of log 10h is aborted (ACS-3, NCQ feature
      // set).
      return fail(slot, AtaStatus.ABRT);
    }
    if (queued) {
      return executeQueued(slot);
    }
    if (outstanding) {
      // Queued and other commands do not mix: all of them are aborted (ACS-3, NCQ feature set).
      errorLog.recordNotQueued(slot, AtaStatus.ABRT);
      return fail(slot, AtaStatus.ABRT);
    }
    return dispatch(slot);
  }

  private AtaVerdict executeQueued(CommandSlot slot) {
    int tag = (slot.count & 0xff) >> TAG_SHIFT;
    if (tag != slot.index) {
      // AHCI 5.4.1 wants tag and slot equal; SActive could not be kept otherwise.
      errorLog.recordQueued(slot, tag, AtaStatus.ABRT);
      return fail(slot, AtaStatus.ABRT);
    }
    int blocks = slot.features == 0 ? SECTORS_48_MAX : slot.features;
    boolean write = slot.command == AtaCommand.WRITE_FPDMA_QUEUED;
    boolean fua = (slot.device & AtaStatus.DEVICE_FUA) != 0;
    return transfer(slot, CommandSlot.Protocol.QUEUED, write, fua, slot.lba, blocks);
  }

  private AtaVerdict dispatch(CommandSlot slot) {
    return switch (slot.command) {
      case AtaCommand.READ_DMA -> transfer28(slot, CommandSlot.Protocol.DMA, false);
      case AtaCommand.WRITE_DMA -> transfer28(slot, CommandSlot.Protocol.DMA, true);
      case AtaCommand.READ_SECTORS -> pio28(slot, false, 1);
      case AtaCommand.WRITE_SECTORS -> pio28(slot, true, 1);
      case AtaCommand.READ_MULTIPLE -> pio28(slot, false, settings.multiple());
      case AtaCommand.WRITE_MULTIPLE -> pio28(slot, true, settings.multiple());
      case AtaCommand.READ_DMA_EXT -> transfer48(slot, CommandSlot.Protocol.DMA, false, false);
      case AtaCommand.WRITE_DMA_EXT -> transfer48(slot, CommandSlot.Protocol.DMA, true, false);
      case AtaCommand.WRITE_DMA_FUA_EXT -> transfer48(slot, CommandSlot.Protocol.DMA, true, true);
      case AtaCommand.READ_SECTORS_EXT -> pio48(slot, false, 1);
      case AtaCommand.WRITE_SECTORS_EXT -> pio48(slot, true, 1);
      case AtaCommand.READ_MULTIPLE_EXT -> pio48(slot, false, settings.multiple());
      case AtaCommand.WRITE_MULTIPLE_EXT -> pio48(slot, true, settings.multiple());
      case AtaCommand.READ_VERIFY -> verify28(slot);
      case AtaCommand.READ_VERIFY_EXT -> verify(slot, slot.lba, blocks48(slot));
      case AtaCommand.DATA_SET_MANAGEMENT -> dataSetManagement(slot);
      case AtaCommand.READ_LOG_EXT -> readLog(slot, CommandSlot.Protocol.PIO_IN);
      case AtaCommand.READ_LOG_DMA_EXT -> readLog(slot, CommandSlot.Protocol.DMA);
      case AtaCommand.IDENTIFY_DEVICE -> {
        settings.writeIdentify(page);
        yield sendPage(slot, CommandSlot.Protocol.PIO_IN);
      }
      case AtaCommand.FLUSH_CACHE,
          AtaCommand.FLUSH_CACHE_EXT,
          AtaCommand.STANDBY,
          AtaCommand.STANDBY_IMMEDIATE,
          AtaCommand.SLEEP ->
          flush(slot);
      case AtaCommand.SET_FEATURES -> setFeatures(slot);
      default -> settle(slot, settings.execute(slot));
    };
  }

  private AtaVerdict settle(CommandSlot slot, boolean supported) {
    return supported ? AtaVerdict.SUCCEED : fail(slot, AtaStatus.ABRT);
  }

  // Reads and writes

  private static long lba28(CommandSlot slot) {
    return (slot.device & 0xfL) << 24 | (slot.lba & 0xff_ffff);
  }

  private static int blocks28(CommandSlot slot) {
    int count = slot.count & 0xff;
    return count == 0 ? SECTORS_28_MAX : count;
  }

  private static int blocks48(CommandSlot slot) {
    return slot.count == 0 ? SECTORS_48_MAX : slot.count;
  }

  private static boolean isChs(CommandSlot slot) {
    return (slot.device & AtaStatus.DEVICE_LBA) == 0;
  }

  private AtaVerdict transfer28(CommandSlot slot, CommandSlot.Protocol protocol, boolean write) {
    return isChs(slot)
        ? fail(slot, AtaStatus.ABRT)
        : transfer(slot, protocol, write, false, lba28(slot), blocks28(slot));
  }

  private AtaVerdict transfer48(
      CommandSlot slot, CommandSlot.Protocol protocol, boolean write, boolean fua) {
    return transfer(slot, protocol, write, fua, slot.lba, blocks48(slot));
  }

  private AtaVerdict pio28(CommandSlot slot, boolean write, int perBlock) {
    return setPioBlock(slot, perBlock, blocks28(slot))
        ? transfer28(slot, pio(write), write)
        : fail(slot, AtaStatus.ABRT);
  }

  private AtaVerdict pio48(CommandSlot slot, boolean write, int perBlock) {
    return setPioBlock(slot, perBlock, blocks48(slot))
        ? transfer48(slot, pio(write), write, false)
        : fail(slot, AtaStatus.ABRT);
  }

  // The PIO Setup FIS that stays in memory describes the last DRQ block.
  private boolean setPioBlock(CommandSlot slot, int perBlock, int blocks) {
    if (perBlock == 0) {
      return false; // READ/WRITE MULTIPLE while they are off
    }
    slot.pioBlocks = Math.ceilDiv(blocks, perBlock);
    int rest = blocks % perBlock;
    slot.pioBlockBytes = (rest == 0 ? perBlock : rest) * backend.blockSizeBytes();
    return true;
  }

  private static CommandSlot.Protocol pio(boolean write) {
    return write ? CommandSlot.Protocol.PIO_OUT : CommandSlot.Protocol.PIO_IN;
  }

  private AtaVerdict transfer(
      CommandSlot slot,
      CommandSlot.Protocol protocol,
      boolean write,
      boolean fua,
      long lba,
      int blocks) {
    slot.protocol = protocol;
    settings.mediumUsed();
    if (!onDisk(lba, blocks)) {
      return fail(slot, AtaStatus.IDNF);
    }
    if (write && backend.readOnly()) {
      return fail(slot, WRITE_PROTECTED);
    }
    slot.dataBytes = (long) blocks * backend.blockSizeBytes();
    long offset = lba * backend.blockSizeBytes();
    slot.prepare(write ? Operation.WRITE : Operation.READ, offset, slot.dataBytes);
    slot.forceUnitAccess = write && (fua || !settings.writeCacheEnabled());
    slot.movesData = true;
    return AtaVerdict.SUBMIT;
  }

  private AtaVerdict verify28(CommandSlot slot) {
    return isChs(slot) ? fail(slot, AtaStatus.ABRT) : verify(slot, lba28(slot), blocks28(slot));
  }

  private AtaVerdict verify(CommandSlot slot, long lba, int blocks) {
    if (!onDisk(lba, blocks)) {
      return fail(slot, AtaStatus.IDNF);
    }
    settings.mediumUsed();
    int blockSize = backend.blockSizeBytes();
    slot.prepare(Operation.READ, lba * blockSize, (long) blocks * blockSize);
    return AtaVerdict.SUBMIT;
  }

  private boolean onDisk(long lba, long blocks) {
    return lba + blocks <= settings.sectors();
  }

  // The rest

  private AtaVerdict sendPage(CommandSlot slot, CommandSlot.Protocol protocol) {
    slot.protocol = protocol;
    slot.pioBlockBytes = IdentifyDevice.PAGE_BYTES;
    slot.dataBytes = IdentifyDevice.PAGE_BYTES;
    return AtaVerdict.SEND_PAGE;
  }

  private AtaVerdict readLog(CommandSlot slot, CommandSlot.Protocol protocol) {
    return errorLog.readLog(slot, page) ? sendPage(slot, protocol) : fail(slot, AtaStatus.ABRT);
  }

  private AtaVerdict dataSetManagement(CommandSlot slot) {
    if (!settings.trimSupported() || !TrimCommand.isValid(slot)) {
      return fail(slot, AtaStatus.ABRT);
    }
    slot.protocol = CommandSlot.Protocol.DMA;
    slot.dataBytes = slot.count * 512L;
    return AtaVerdict.FETCH_PAGE;
  }

  private static AtaVerdict flush(CommandSlot slot) {
    slot.prepare(Operation.FLUSH, 0, 0);
    return AtaVerdict.SUBMIT;
  }

  private AtaVerdict setFeatures(CommandSlot slot) {
    if ((slot.features & 0xff) == AtaCommand.FEATURE_WRITE_CACHE_OFF && backend.writeCache()) {
      return flush(slot); // what is cached goes to the medium first
    }
    return settle(slot, settings.setFeatures(slot));
  }

  /** Continues a command after the page was copied. */
  AtaVerdict copied(CommandSlot slot) {
    if (slot.command == AtaCommand.DATA_SET_MANAGEMENT) {
      return trim.start(slot);
    }
    if (errorLog.isReadOfIt(slot)) {
      errorLog.clear(); // the guest has seen the log only now
    }
    return AtaVerdict.SUCCEED;
  }

  /** Continues a command after the backend has completed it with 0 or {@code -errno}. */
  AtaVerdict completed(CommandSlot slot) {
    if (slot.result < 0) {
      int error = error(slot.operation, slot.result);
      if (error == AtaStatus.UNC) {
        tellWhere(slot);
      }
      return fail(slot, error);
    }
    return switch (slot.command) {
      case AtaCommand.DATA_SET_MANAGEMENT -> trim.next(slot);
      case AtaCommand.SET_FEATURES -> settle(slot, settings.setFeatures(slot));
      default -> {
        settings.flushed(slot);
        yield AtaVerdict.SUCCEED;
      }
    };
  }

  // The LBA of the first unrecoverable error goes into FIS and log. Linux takes all blocks before
  // it for good, and they are in guest memory.
  private void tellWhere(CommandSlot slot) {
    long lba = (slot.offsetBytes + slot.copiedBytes) / backend.blockSizeBytes();
    if (is28Bit(slot)) {
      slot.device = (slot.device & 0xf0) | (int) (lba >> 24 & 0xf);
      slot.lba = lba & 0xff_ffff;
    } else {
      slot.lba = lba;
    }
  }

  private static boolean is28Bit(CommandSlot slot) {
    return switch (slot.command) {
      case AtaCommand.READ_DMA,
          AtaCommand.READ_SECTORS,
          AtaCommand.READ_MULTIPLE,
          AtaCommand.READ_VERIFY ->
          true;
      default -> false;
    };
  }

  private static int error(Operation operation, int result) {
    if (result == -Errno.EINVAL) {
      return AtaStatus.IDNF; // the backend has shrunk since the check
    }
    if (result == -Errno.EROFS) {
      return WRITE_PROTECTED;
    }
    return operation == Operation.READ ? AtaStatus.UNC : AtaStatus.ABRT;
  }

  /** Fails a command; the error of a queued command also goes into the log. */
  AtaVerdict fail(CommandSlot slot, int error) {
    if (slot.protocol == CommandSlot.Protocol.QUEUED) {
      errorLog.recordQueued(slot, slot.index, error);
    }
    slot.error = error;
    return AtaVerdict.FAIL;
  }
}
