package dev.platter.devices.block.raw;

import dev.platter.aio.KernelVersion;
import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
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
import dev.platter.devices.block.image.ForeignFormat;
import dev.platter.devices.block.image.ImageCreator;
import dev.platter.devices.block.image.ImageGrowth;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.image.Preallocation;
import dev.platter.devices.block.meter.BlockMeter;
import dev.platter.devices.block.meter.HostFigures;
import dev.platter.devices.memory.BufferPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
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

  private final FileHandle file;
  private final ImageOptions options;
  private final BlockLocks blockLocks = new BlockLocks();

  /** What O_DIRECT asks for; tests make it stricter. */
  DirectAlignment alignment;

  private final List<LongConsumer> resizeListeners = new CopyOnWriteArrayList<>();
  private final BlockMeter meter = new BlockMeter();
  private final Identity identity;
  private final Stability stability;
  private final List<ImageOnLoop> loops = new CopyOnWriteArrayList<>();
  private final AtomicLong discardsRefused = new AtomicLong();
  private @Nullable ForeignFormat foreign; // written before anybody else has the image
  private final BlockListeners listeners = new BlockListeners();
  private volatile long sizeBytes;
  private final boolean blockDevice;
  private volatile boolean punchRefused;
  private volatile boolean zeroRangeRefused;

  /** Longest piece of one SQE; tests make it small to see transfers resumed. */
  int maxPieceBytes = 1 << 30;

  /** The file that requests go to; tests put another there, which fails them. */
  volatile int fd;

  /** Whether the kernel's ring can discard on block devices; true until it has refused. */
  volatile boolean discardsByRing = true;

  /** More flags for writes; tests have them fail that way. */
  int writeFlags;

  private RawImage(
      FileHandle file, ImageOptions options, DirectAlignment alignment, FileFacts facts) {
    this.file = file;
    this.options = options;
    this.alignment = alignment;
    this.sizeBytes = facts.sizeBytes();
    this.identity = Identity.of(facts);
    this.blockDevice = facts.type() == FileFacts.Type.BLOCK_DEVICE;
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
    return open(
        path,
        options,
        (writable, direct) ->
            options.lock()
                ? FileHandle.openLocked(path, writable, direct, place, timeout)
                : FileHandle.open(path, writable, direct));
  }

  /**
   * Looks whether an image can serve as a disk, and finds its users, without changing it.
   *
   * @throws PlatterException as {@link #open(String, ImageOptions, String, LockTimeout)} does, but
   *     not for its users
   */
  public static DiskExamination examine(
      String path, ImageOptions options, String place, LockTimeout timeout) {
    try (RawImage image =
        open(
            path,
            options,
            (writable, direct) ->
                options.lock()
                    ? FileHandle.openToLook(path, writable, direct)
                    : FileHandle.open(path, writable, direct))) {
      Optional<PlatterException> locked = Optional.empty();
      boolean waits = false;
      try {
        waits = options.lock() && image.file.examineLock(!options.readOnly(), place, timeout);
      } catch (PlatterException e) {
        locked = Optional.of(e);
      }
      return new DiskExamination(
          image.identity,
          locked,
          waits,
          image.file.isUsedByPlatter(),
          Optional.ofNullable(image.foreign));
    }
  }

  private interface Opener {
    FileHandle open(boolean writable, boolean direct);
  }

  private static RawImage open(String path, ImageOptions options, Opener opener) {
    // Look before opening for real: O_DIRECT on a directory or a device node misleads, and some
    // devices notice that they are opened. What is opened then is looked at again.
    try (FileHandle probe = FileHandle.locate(path, ImageCreator.IF_MISSING)) {
      checkType(path, probe.facts());
    }
    FileHandle file = opener.open(!options.readOnly(), options.cache() == CacheMode.NONE);
    try {
      FileFacts facts = file.facts();
      checkType(path, facts);
      DirectAlignment alignment = DirectAlignment.of(file, facts);
      RawImage image = new RawImage(file, options, alignment, facts);
      image.checkFormat(facts.sizeBytes());
      image.checkSize(facts.sizeBytes());
      return image;
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static void checkType(String path, FileFacts facts) {
    switch (facts.type()) {
      case REGULAR -> checkFilesystem(path, facts.filesystem());
      case BLOCK_DEVICE -> {}
      case DIRECTORY ->
          throw PlatterException.badInput(
              "cannot use " + path + " as an image: it is a directory", "Name an image file");
      case OTHER ->
          throw PlatterException.badInput(
              "cannot use "
                  + path
                  + " as an image: it is neither a regular file nor a block device",
              "Name an image file");
    }
  }

  /** Refuses files that look regular but show the kernel's memory or settings. */
  private static void checkFilesystem(String path, String filesystem) {
    if (filesystem.equals("proc") || filesystem.equals("sysfs")) {
      throw PlatterException.badInput(
          "cannot use " + path + " as an image: it is a file of " + filesystem,
          "Name an image file");
    }
  }

  private void checkFormat(long size) {
    ForeignFormat format =
        options.foreign() == ImageOptions.Foreign.TAKE ? null : ForeignFormat.of(file, size);
    if (format == null) {
      return;
    }
    boolean certain = format.isCertain(file.path(), size);
    boolean refused =
        options.foreign() == ImageOptions.Foreign.REFUSE && format.isRefused(file.path(), size);
    if (certain || refused) {
      throw PlatterException.badInput(
          "cannot use "
              + file.path()
              + " as an image: it is "
              + format
              + ", and disks are served from raw images",
          format.remedy(file.path())
              + (certain ? "" : "; or say format=raw if it is a raw disk that begins so"));
    }
    foreign = format;
  }

  /** The identity of an image, the same for all paths to it. */
  private record Identity(FileFacts.Type type, int major, int minor, long inode) {
    static Identity of(FileFacts facts) {
      // Block devices are told apart by their numbers: two nodes may lead to one.
      long inode = facts.type() == FileFacts.Type.BLOCK_DEVICE ? 0 : facts.inode();
      return new Identity(facts.type(), facts.deviceMajor(), facts.deviceMinor(), inode);
    }
  }

  /**
   * The {@link DiskDescription#identity} of the image at a path; follows links, and opens nothing.
   *
   * @throws PlatterException if there is none
   */
  public static Object identify(String path) {
    try (FileHandle probe = FileHandle.locate(path)) {
      return Identity.of(probe.facts());
    }
  }

  @Override
  public DiskDescription description() {
    return new DiskDescription(
        file.path(), options.cache(), identity, Optional.ofNullable(foreign));
  }

  private void checkSize(long size) {
    if (size == 0) {
      throw PlatterException.badInput(
          "cannot use " + file.path() + " as an image: it is empty",
          "Make one with: platter image create PATH --size 1G");
    }
    int unit = sizeUnitBytes();
    if (size % unit != 0) {
      throw PlatterException.badInput(
          "cannot use "
              + file.path()
              + " as an image: its size of "
              + size
              + " bytes is not a multiple of "
              + unit,
          unit == blockSizeBytes()
              ? "Grow it to a whole number of sectors: truncate -s %" + unit + " FILE"
              : "Grow it to whole blocks of the disk under it: truncate -s %"
                  + unit
                  + " FILE, or use the cache mode writeback");
    }
  }

  /** The unit of the size: whole sectors, and whole blocks of O_DIRECT. */
  private int sizeUnitBytes() {
    return Math.max(blockSizeBytes(), alignment.offsetBytes());
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
    return blockDevice ? FileChanges.NONE : changes.watch(fd);
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
    return blockDevice;
  }

  boolean discardsByRing() {
    return discardsByRing;
  }

  /**
   * Whether the kernel's ring has refused a discard that the block device can do: the error is the
   * same for both.
   */
  boolean ringLacksDiscard(int result) {
    KernelVersion kernel = KernelVersion.parse(System.getProperty("os.version", ""));
    boolean lacks =
        (result == -Errno.EOPNOTSUPP || result == -Errno.EINVAL)
            && (kernel == null || !kernel.atLeast(6, 12));
    if (lacks) {
      discardsByRing = false;
    }
    return lacks;
  }

  /** Discards a part of a block device; blocks. Returns 0 or {@code -errno}. */
  int discard(long offset, long length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment range = arena.allocate(ValueLayout.JAVA_LONG, 2);
      range.setAtIndex(ValueLayout.JAVA_LONG, 0, offset);
      range.setAtIndex(ValueLayout.JAVA_LONG, 1, length);
      return Libc.ioctl(fd, LinuxAbi.BLKDISCARD, range.address());
    }
  }

  /** Whether zeroes by deallocation are not worth another attempt. */
  boolean punchRefused() {
    return punchRefused;
  }

  void punchRefused(int result) {
    punchRefused = result == -Errno.EOPNOTSUPP;
  }

  boolean zeroRangeRefused() {
    return zeroRangeRefused;
  }

  void zeroRangeRefused(int result) {
    zeroRangeRefused = result == -Errno.EOPNOTSUPP;
  }

  void discardRefused(long offset, long length, int errno) {
    if (discardsRefused.getAndIncrement() == 0) {
      listeners.discardRefused(offset, length, errno);
    }
  }

  @Override
  public HostFigures hostFigures() {
    return new HostFigures(
        loops.stream().mapToLong(each -> each.slowRequests().now()).sum(),
        loops.stream().mapToLong(each -> each.slowRequests().ever()).sum(),
        discardsRefused.get(),
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
