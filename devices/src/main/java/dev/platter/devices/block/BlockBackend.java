package dev.platter.devices.block;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.meter.BlockError;
import dev.platter.devices.block.meter.BlockMeter;
import dev.platter.devices.block.meter.HostFigures;
import dev.platter.devices.block.meter.LoopMeter;
import dev.platter.devices.block.meter.Operation;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * The front door of storage: a disk of blocks that can be read, written, flushed, discarded and
 * zeroed. Devices, servers and workloads know a disk by this interface alone; whoever implements it
 * can be put behind each of them.
 *
 * <h2>Architecture</h2>
 *
 * <p>A device owns {@link BlockRequest} slots, fills one and submits it here. A backend carries the
 * request out: {@link dev.platter.devices.block.raw.RawImage} through a loop's ring, {@link
 * dev.platter.devices.block.memory.MemoryDisk} in memory. A {@link BlockLayer} stands over another
 * backend, changes some of what passes and forwards the rest. What a disk can do beyond this
 * interface it offers as an object of its own, such as {@link #resizable}; a layer forwards these
 * as well, so that nobody has to look through it with {@code instanceof}.
 *
 * <h2>I/O model</h2>
 *
 * <ul>
 *   <li>Offsets and lengths are bytes, multiples of {@link #blockSizeBytes}. The memory of a read
 *       or write is its {@link BlockRequest#vector}: host addresses of any alignment, which belong
 *       to the backend from {@link #submit} until the completion, and not a moment longer.
 *   <li>The backend takes a request with {@link BlockRequest#begin} and gives it back with {@link
 *       BlockRequest#finish}, once, on the context that it was submitted on. It may do so before
 *       {@code submit} returns where that is the exception, as for a request that it refuses: a
 *       device may answer a completion with its next request. What could always complete at once is
 *       completed by a {@link dev.platter.aio.loop.BottomHalf} of the context.
 *   <li>Requests in flight have no order, and parts of two that overlap may mix. A flush makes
 *       stable what had completed when it was submitted. A write with {@link
 *       BlockRequest#forceUnitAccess} is stable itself when it completes. Where {@link #writeCache}
 *       is false, everything is stable when it completes.
 *   <li>A discard is advice: the range may keep its contents, read as zeroes, or mix both, and the
 *       request succeeds. Zeroes are written in any case; they give space back at most if {@link
 *       BlockRequest#mayUnmap} is set.
 *   <li>In steady state a request allocates nothing: a backend keeps what it needs for a slot in
 *       {@link BlockRequest#setBackendState}.
 * </ul>
 *
 * <h2>Error model</h2>
 *
 * <p>{@link #submit} never throws for what a guest may cause; a request completes with 0 or {@code
 * -errno}. {@link #refusal} has the checks that all backends share: {@code -EINVAL} for what does
 * not fit the disk, {@code -EROFS} for a change of a read-only disk. A backend resumes short
 * transfers itself. Devices tell their guest one error for all but {@code -ENOSPC} and the like;
 * {@link BlockError} has the kinds that are counted. Once a flush has failed, what had completed
 * before may be lost, and every later flush fails (ADR 021).
 *
 * <h2>Threads</h2>
 *
 * <p>{@link #submit} and {@link #cutShort} run on a thread that has a context, {@link
 * AioContext#current}: that of an IOThread, or of a main loop whose big lock the thread holds.
 * Several contexts may submit to one backend at a time, so that what they share needs care; what
 * belongs to one slot or one context needs none. Facts and counts may be asked for on any thread.
 *
 * <h2>Draining and the end</h2>
 *
 * <p>Devices count their requests, and wait until all have completed before a loop is suspended or
 * memory is unmapped: a backend completes what it has, and needs nothing else to be drained. Work
 * that it does for itself, or wants to interrupt meanwhile, belongs to a {@link
 * dev.platter.aio.loop.LoopClient}. {@link #close} comes last, when the devices in front of the
 * disk are closed, and possibly after their loops.
 */
public interface BlockBackend extends AutoCloseable {
  // ---- the shape of the disk -----------------------------------------------------------------

  /**
   * The disk's size in bytes as guests see it now, a multiple of {@link #blockSizeBytes}. Any
   * thread.
   */
  long sizeBytes();

  /**
   * The unit in bytes that offsets and lengths are multiples of, a power of two from 512. Devices
   * present it as the logical block size. Never changes.
   */
  int blockSizeBytes();

  /**
   * What the host reads and writes as one, in bytes; a multiple of {@link #blockSizeBytes}. Smaller
   * writes are done, too, and cost a read. Never changes.
   */
  default int physicalBlockSizeBytes() {
    return blockSizeBytes();
  }

  /** Whether writes, discards and zeroes are refused. */
  boolean readOnly();

  /**
   * Whether completed writes may still be in a volatile cache until a flush. Devices tell their
   * guest, so that it sends flushes.
   */
  boolean writeCache();

  /**
   * Registers a listener that is told of a new size; a disk whose size never changes ignores it.
   *
   * @param listener runs on the main loop with the new size in bytes, when {@link #sizeBytes} has
   *     it already
   */
  default void addResizeListener(LongConsumer listener) {}

  /** Removes a listener that was registered, the same object; does nothing if it was not. */
  default void removeResizeListener(LongConsumer listener) {}

  /** What follows the size of a disk that can change, and changes it; empty for a fixed size. */
  default Optional<Resizable> resizable() {
    return Optional.empty();
  }

  // ---- requests ------------------------------------------------------------------------------

  /**
   * Starts a request on the current context; see the I/O model above.
   *
   * @param request a prepared slot that is not in flight; its memory stays valid until completion
   */
  void submit(BlockRequest request);

  /**
   * Why a request cannot be done on this disk, whoever implements it: outside of the disk or not in
   * whole blocks, or a change of a disk that is read-only. Allocates nothing.
   *
   * @return 0 if it can, else {@code -EINVAL} or {@code -EROFS}
   */
  default int refusal(BlockRequest request) {
    Operation operation = request.operation();
    if (operation == Operation.FLUSH) {
      return 0;
    }
    if (operation != Operation.READ && readOnly()) {
      return -Errno.EROFS;
    }
    long offset = request.offsetBytes();
    long length = request.lengthBytes();
    long size = sizeBytes();
    boolean inside = offset >= 0 && length > 0 && length <= size && offset <= size - length;
    return inside && ((offset | length) & (blockSizeBytes() - 1)) == 0 ? 0 : -Errno.EINVAL;
  }

  /**
   * Asks for a request back that its owner no longer wants to wait for; it is still completed,
   * once. A discard that is not done yet ends with 0, a write of zeroes with {@code -ECANCELED},
   * each before its next part; other requests go on. May complete it before returning. On the
   * context that the request was submitted on.
   */
  default void cutShort(BlockRequest request) {}

  /**
   * Makes all completed writes stable, on the calling thread, which waits for it. For a caller that
   * runs no loop and has to know it before it goes on; also while loops are suspended. Any thread.
   *
   * @return 0 or {@code -errno}; once a flush of any kind has failed, never 0 again
   */
  int sync();

  // ---- what is told of the disk --------------------------------------------------------------

  /** What messages and reports say of the disk. Any thread. */
  default DiskDescription description() {
    return DiskDescription.of(getClass().getSimpleName(), this);
  }

  /**
   * Where requests are counted: by the backend, when it begins and finishes them ({@link
   * LoopMeter}). One that counts nothing returns a meter that stays empty, and a server's metrics
   * show zeroes. Always the same object. Any thread.
   */
  BlockMeter meter();

  /** What the host below has done to the disk so far. Any thread, without waiting. */
  default HostFigures hostFigures() {
    return HostFigures.NONE;
  }

  /** Has a listener told of what goes wrong from now on, beside others. Any thread. */
  default void addListener(BlockListener listener) {}

  /** Removes a listener that was added, the same object; does nothing if it was not. Any thread. */
  default void removeListener(BlockListener listener) {}

  /** Releases the disk; nothing is in flight. Idempotent. */
  @Override
  void close();
}
