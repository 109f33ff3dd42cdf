package dev.platter.devices.virtio.blk;

import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.loop.AioContext;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.RequestTracing;
import dev.platter.devices.virtio.VirtQueue;
import dev.platter.devices.virtio.VirtioDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A virtio disk (section 5.2). Does not own the backend.
 *
 * <p>Request model: a queue's loop pops a chain, copies and checks its header, and submits a slot
 * to the backend; completions come back on the same loop, in any order. Error model: what is wrong
 * with one request (a range off the disk, a buffer outside RAM, a failed transfer) is its status; a
 * chain that has no header or no place for a status breaks its queue.
 *
 * <p>SIZE_MAX is not offered: nothing limits a segment, and a size_max of 0 keeps Windows from
 * booting.
 */
public final class VirtioBlk implements VirtioDevice {
  /**
   * What the disk looks like.
   *
   * @param queues number of request queues, at least 1
   * @param queueSize largest queue size, a power of two
   * @param id the disk's name, ASCII; 20 bytes are kept
   */
  public record Options(int queues, int queueSize, String id) {
    /** One queue of 256. */
    public static final Options DEFAULT = new Options(1, 256, "platter");

    // A slot with its vector, the backend's state for it, and a chain of the ring.
    private static final int SLOT_HEAP_BYTES = 640;

    /** How much of the Java heap the disk takes at most, whatever its guest does, in bytes. */
    public long heapBytes() {
      return (long) queues * queueSize * SLOT_HEAP_BYTES;
    }

    /**
     * How much native memory the disk takes at most, whatever its guest does, in bytes; but for
     * what the backend needs. Taken when a queue is started, given back when it is stopped.
     */
    public long nativeBytes() {
      return queues * SlotEntries.bytes(queueSize);
    }

    /** Checks the sizes. */
    public Options {
      if (queues < 1 || queueSize < 2 || Integer.bitCount(queueSize) != 1 || queueSize > 32768) {
        throw new IllegalArgumentException(queues + " queues of " + queueSize);
      }
    }
  }

  private final BlockBackend backend;
  private final Options options;
  private final BlkConfig config;
  private final MemorySegment idBytes = Arena.ofAuto().allocate(BlkAbi.ID_BYTES);
  private final BlkQueue[] queues;
  private final LongConsumer resized = this::resized;
  private Runnable configListener = () -> {};
  // Read by the loops, written under the big lock.
  private volatile long features;
  private volatile boolean writeback;
  private boolean closed;

  /**
   * Creates a disk; queue {@code i} runs on {@code contexts[i % contexts.size()]}.
   *
   * @param backend the contents; must outlive the device
   * @param contexts loops for the queues, at least one; the device must be closed before they are
   */
  public VirtioBlk(BlockBackend backend, Options options, List<AioContext> contexts) {
    this.backend = backend;
    this.options = options;
    config = new BlkConfig(backend, options.queues(), options.queueSize());
    byte[] id = options.id().getBytes(StandardCharsets.US_ASCII);
    MemorySegment.copy(
        id, 0, idBytes, ValueLayout.JAVA_BYTE, 0, Math.min(id.length, BlkAbi.ID_BYTES));
    queues = new BlkQueue[options.queues()];
    for (int i = 0; i < queues.length; i++) {
      queues[i] = new BlkQueue(this, contexts.get(i % contexts.size()));
    }
    reset();
    backend.addResizeListener(resized);
  }

  private void resized(long newSizeBytes) {
    config.setCapacity(newSizeBytes);
    configListener.run();
  }

  /** Has all requests stamped from now on; called before a queue is started. */
  public void trace(RequestTracing tracing) {
    for (int i = 0; i < queues.length; i++) {
      queues[i].trace(tracing, i);
    }
  }

  BlkQueue queue(int index) {
    return queues[index];
  }

  BlockBackend backend() {
    return backend;
  }

  MemorySegment idBytes() {
    return idBytes;
  }

  boolean negotiated(long feature) {
    return (features & feature) != 0;
  }

  /** Whether a write must be stable before it completes (5.2.6.2, cases 1 and 2). */
  boolean writesThrough() {
    boolean cached = negotiated(BlkAbi.F_CONFIG_WCE) ? writeback : negotiated(BlkAbi.F_FLUSH);
    return !cached && backend.writeCache();
  }

  // ---- VirtioDevice --------------------------------------------------------------------------

  @Override
  public int deviceId() {
    return BlkAbi.DEVICE_ID;
  }

  @Override
  public long features() {
    long offered =
        BlkAbi.F_SEG_MAX
            | BlkAbi.F_BLK_SIZE
            | BlkAbi.F_TOPOLOGY
            | BlkAbi.F_FLUSH
            | BlkAbi.F_CONFIG_WCE;
    offered |= backend.readOnly() ? BlkAbi.F_RO : BlkAbi.F_DISCARD | BlkAbi.F_WRITE_ZEROES;
    return queues.length > 1 ? offered | BlkAbi.F_MQ : offered;
  }

  @Override
  public int queueCount() {
    return queues.length;
  }

  @Override
  public int maxQueueSize() {
    return options.queueSize();
  }

  @Override
  public long readConfig(long offset, int sizeBytes) {
    return config.read(offset, sizeBytes);
  }

  @Override
  public void writeConfig(long offset, int sizeBytes, long value) {
    if (isCacheMode(offset, sizeBytes)) {
      boolean on = (value & 1) != 0;
      if (on || !writeback) {
        setWriteback(on);
      } else {
        endWriteback();
      }
    }
  }

  @Override
  public void restoreConfig(long offset, int sizeBytes, long value) {
    if (isCacheMode(offset, sizeBytes)) {
      setWriteback((value & 1) != 0);
    }
  }

  private boolean isCacheMode(long offset, int sizeBytes) {
    return offset == BlkAbi.CFG_WRITEBACK && sizeBytes == 1 && negotiated(BlkAbi.F_CONFIG_WCE);
  }

  /**
   * From here on the guest sends no flushes, also none for what it has written before: that is made
   * stable first. What is in flight meanwhile makes itself stable before it completes ({@link
   * BlkRequest#prepareNext}).
   */
  private void endWriteback() {
    writeback = false;
    if (backend.sync() == 0) {
      config.setWriteback(false);
    } else {
      writeback = true;
    }
  }

  private void setWriteback(boolean on) {
    writeback = on;
    config.setWriteback(on);
  }

  @Override
  public void onConfigChange(Runnable listener) {
    configListener = listener;
  }

  @Override
  public void activate(long negotiated) {
    features = negotiated;
    // Without FLUSH the cache must start as writethrough (5.2.5.2).
    setWriteback(backend.writeCache() && (negotiated & BlkAbi.F_FLUSH) != 0);
  }

  @Override
  public void startQueue(int index, VirtQueue queue, @Nullable EventNotifier doorbell) {
    queues[index].start(queue, doorbell);
  }

  @Override
  public void stopQueue(int index) {
    queues[index].stop();
  }

  @Override
  public void reset() {
    features = 0;
    setWriteback(backend.writeCache());
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      backend.removeResizeListener(resized);
      configListener = () -> {};
      for (BlkQueue queue : queues) {
        queue.close();
      }
    }
  }
}
