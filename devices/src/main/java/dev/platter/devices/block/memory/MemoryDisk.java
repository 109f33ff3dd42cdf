package dev.platter.devices.block.memory;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.aio.sys.Mapping;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.DiskDescription;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.meter.BlockMeter;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A disk in memory of this process: zeroes at first, and gone when it is closed. A page of it costs
 * memory from its first write until it is discarded; the size is the most that it can take. What is
 * written is as stable as the process, so that a flush has nothing to do.
 *
 * <p>May be shared by several contexts.
 */
public final class MemoryDisk implements BlockBackend {
  /** The unit of freeing in bytes. Where pages are larger, the kernel refuses, and all is kept. */
  private static final long PAGE_BYTES = 4096;

  private final String name;
  private final Mapping memory;
  private final ImageOptions options;
  private final BlockMeter meter = new BlockMeter();
  private final List<MemoryOnLoop> loops = new CopyOnWriteArrayList<>();
  private volatile boolean keepsPages;
  private volatile boolean closed;

  private MemoryDisk(String name, Mapping memory, ImageOptions options) {
    this.name = name;
    this.memory = memory;
    this.options = options;
  }

  /**
   * Makes a disk of zeroes.
   *
   * @param name its name in messages
   * @param sizeBytes its size
   * @param options whether it is read-only, whether discards free memory, and its sectors; the rest
   *     is for files
   * @throws PlatterException of kind BAD_INPUT if the size is not a whole number of sectors, or 0;
   *     of kind HOST_LACKS if the kernel refuses as much memory
   */
  public static MemoryDisk create(String name, long sizeBytes, ImageOptions options) {
    int unit = options.logicalBlockBytes();
    if (sizeBytes <= 0 || sizeBytes % unit != 0) {
      throw PlatterException.badInput(
          "cannot use "
              + name
              + " as a disk: its size of "
              + sizeBytes
              + " bytes is not a"
              + " multiple of "
              + unit
              + ", or is 0",
          "Give whole sectors, such as ram:1G");
    }
    try {
      return new MemoryDisk(name, Mapping.lazy(sizeBytes), options);
    } catch (ErrnoException e) {
      throw new PlatterException(
          PlatterException.Kind.HOST_LACKS,
          "no memory for " + name + ": " + e.getMessage(),
          "Give a smaller size; or see vm.overcommit_memory and ulimit -v",
          e);
    }
  }

  @Override
  public long sizeBytes() {
    return memory.segment().byteSize();
  }

  @Override
  public int blockSizeBytes() {
    return options.logicalBlockBytes();
  }

  @Override
  public boolean readOnly() {
    return options.readOnly();
  }

  @Override
  public boolean writeCache() {
    return false;
  }

  @Override
  public void submit(BlockRequest request) {
    AioContext context = AioContext.current();
    if (closed) {
      throw new IllegalStateException(name + " is closed"); // its addresses may be in use again
    }
    request.begin();
    MemoryTransfer transfer = (MemoryTransfer) request.backendState();
    if (transfer == null) {
      transfer = new MemoryTransfer(this, request);
      request.setBackendState(transfer);
    }
    transfer.start(context);
  }

  @Override
  public void cutShort(BlockRequest request) {
    if (request.backendState() instanceof MemoryTransfer transfer) {
      transfer.cutShort();
    }
  }

  @Override
  public int sync() {
    return 0;
  }

  @Override
  public DiskDescription description() {
    return DiskDescription.of(name, this);
  }

  @Override
  public BlockMeter meter() {
    return meter;
  }

  /** The disk's state on a loop, made at its first use. */
  MemoryOnLoop on(AioContext context) {
    synchronized (loops) {
      for (MemoryOnLoop each : loops) {
        if (each.context().equals(context)) {
          return each;
        }
      }
      MemoryOnLoop made = new MemoryOnLoop(context, meter.of(context));
      loops.add(made);
      return made;
    }
  }

  /** Whether discards free memory. */
  boolean discards() {
    return options.discard();
  }

  /** The host address of a byte of the disk. */
  long address(long offset) {
    return memory.segment().address() + offset;
  }

  /** The next piece of a range that is freed in pieces, which end with whole pages. */
  static long piece(long offset, long left, long mostBytes) {
    long end = pageBefore(offset + Math.max(mostBytes, PAGE_BYTES));
    return Math.min(left, end - offset);
  }

  /** Writes zeroes to a range, which costs memory. */
  void zero(long offset, long length) {
    memory.segment().asSlice(offset, length).fill((byte) 0);
  }

  /** Frees the whole pages of a range, which read as zeroes then; leaves its ends as they are. */
  void free(long offset, long length) {
    long from = pageAfter(offset);
    long to = pageBefore(offset + length);
    if (from < to) {
      boolean _ = giveBack(from, to);
    }
  }

  /** Makes a range read as zeroes, and frees its whole pages. */
  void zeroAndFree(long offset, long length) {
    long end = offset + length;
    long from = pageAfter(offset);
    long to = pageBefore(end);
    if (from >= to || keepsPages) {
      zero(offset, length);
      return;
    }
    zero(offset, from - offset);
    if (!giveBack(from, to)) {
      zero(from, to - from);
    }
    zero(to, end - to);
  }

  private boolean giveBack(long from, long to) {
    if (!keepsPages) {
      try {
        memory.giveBack(from, to - from);
        return true;
      } catch (IllegalStateException e) {
        keepsPages = true; // memory that is locked, or in larger pages
      }
    }
    return false;
  }

  private static long pageAfter(long offset) {
    return (offset + PAGE_BYTES - 1) & -PAGE_BYTES;
  }

  private static long pageBefore(long end) {
    return end & -PAGE_BYTES;
  }

  /** Frees all memory; nothing is in flight. Idempotent. */
  @Override
  public void close() {
    closed = true;
    memory.close();
  }
}
