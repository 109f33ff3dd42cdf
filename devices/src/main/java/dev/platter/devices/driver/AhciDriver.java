package dev.platter.devices.driver;

import dev.platter.devices.ahci.AhciRegisters;
import dev.platter.devices.ata.AtaCommand;
import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.ata.LogPages;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.memory.GuestMemory;
import org.jspecify.annotations.Nullable;

/**
 * A driver for a disk behind an AHCI port, which works as Linux's libahci and libata do: reads and
 * writes are NCQ commands whose tag is their slot, each issued by a store to PxSACT and one to
 * PxCI; a flush or TRIM is not queued, so it waits for the queued commands, and later commands wait
 * for it. After an error the driver stops and starts the port, reads from log 10h which tag has
 * failed, and issues the other commands again.
 *
 * <p>Threading: one vCPU. Nothing is allocated by a request that succeeds.
 */
public final class AhciDriver implements DiskDriver {
  /** Status of a request that was lost to a host bus or interface error. */
  public static final int HOST_ERROR = 0x100;

  private static final int SIGNATURE_DISK = 0x101;
  private static final int MAX_TRANSFER_BYTES = 32 << 20;
  private static final int MAX_BLOCKS = 65536;
  private static final int SECTOR_BYTES = 512;
  private static final int NONE = -1;
  private static final int TASK_FILE_ERROR = AhciRegisters.IS_TFES;
  private static final int HOST_ERRORS = AhciRegisters.IS_HBFS | AhciRegisters.IS_IFS;
  private static final int INTERRUPTS =
      AhciRegisters.IS_DHRS
          | AhciRegisters.IS_PSS
          | AhciRegisters.IS_SDBS
          | TASK_FILE_ERROR
          | HOST_ERRORS;

  private final GuestMemory memory;
  private final AhciPortAccess port;
  private final AhciCommandTables tables;
  private final int portBit;
  private final long page;
  private final AhciDriverRequests requests;
  private @Nullable AhciIdentity identity;

  private final int[] waiting = new int[AhciRegisters.SLOTS];
  private int waitingHead;
  private int waitingCount;
  private int issued;
  private int exclusiveTag = NONE;
  private long recoveries;

  /**
   * Creates a driver that spins while it waits.
   *
   * @param hbaAddress guest physical address of the HBA's registers
   * @param portIndex which port
   * @param allocator where its command list and tables come from
   */
  public AhciDriver(GuestCpu cpu, long hbaAddress, int portIndex, GuestAllocator allocator) {
    this(cpu, hbaAddress, portIndex, allocator, Thread::onSpinWait);
  }

  /**
   * Creates a driver.
   *
   * @param pause called between two polls of a register
   */
  public AhciDriver(
      GuestCpu cpu, long hbaAddress, int portIndex, GuestAllocator allocator, Runnable pause) {
    memory = cpu.memory();
    port = new AhciPortAccess(cpu, hbaAddress, portIndex, pause);
    tables = new AhciCommandTables(memory, allocator);
    portBit = 1 << portIndex;
    page = allocator.allocate(SECTOR_BYTES, SECTOR_BYTES);
    requests = new AhciDriverRequests(memory, tables, allocator);
  }

  /** The port's registers. */
  public AhciPortAccess port() {
    return port;
  }

  /** The port's memory. */
  public AhciCommandTables tables() {
    return tables;
  }

  /** The number of times that an error made the driver stop and start the port. */
  public long recoveries() {
    return recoveries;
  }

  /** The requests that the device has and that were not reported, one bit per tag. */
  public int issued() {
    return issued;
  }

  /**
   * The disk's own description.
   *
   * @throws IllegalStateException before {@link #bringUp}
   */
  public AhciIdentity identity() {
    if (identity == null) {
      throw new IllegalStateException("the disk has not been brought up");
    }
    return identity;
  }

  /**
   * Finds the disk, resets and identifies it, sets it up and enables the port's interrupts.
   *
   * @throws IllegalStateException if there is no disk, or it does not answer
   */
  public void bringUp() {
    port.takeController();
    write(AhciRegisters.PX_IE, 0);
    port.stop();
    port.attachMemory(tables.commandList(), tables.fisArea());
    port.comreset();
    port.start();
    int signature = port.read(AhciRegisters.PX_SIG);
    if (signature != SIGNATURE_DISK) {
      throw new IllegalStateException("not a disk: signature " + Integer.toHexString(signature));
    }
    require(executePolled(AtaCommand.IDENTIFY_DEVICE, 0, 0, 0, 0, page, SECTOR_BYTES, false));
    AhciIdentity found = AhciIdentity.parse(memory, page);
    identity = found;
    int mode = 31 - Integer.numberOfLeadingZeros(found.ultraDmaModes());
    setFeatures(AtaCommand.FEATURE_TRANSFER_MODE, 0x40 | mode);
    if (found.writeCache()) {
      setFeatures(AtaCommand.FEATURE_WRITE_CACHE_ON, 0);
    }
    port.clearErrors();
    port.writeHba(AhciRegisters.IS, portBit);
    write(AhciRegisters.PX_IE, INTERRUPTS);
    port.enableInterrupts();
  }

  private void setFeatures(int feature, int count) {
    require(executePolled(AtaCommand.SET_FEATURES, feature, 0, count, 0, 0, 0, false));
  }

  private static void require(int taskFile) {
    if (taskFile != 0) {
      throw new IllegalStateException("command failed: task file " + Integer.toHexString(taskFile));
    }
  }

  private void write(int register, int value) {
    port.write(register, value);
  }

  /**
   * Runs one command that is not queued, in slot 0 of an idle port, and waits for it by polling.
   *
   * @param buffer guest physical address of its data
   * @param lengthBytes length of its data; 0 for none
   * @param toDevice whether the data goes to the device
   * @return 0, or the task file (ERROR in bits 15:8), or {@link #HOST_ERROR} shifted left by 8;
   *     after an error the port is halted, see {@link #restart}
   */
  public int executePolled(
      int command,
      int features,
      long lba,
      int count,
      int device,
      long buffer,
      int lengthBytes,
      boolean toDevice) {
    tables.command(0, command, features, lba, count, device | AtaStatus.DEVICE_LBA);
    tables.header(
        0, toDevice ? AhciRegisters.HEADER_WRITE : 0, tables.prds(0, buffer, lengthBytes));
    write(AhciRegisters.PX_CI, 1);
    return awaitIssued(0);
  }

  /** Waits by polling for a command issued in {@code slot}; answers as {@link #executePolled}. */
  public int awaitIssued(int slot) {
    while (true) {
      int events = port.read(AhciRegisters.PX_IS);
      if ((events & HOST_ERRORS) != 0) {
        return HOST_ERROR << 8;
      }
      if ((events & TASK_FILE_ERROR) != 0) {
        return port.read(AhciRegisters.PX_TFD);
      }
      if ((port.read(AhciRegisters.PX_CI) & 1 << slot) == 0) {
        return 0;
      }
      port.pause();
    }
  }

  /** Stops the port, clears its errors and starts it; a disk that stays busy is reset. */
  public void restart() {
    port.stop();
    if (port.busy()) {
      port.comreset();
    }
    port.clearErrors();
    port.start();
  }

  @Override
  public int unitOf(int tag) {
    return Integer.numberOfTrailingZeros(portBit);
  }

  @Override
  public int slotOf(int tag) {
    return tag;
  }

  @Override
  public int queueDepth() {
    return identity().queueDepth();
  }

  @Override
  public long capacityBytes() {
    return identity().blocks() * identity().blockSizeBytes();
  }

  @Override
  public int blockSizeBytes() {
    return identity().blockSizeBytes();
  }

  @Override
  public int maxTransferBytes() {
    return (int) Math.min(MAX_TRANSFER_BYTES, (long) MAX_BLOCKS * blockSizeBytes());
  }

  @Override
  public void submit(int tag, Operation operation, long offsetBytes, long buffer, int lengthBytes) {
    requests.set(tag, operation, offsetBytes, buffer, lengthBytes, false);
    begin(tag);
  }

  /** Like {@link #submit}, for a write that must be on the medium when it is reported. */
  public void submitForced(int tag, long offsetBytes, long buffer, int lengthBytes) {
    requests.set(tag, Operation.WRITE, offsetBytes, buffer, lengthBytes, true);
    begin(tag);
  }

  /**
   * Like {@link #submit}, with a buffer in pieces; the arrays must not change until it is reported.
   *
   * @param addresses guest physical address of each piece, even
   * @param pieceLengths length of each piece, even; at most {@link AhciCommandTables#MAX_PRDS}
   */
  public void submitScattered(
      int tag, Operation operation, long offsetBytes, long[] addresses, int[] pieceLengths) {
    requests.setScattered(tag, operation, offsetBytes, addresses, pieceLengths);
    begin(tag);
  }

  private void begin(int tag) {
    enqueue(tag);
    pump();
  }

  /** Does nothing: every command is issued as soon as it may be. */
  @Override
  public void kick() {}

  private void enqueue(int tag) {
    waiting[(waitingHead + waitingCount) % waiting.length] = tag;
    waitingCount++;
  }

  // First come, first served, but for a wait between queued commands and others on either side.
  private void pump() {
    while (waitingCount > 0 && exclusiveTag == NONE) {
      int tag = waiting[waitingHead];
      boolean queued = requests.isQueued(tag);
      if (!queued && issued != 0) {
        return;
      }
      waitingHead = (waitingHead + 1) % waiting.length;
      waitingCount--;
      issue(tag, queued);
    }
  }

  private void issue(int tag, boolean queued) {
    requests.fill(tag, blockSizeBytes());
    issued |= 1 << tag;
    if (queued) {
      write(AhciRegisters.PX_SACT, 1 << tag);
    } else {
      exclusiveTag = tag;
    }
    write(AhciRegisters.PX_CI, 1 << tag);
  }

  @Override
  public int interrupt(CompletionSink sink) {
    if ((port.readHba(AhciRegisters.IS) & portBit) == 0) {
      return 0;
    }
    int events = port.read(AhciRegisters.PX_IS);
    write(AhciRegisters.PX_IS, events);
    int reported;
    if ((events & (TASK_FILE_ERROR | HOST_ERRORS)) != 0) {
      reported = recover(events, sink);
    } else {
      int register = exclusiveTag == NONE ? AhciRegisters.PX_SACT : AhciRegisters.PX_CI;
      int finished = issued & ~port.read(register);
      port.writeHba(AhciRegisters.IS, portBit);
      reported = report(finished, OK, sink);
    }
    pump();
    return reported;
  }

  private int report(int tags, int status, CompletionSink sink) {
    issued &= ~tags;
    if (exclusiveTag != NONE && (tags & 1 << exclusiveTag) != 0) {
      exclusiveTag = NONE;
    }
    int left = tags;
    while (left != 0) {
      int tag = Integer.numberOfTrailingZeros(left);
      left &= left - 1;
      sink.done(tag, status);
    }
    return Integer.bitCount(tags);
  }

  private int recover(int events, CompletionSink sink) {
    recoveries++;
    int unfinished = issued & (port.read(AhciRegisters.PX_SACT) | port.read(AhciRegisters.PX_CI));
    int finished = issued & ~unfinished;
    boolean queued = exclusiveTag == NONE;
    int error = port.read(AhciRegisters.PX_TFD) >> 8 & 0xff;
    write(AhciRegisters.PX_IE, 0);
    restart();
    int failed = unfinished;
    int status = HOST_ERROR;
    if ((events & HOST_ERRORS) == 0) {
      status = error;
      if (queued) {
        // Bytes 0 and 3: the tag and the ERROR field (ACS-3 annex A, NCQ Command Error log).
        failed = readFailedTag() & unfinished;
        status = memory.readByte(page + 3);
      }
      if (failed == 0 || status == OK) {
        failed = unfinished; // the disk does not tell: all of them
        status = HOST_ERROR;
      }
    }
    port.clearErrors();
    port.writeHba(AhciRegisters.IS, portBit);
    write(AhciRegisters.PX_IE, INTERRUPTS);
    issued = finished | failed;
    exclusiveTag = NONE;
    for (int tag = 0; tag < AhciRegisters.SLOTS; tag++) {
      if ((unfinished & ~failed & 1 << tag) != 0) {
        enqueue(tag);
      }
    }
    return report(finished, OK, sink) + report(failed, status, sink);
  }

  /** Asks the NCQ command error log which tag has failed; 0 if it does not tell. */
  private int readFailedTag() {
    int log = LogPages.NCQ_COMMAND_ERROR;
    if (executePolled(AtaCommand.READ_LOG_EXT, 0, log, 1, 0, page, SECTOR_BYTES, false) != 0) {
      restart();
      return 0;
    }
    int tagByte = memory.readByte(page);
    return (tagByte & LogPages.NOT_QUEUED) != 0 ? 0 : 1 << (tagByte & 0x1f);
  }
}
