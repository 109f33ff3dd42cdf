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
 * The contract of disks: a disk of blocks that can be read, written, flushed, discarded and zeroed.
 * Devices, servers and workloads know a disk by this interface alone, so every implementation works
 * behind all of them.
 *
 * <h2>Architecture</h2>
 *
 * <p>A device owns {@link BlockRequest} slots, fills one and submits it here. A backend carries the
 * request out: {@link dev.platter.devices.block.raw.RawImage} through a loop's ring, {@link
 * dev.platter.devices.block.memory.MemoryDisk} in memory. A {@link BlockLayer} stands over another
 * backend, changes some requests or facts and forwards the rest. A disk offers what goes beyond
 * this interface as an object, such as {@link #resizable}, which layers forward too, so that no
 * caller looks through a layer with {@code instanceof}.
 *
 * <h2>I/O model</h2>
 *
 * <ul>
 *   <li>Offsets and lengths are bytes, multiples of {@link #blockSizeBytes}. The memory of a read
 *       or write is its {@link BlockRequest#vector}: host addresses of any alignment, which belong
 *       to the backend from {@link #submit} until the completion, and not longer.
 *   <li>The backend takes a request with {@link BlockRequest#begin} and gives it back with {@link
 *       BlockRequest#finish}, once, on the context that it was submitted on. It may finish a
 *       request inside {@code submit} in exceptional cases, such as a refusal: a device may answer
 *       a completion with its next request. A backend that can always complete at once completes by
 *       a {@link dev.platter.aio.loop.BottomHalf} of the context.
 *   <li>Requests in flight have no order, and parts of two that overlap may mix. A flush makes
 *       stable what had completed when it was submitted. A write with {@link
 *       BlockRequest#forceUnitAccess} is stable itself when it completes. Where {@link #writeCache}
 *       is false, everything is stable when it completes.
 *   <li>A discard is advice: the range may keep its contents, read as zeroes, or mix both, and the
 *       request succeeds. Zeroes are written in any case; they give space back at most if {@link
 *       BlockRequest#mayUnmap} is set.
 *   <li>In steady state a request allocates nothing: a backend keeps its state for a slot in {@link
 *       BlockRequest#setBackendState}.
 * </ul>
 *
 * <h2>Error model</h2>
 *
 * <p>{@link #submit} never throws for a guest's mistake; a request completes with 0 or {@code
 * -errno}. {@link #refusal} has the checks that all backends share: {@code -EINVAL} for a request
 * that does not fit the disk, {@code -EROFS} for a change of a read-only disk. A backend resumes
 * short transfers itself. Devices report one error to their guest for all but {@code -ENOSPC} and
 * the like; {@link BlockError} has the kinds that are counted. Once a flush has failed, writes that
 * had completed before may be lost, and every later flush fails (ADR 021).
 *
 * <h2>Threads</h2>
 *
 * <p>{@link #submit} and {@link #cutShort} run on a thread that has a context, {@link
 * AioContext#current}: that of an IOThread, or of a main loop whose big lock the thread holds.
 * Several contexts may submit to one backend at a time, so state that they share needs
 * synchronization; state of one slot or one context needs none. Facts and counts may be asked for
 * on any thread.
 *
 * <h2>Draining and the end</h2>
 *
 * <p>Devices count their requests, and wait until all have completed before a loop is suspended or
 * memory is unmapped: a backend completes its requests, and draining needs nothing else from it.
 * Its own background work, and work that it interrupts meanwhile, belongs to a {@link
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
   * The unit in which the host reads and writes, in bytes; a multiple of {@link #blockSizeBytes}.
   * Smaller writes work, and cost a read. Never changes.
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
   * Registers a listener for new sizes; a disk whose size never changes ignores it.
   *
   * @param listener runs on the main loop with the new size in bytes, after {@link #sizeBytes} has
   *     changed
   */
  default void addResizeListener(LongConsumer listener) {}

  /** Removes a listener that was registered, the same object; does nothing if it was not. */
  default void removeResizeListener(LongConsumer listener) {}

  /** The control of a size that can change; empty for a fixed size. */
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
   * Checks a request as all disks do: it lies on the disk in whole blocks, and a read-only disk is
   * not changed. Allocates nothing.
   *
   * @return 0, or {@code -EINVAL} or {@code -EROFS}
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
   * Asks for the early end of a request that its owner no longer wants to wait for; the request is
   * still completed, once. An unfinished discard ends with 0, a write of zeroes with {@code
   * -ECANCELED}, each before its next part; other requests go on. May complete the request before
   * it returns. On the context that the request was submitted on.
   */
  default void cutShort(BlockRequest request) {}

  /**
   * Makes all completed writes stable, on the calling thread, which waits for it. For callers
   * without a loop; also while loops are suspended. Any thread.
   *
   * @return 0 or {@code -errno}; once a flush of any kind has failed, never 0 again
   */
  int sync();

  // ---- what is told of the disk --------------------------------------------------------------

  /** The disk as messages and reports describe it. */
  default DiskDescription description() {
    return DiskDescription.of(getClass().getSimpleName(), this);
  }

  /**
   * The meter of requests: the backend counts when it begins and finishes one ({@link LoopMeter}).
   * A backend that counts nothing returns a meter that stays empty, and a server's metrics show
   * zeroes. Always the same object. Any thread.
   */
  BlockMeter meter();

  /** The host's own figures of the disk. Any thread, without waiting. */
  default HostFigures hostFigures() {
    return HostFigures.NONE;
  }

  /** Adds a listener for errors of the disk. Any thread. */
  default void addListener(BlockListener listener) {}

  /** Removes a listener that was added, the same object; does nothing if it was not. Any thread. */
  default void removeListener(BlockListener listener) {}

  /** Releases the disk; nothing is in flight. Idempotent. */
  @Override
  void close();
}
