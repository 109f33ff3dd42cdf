package dev.platter.devices.block.store;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.BlockListener;
import dev.platter.devices.block.BlockListeners;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.DiskDescription;
import dev.platter.devices.block.meter.BlockError;
import dev.platter.devices.block.meter.BlockMeter;
import dev.platter.devices.block.meter.HostFigures;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A disk that a program keeps in an {@link AsyncStore}: checks and counts requests, and brings each
 * answer back to the loop that it belongs to. May be shared by several contexts. Closing it does
 * nothing: the store is the program's.
 */
public final class StoreDisk implements BlockBackend {
  private final String name;
  private final AsyncStore store;
  private final long sizeBytes;
  private final int blockSizeBytes;
  private final boolean readOnly;
  private final boolean writeCache;
  private final BlockMeter meter = new BlockMeter();
  private final BlockListeners listeners = new BlockListeners();
  private final AtomicInteger lost = new AtomicInteger();
  private final AtomicLong discardsRefused = new AtomicLong();

  /**
   * Makes a disk of a store.
   *
   * @param name its name in messages
   * @param store its size and properties are asked for here, and not again
   * @throws PlatterException of kind BAD_INPUT if its blocks have neither 512 nor 4096 bytes, or if
   *     its size is 0 or no whole number of them
   */
  public StoreDisk(String name, AsyncStore store) {
    this.name = name;
    this.store = store;
    sizeBytes = store.sizeBytes();
    blockSizeBytes = store.blockSizeBytes();
    readOnly = store.readOnly();
    writeCache = store.writeCache() && !readOnly;
    if (blockSizeBytes != 512 && blockSizeBytes != 4096) {
      throw PlatterException.badInput(
          "cannot use " + name + " as a disk: its blocks have " + blockSizeBytes + " bytes",
          "Give it blocks of 512 or 4096 bytes");
    }
    if (sizeBytes <= 0 || sizeBytes % blockSizeBytes != 0) {
      throw PlatterException.badInput(
          "cannot use "
              + name
              + " as a disk: its size of "
              + sizeBytes
              + " bytes is not a multiple of "
              + blockSizeBytes
              + ", or is 0",
          "Give it whole blocks");
    }
  }

  AsyncStore store() {
    return store;
  }

  BlockListener listener() {
    return listeners;
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public int blockSizeBytes() {
    return blockSizeBytes;
  }

  @Override
  public boolean readOnly() {
    return readOnly;
  }

  @Override
  public boolean writeCache() {
    return writeCache;
  }

  @Override
  public void submit(BlockRequest request) {
    AioContext context = AioContext.current();
    request.begin();
    StoreTransfer transfer = (StoreTransfer) request.backendState();
    if (transfer == null) {
      transfer = new StoreTransfer(this, request);
      request.setBackendState(transfer);
    }
    transfer.start(context);
  }

  @Override
  public void cutShort(BlockRequest request) {
    if (request.backendState() instanceof StoreTransfer transfer) {
      transfer.cutShort();
    }
  }

  @Override
  public int sync() {
    int result = lost();
    if (result == 0) {
      CompletableFuture<Integer> done = new CompletableFuture<>();
      try {
        store.flush(done::complete);
      } catch (RuntimeException | Error e) {
        done.complete(-Errno.EIO); // does nothing if it was completed before
      }
      result = stabilized(Math.min(done.join(), 0), false);
    }
    return result;
  }

  /**
   * Takes the result of a flush or a stable write: after a loss, all others fail.
   *
   * @param result 0 or {@code -errno}
   * @param write whether it was a write
   * @return the result to report: the first loss, or its own result if nothing is lost
   */
  int stabilized(int result, boolean write) {
    boolean loses = result < 0 && BlockError.isLoss(result, write, false);
    if (loses && lost.compareAndSet(0, result)) {
      listeners.flushFailed(-result);
    }
    int first = lost();
    return first == 0 ? result : first;
  }

  /** The first loss, after which no flush succeeds, as {@code -errno}; 0 if there is none. */
  int lost() {
    return lost.get();
  }

  void discardRefused(long offset, long length, int errno) {
    if (discardsRefused.getAndIncrement() == 0) {
      listeners.discardRefused(offset, length, errno);
    }
  }

  @Override
  public HostFigures hostFigures() {
    return new HostFigures(0, 0, discardsRefused.get(), 0, lost() != 0);
  }

  @Override
  public DiskDescription description() {
    return DiskDescription.of(name, store);
  }

  @Override
  public BlockMeter meter() {
    return meter;
  }

  @Override
  public void addListener(BlockListener listener) {
    listeners.add(listener);
  }

  @Override
  public void removeListener(BlockListener listener) {
    listeners.remove(listener);
  }

  @Override
  public void close() {}
}
