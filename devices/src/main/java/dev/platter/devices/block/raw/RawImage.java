package dev.platter.devices.block.raw;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileChanges;
import dev.platter.aio.file.FileFacts;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.file.LockTimeout;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.BlockListener;
import dev.platter.devices.block.BlockListeners;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.DiskDescription;
import dev.platter.devices.block.Resizable;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.DirectAlignment;
import dev.platter.devices.block.image.DiskExamination;
import dev.platter.devices.block.image.ImageGrowth;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.image.Preallocation;
import dev.platter.devices.block.meter.BlockMeter;
import dev.platter.devices.block.meter.HostFigures;
import dev.platter.devices.memory.BufferPool;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A raw image: a regular file or a block device whose byte N is the disk's byte N.
 *
 * <p>Opened with O_DIRECT unless told otherwise, and locked, exclusively if writable. Its file is
 * never created or truncated here, and extended by {@link #grow} alone. Requests go to the ring of
 * the context they are submitted on; see {@link RawTransfer} for how one is carried out. May be
 * shared by several contexts.
 */
public final class RawImage implements BlockBackend, Resizable {

  private final ImageFile opened;
  private final FileHandle file;
  private final ImageOptions options;
  private final BlockLocks blockLocks = new BlockLocks();

  /** What O_DIRECT asks for; tests make it stricter. */
  DirectAlignment alignment;

  private final List<LongConsumer> resizeListeners = new CopyOnWriteArrayList<>();
  private final BlockMeter meter = new BlockMeter();
  private final Stability stability;
  private final List<ImageOnLoop> loops = new CopyOnWriteArrayList<>();
  private final BlockListeners listeners = new BlockListeners();
  private final Deallocation deallocation = new Deallocation(listeners);
  private volatile long sizeBytes;

  /** Longest piece of one SQE; tests make it small to see transfers resumed. */
  int maxPieceBytes = 1 << 30;

  /** The file that requests go to; tests put another there, which fails them. */
  volatile int fd;

  /** More flags for writes; tests have them fail that way. */
  int writeFlags;

  private RawImage(ImageFile opened, ImageOptions options) {
    this.opened = opened;
    this.file = opened.handle();
    this.options = options;
    this.alignment = opened.alignment();
    this.sizeBytes = opened.facts().sizeBytes();
    this.fd = file.fd();
    this.stability = new Stability(options.cache() == CacheMode.WRITEBACK);
  }

  /**
   * Opens an image.
   *
   * @throws PlatterException of kind BAD_INPUT, with a remedy, if it cannot serve as a disk:
   *     missing, a directory, empty, of an odd size, in use by another, without O_DIRECT
   */
  public static RawImage open(String path, ImageOptions options) {
    return open(path, options, "", LockTimeout.noWait());
  }

  /**
   * Opens an image as {@link #open(String, ImageOptions)} does, but waits for what a dead user of
   * it has in flight.
   *
   * @param place where its guest comes from; see {@link FileHandle#lock(boolean, String,
   *     LockTimeout)}
   * @throws PlatterException as there, and of kind FAILED if {@code timeout} is over
   */
  public static RawImage open(
      String path, ImageOptions options, String place, LockTimeout timeout) {
    ImageFile opened =
        ImageFile.open(
            path,
            options,
            (writable, direct) ->
                options.lock()
                    ? FileHandle.openLocked(path, writable, direct, place, timeout)
                    : FileHandle.open(path, writable, direct));
    return new RawImage(opened, options);
  }

  /**
   * Looks whether an image can serve as a disk, and finds its users, without changing it.
   *
   * @throws PlatterException as {@link #open(String, ImageOptions, String, LockTimeout)} does, but
   *     not for its users
   */
  public static DiskExamination examine(
      String path, ImageOptions options, String place, LockTimeout timeout) {
    ImageFile opened =
        ImageFile.open(
            path,
            options,
            (writable, direct) ->
                options.lock()
                    ? FileHandle.openToLook(path, writable, direct)
                    : FileHandle.open(path, writable, direct));
    try (FileHandle file = opened.handle()) {
      Optional<PlatterException> locked = Optional.empty();
      boolean waits = false;
      try {
        waits = options.lock() && file.examineLock(!options.readOnly(), place, timeout);
      } catch (PlatterException e) {
        locked = Optional.of(e);
      }
      return new DiskExamination(
          opened.identity(),
          locked,
          waits,
          file.isUsedByPlatter(),
          Optional.ofNullable(opened.foreign()));
    }
  }

  /**
   * The {@link DiskDescription#identity} of the image at a path; follows links, and opens nothing.
   *
   * @throws PlatterException if there is none
   */
  public static Object identify(String path) {
    return ImageFile.identity(path);
  }

  @Override
  public DiskDescription description() {
    return new DiskDescription(
        file.path(), options.cache(), opened.identity(), Optional.ofNullable(opened.foreign()));
  }

  private int sizeUnitBytes() {
    return ImageFile.sizeUnitBytes(options, alignment);
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public int blockSizeBytes() {
    return options.logicalBlockBytes();
  }

  @Override
  public int physicalBlockSizeBytes() {
    return sizeUnitBytes();
  }

  /** Whether a sector may be a part of what O_DIRECT reads and writes as one. */
  boolean splitsBlocks() {
    return alignment.offsetBytes() > blockSizeBytes();
  }

  BlockLocks blockLocks() {
    return blockLocks;
  }

  @Override
  public boolean readOnly() {
    return options.readOnly();
  }

  @Override
  public boolean writeCache() {
    // Even with O_DIRECT a completed write may sit in the disk's own cache until fdatasync.
    return !options.readOnly();
  }

  @Override
  public void submit(BlockRequest request) {
    // Before the request is taken, because this throws on a thread that may not start I/O.
    AioContext context = AioContext.current();
    request.begin();
    RawTransfer transfer = (RawTransfer) request.backendState();
    if (transfer == null) {
      transfer = new RawTransfer(this, request);
      request.setBackendState(transfer);
    }
    transfer.start(context);
  }

  @Override
  public void cutShort(BlockRequest request) {
    if (request.backendState() instanceof RawTransfer transfer) {
      transfer.cutShort();
    }
  }

  /** The image's state on a loop, made at its first use. */
  ImageOnLoop on(AioContext context) {
    synchronized (loops) {
      for (ImageOnLoop each : loops) {
        if (each.context().equals(context)) {
          return each;
        }
      }
      ImageOnLoop made = new ImageOnLoop(this, context);
      loops.add(made);
      return made;
    }
  }

  @Override
  public void addListener(BlockListener listener) {
    listeners.add(listener);
  }

  @Override
  public void removeListener(BlockListener listener) {
    listeners.remove(listener);
  }

  BlockListeners listeners() {
    return listeners;
  }

  Stability stability() {
    return stability;
  }

  @Override
  public void addResizeListener(LongConsumer listener) {
    resizeListeners.add(listener);
  }

  @Override
  public void removeResizeListener(LongConsumer listener) {
    resizeListeners.remove(listener);
  }

  @Override
  public Optional<Resizable> resizable() {
    return Optional.of(this);
  }

  /** By the file's size, in whole blocks. */
  @Override
  public long currentSizeBytes() {
    long now;
    try {
      now = file.facts().sizeBytes();
    } catch (IllegalStateException e) {
      return sizeBytes; // the guest's own requests will show it
    }
    return now - now % sizeUnitBytes();
  }

  @Override
  public int watchedBy(FileChanges changes) {
    return isBlockDevice() ? FileChanges.NONE : changes.watch(fd);
  }

  /**
   * Gives the disk another size, and tells the listeners. A file that was cut short makes a smaller
   * disk: writing beyond the new end would silently grow it again.
   */
  @Override
  public void resizeTo(long now) {
    if (now != sizeBytes) {
      sizeBytes = now;
      for (LongConsumer listener : resizeListeners) {
        listener.accept(now);
      }
    }
  }

  @Override
  public Preallocation grow(long bytes, @Nullable Preallocation preallocation) {
    if (options.readOnly()) {
      throw PlatterException.badInput(
          file.path() + " is open for reading only", "Grow it where it is writable");
    }
    return new ImageGrowth(file, sizeUnitBytes(), this::sync).to(bytes, preallocation);
  }

  /** The image's path. */
  public String path() {
    return file.path();
  }

  /** What the kernel says of the image's file now. */
  public FileFacts facts() {
    return file.facts();
  }

  /** Alignment of buffers for O_DIRECT in bytes; 1 without. */
  public int memoryAlignmentBytes() {
    return alignment.memoryBytes();
  }

  /** How the image was opened. */
  public ImageOptions options() {
    return options;
  }

  @Override
  public BlockMeter meter() {
    return meter;
  }

  int fd() {
    return fd;
  }

  DirectAlignment alignment() {
    return alignment;
  }

  boolean isBlockDevice() {
    return opened.facts().type() == FileFacts.Type.BLOCK_DEVICE;
  }

  Deallocation deallocation() {
    return deallocation;
  }

  @Override
  public HostFigures hostFigures() {
    return new HostFigures(
        loops.stream().mapToLong(each -> each.slowRequests().now()).sum(),
        loops.stream().mapToLong(each -> each.slowRequests().ever()).sum(),
        deallocation.refusedDiscards(),
        loops.stream().mapToLong(ImageOnLoop::residentChunks).sum() * BufferPool.CHUNK_BYTES,
        stability.failure() != 0);
  }

  @Override
  public int sync() {
    if (stability.failure() == 0) {
      long ticket = stability.beginOutside();
      int result;
      do {
        result = Libc.fsync(fd);
      } while (result == -Errno.EINTR);
      if (stability.failed(result, false)) {
        listeners.flushFailed(-result);
      }
      stability.endOutside(ticket);
    }
    return stability.failure();
  }

  /** Closes the file and so gives up the lock; nothing is in flight. Idempotent. */
  @Override
  public void close() {
    loops.forEach(ImageOnLoop::close);
    loops.clear();
    file.close();
  }
}
