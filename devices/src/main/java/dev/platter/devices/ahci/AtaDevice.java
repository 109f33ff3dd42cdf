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
 * The disk behind a port: decides what a command means and starts it. How its end is reported is
 * the {@link Host}'s business.
 */
final class AtaDevice {
  /** The host's side of the link. Exactly one of the last group is called per command. */
  interface Host {
    /** Copies {@code slot.dataBytes} bytes that the device has made into the slot's PRDs. */
    PrdTable.Result copyToGuest(CommandSlot slot, MemorySegment page);

    /** Copies {@code slot.dataBytes} bytes of the slot's PRDs into the device. */
    PrdTable.Result copyFromGuest(CommandSlot slot, MemorySegment page);

    /** Has the backend do what the slot was prepared for; {@link AtaDevice#completed} follows. */
    void begin(CommandSlot slot);

    /** Whether queued commands are outstanding. */
    boolean queuedOutstanding();

    /** A queued command was taken: BSY is clear and the next one may come. */
    void accepted(CommandSlot slot);

    /** The PRD table had no room for all data; the command fails as well. */
    void overflowed();

    /** Done. */
    void succeeded(CommandSlot slot);

    /** Done, with ERROR field {@code error}. */
    void failed(CommandSlot slot, int error);

    /** Broken off, because guest memory could not be reached. */
    void busError(CommandSlot slot);
  }

  private static final long SCRATCH_BYTES = (long) IdentifyDevice.MAX_TRIM_BLOCKS * 512;
  private static final int SECTORS_28_MAX = 256;
  private static final int SECTORS_48_MAX = 65536;
  private static final int TAG_SHIFT = 3;

  // A disk has no way to say beforehand that it is write-protected. WP shares its bit with UNC, and
  // so Linux takes the error for one of the medium, which it neither retries nor blames on the
  // link.
  private static final int WRITE_PROTECTED = AtaStatus.WP | AtaStatus.ABRT;

  private final BlockBackend backend;
  private final Host host;
  private final DeviceSettings settings;
  private final NcqErrorLog errorLog = new NcqErrorLog();
  private final TrimCommand trim;
  private final MemorySegment scratch;
  private boolean inSoftReset;

  AtaDevice(AhciDisk disk, Host host, Arena arena) {
    backend = disk.backend();
    this.host = host;
    scratch = arena.allocate(SCRATCH_BYTES, 8);
    settings = new DeviceSettings(disk);
    trim = new TrimCommand(settings, host, scratch);
  }

  boolean inSoftReset() {
    return inSoftReset;
  }

  void setInSoftReset(boolean inSoftReset) {
    this.inSoftReset = inSoftReset;
  }

  /** Switched on: with the capacity that the backend has now, which stays until the next time. */
  void powerOn() {
    softReset();
    settings.powerOn();
  }

  /** Reset by the link; settings survive unless that was switched off (word 79). */
  void comreset() {
    softReset();
    settings.comreset();
  }

  /**
   * Reset by SRST. Settings survive: disks give them up only if SET FEATURES CCh has asked for it,
   * which this one does not have. A guest that has switched the write cache off does not ask after
   * such a reset whether it is on again.
   */
  void softReset() {
    inSoftReset = false;
    errorLog.clear();
  }

  /** Carries out a fetched command. */
  void execute(CommandSlot slot) {
    boolean queued =
        slot.command == AtaCommand.READ_FPDMA_QUEUED
            || slot.command == AtaCommand.WRITE_FPDMA_QUEUED;
    if (inSoftReset || (errorLog.pending() && !errorLog.isReadOfIt(slot))) {
      // After a queued error everything but the read of log 10h is aborted (ACS-3, NCQ feature
      // set).
      host.failed(slot, AtaStatus.ABRT);
    } else if (queued) {
      executeQueued(slot);
    } else if (host.queuedOutstanding()) {
      // Queued and other commands do not mix: all of them are aborted (ACS-3, NCQ feature set).
      errorLog.recordNotQueued(slot, AtaStatus.ABRT);
      host.failed(slot, AtaStatus.ABRT);
    } else {
      dispatch(slot);
    }
  }

  /** A queued command whose tag is in use ends all of them. The slot still holds the first one. */
  void rejectTagInUse(CommandSlot slot) {
    fail(slot, AtaStatus.ABRT);
  }

  private void executeQueued(CommandSlot slot) {
    int tag = (slot.count & 0xff) >> TAG_SHIFT;
    if (tag != slot.index) {
      // AHCI 5.4.1 wants tag and slot equal; SActive could not be kept otherwise.
      errorLog.recordQueued(slot, tag, AtaStatus.ABRT);
      host.failed(slot, AtaStatus.ABRT);
      return;
    }
    host.accepted(slot);
    int blocks = slot.features == 0 ? SECTORS_48_MAX : slot.features;
    boolean write = slot.command == AtaCommand.WRITE_FPDMA_QUEUED;
    boolean fua = (slot.device & AtaStatus.DEVICE_FUA) != 0;
    transfer(slot, CommandSlot.Protocol.QUEUED, write, fua, slot.lba, blocks);
  }

  private void dispatch(CommandSlot slot) {
    switch (slot.command) {
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
        settings.writeIdentify(scratch);
        sendPage(slot, CommandSlot.Protocol.PIO_IN);
      }
      case AtaCommand.FLUSH_CACHE,
          AtaCommand.FLUSH_CACHE_EXT,
          AtaCommand.STANDBY,
          AtaCommand.STANDBY_IMMEDIATE,
          AtaCommand.SLEEP ->
          flush(slot);
      case AtaCommand.SET_FEATURES -> setFeatures(slot);
      default -> settle(slot, settings.execute(slot));
    }
  }

  private void settle(CommandSlot slot, boolean supported) {
    if (supported) {
      host.succeeded(slot);
    } else {
      fail(slot, AtaStatus.ABRT);
    }
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

  private void transfer28(CommandSlot slot, CommandSlot.Protocol protocol, boolean write) {
    if (isChs(slot)) {
      fail(slot, AtaStatus.ABRT);
    } else {
      transfer(slot, protocol, write, false, lba28(slot), blocks28(slot));
    }
  }

  private void transfer48(
      CommandSlot slot, CommandSlot.Protocol protocol, boolean write, boolean fua) {
    transfer(slot, protocol, write, fua, slot.lba, blocks48(slot));
  }

  private void pio28(CommandSlot slot, boolean write, int perBlock) {
    if (setPioBlock(slot, perBlock, blocks28(slot))) {
      transfer28(slot, pio(write), write);
    }
  }

  private void pio48(CommandSlot slot, boolean write, int perBlock) {
    if (setPioBlock(slot, perBlock, blocks48(slot))) {
      transfer48(slot, pio(write), write, false);
    }
  }

  // The last DRQ block is what the PIO Setup FIS that stays in memory tells of.
  private boolean setPioBlock(CommandSlot slot, int perBlock, int blocks) {
    if (perBlock == 0) {
      fail(slot, AtaStatus.ABRT); // READ/WRITE MULTIPLE while they are off
      return false;
    }
    slot.pioBlocks = Math.ceilDiv(blocks, perBlock);
    int rest = blocks % perBlock;
    slot.pioBlockBytes = (rest == 0 ? perBlock : rest) * backend.blockSizeBytes();
    return true;
  }

  private static CommandSlot.Protocol pio(boolean write) {
    return write ? CommandSlot.Protocol.PIO_OUT : CommandSlot.Protocol.PIO_IN;
  }

  private void transfer(
      CommandSlot slot,
      CommandSlot.Protocol protocol,
      boolean write,
      boolean fua,
      long lba,
      int blocks) {
    slot.protocol = protocol;
    settings.mediumUsed();
    if (!onDisk(lba, blocks)) {
      fail(slot, AtaStatus.IDNF);
      return;
    }
    if (write && backend.readOnly()) {
      fail(slot, WRITE_PROTECTED);
      return;
    }
    slot.dataBytes = (long) blocks * backend.blockSizeBytes();
    long offset = lba * backend.blockSizeBytes();
    slot.prepare(write ? Operation.WRITE : Operation.READ, offset, slot.dataBytes);
    slot.forceUnitAccess = write && (fua || !settings.writeCacheEnabled());
    slot.movesData = true;
    host.begin(slot);
  }

  private void verify28(CommandSlot slot) {
    if (isChs(slot)) {
      fail(slot, AtaStatus.ABRT);
    } else {
      verify(slot, lba28(slot), blocks28(slot));
    }
  }

  private void verify(CommandSlot slot, long lba, int blocks) {
    if (onDisk(lba, blocks)) {
      settings.mediumUsed();
      int blockSize = backend.blockSizeBytes();
      slot.prepare(Operation.READ, lba * blockSize, (long) blocks * blockSize);
      host.begin(slot);
    } else {
      fail(slot, AtaStatus.IDNF);
    }
  }

  private boolean onDisk(long lba, long blocks) {
    return lba + blocks <= settings.sectors();
  }

  private boolean reached(CommandSlot slot, PrdTable.Result result) {
    if (result != PrdTable.Result.OK) {
      notReached(slot, result);
    }
    return result == PrdTable.Result.OK;
  }

  /** The slot's PRD table has no room for its data, or does not name RAM. */
  void notReached(CommandSlot slot, PrdTable.Result result) {
    if (result == PrdTable.Result.TOO_SHORT) {
      host.overflowed();
      fail(slot, AtaStatus.ABRT);
    } else {
      host.busError(slot);
    }
  }

  // The rest

  private boolean sendPage(CommandSlot slot, CommandSlot.Protocol protocol) {
    slot.protocol = protocol;
    slot.pioBlockBytes = IdentifyDevice.PAGE_BYTES;
    slot.dataBytes = IdentifyDevice.PAGE_BYTES;
    boolean sent = reached(slot, host.copyToGuest(slot, scratch));
    if (sent) {
      host.succeeded(slot);
    }
    return sent;
  }

  private void readLog(CommandSlot slot, CommandSlot.Protocol protocol) {
    if (!errorLog.readLog(slot, scratch)) {
      fail(slot, AtaStatus.ABRT);
    } else if (sendPage(slot, protocol) && errorLog.isReadOfIt(slot)) {
      errorLog.clear(); // only now has the guest seen it
    }
  }

  private void dataSetManagement(CommandSlot slot) {
    if (!settings.trimSupported() || !TrimCommand.isValid(slot)) {
      fail(slot, AtaStatus.ABRT);
      return;
    }
    slot.protocol = CommandSlot.Protocol.DMA;
    slot.dataBytes = slot.count * 512L;
    if (reached(slot, host.copyFromGuest(slot, scratch))) {
      trim.start(slot);
    }
  }

  private void flush(CommandSlot slot) {
    slot.prepare(Operation.FLUSH, 0, 0);
    host.begin(slot);
  }

  private void setFeatures(CommandSlot slot) {
    if ((slot.features & 0xff) == AtaCommand.FEATURE_WRITE_CACHE_OFF && backend.writeCache()) {
      flush(slot); // what is cached goes to the medium first
    } else {
      settle(slot, settings.setFeatures(slot));
    }
  }

  /** The backend has done what the slot was prepared for, with 0 or {@code -errno}. */
  void completed(CommandSlot slot) {
    if (slot.result < 0) {
      int error = error(slot.operation, slot.result);
      if (error == AtaStatus.UNC) {
        tellWhere(slot);
      }
      fail(slot, error);
    } else if (slot.command == AtaCommand.DATA_SET_MANAGEMENT) {
      trim.next(slot);
    } else if (slot.command == AtaCommand.SET_FEATURES) {
      settle(slot, settings.setFeatures(slot));
    } else {
      settle(slot, settings.flushed(slot));
    }
  }

  // LBA of the first unrecoverable error, in FIS and log. All before it is in the guest's memory:
  // Linux takes it that what comes before is good.
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

  private void fail(CommandSlot slot, int error) {
    if (slot.protocol == CommandSlot.Protocol.QUEUED) {
      errorLog.recordQueued(slot, slot.index, error);
    }
    host.failed(slot, error);
  }
}
