package dev.platter.devices.driver;

import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.virtio.DeviceStatus;
import dev.platter.devices.virtio.VirtioFeatures;
import dev.platter.devices.virtio.Vring;
import dev.platter.devices.virtio.blk.BlkAbi;
import dev.platter.devices.virtio.mmio.MmioRegisters;

/**
 * A guest's virtio-blk driver over virtio-mmio: what Linux's virtio_mmio and virtio_blk do, on one
 * vCPU. A request is a header, its data and a status, in an indirect table if that was negotiated,
 * else in a chain; {@link #submit} makes it available at once and {@link #kick} rings if the device
 * wants it.
 */
public final class VirtioMmioBlkDriver implements DiskDriver {
  private static final int MAX_TRANSFER_BYTES = 1 << 20;
  private static final int UNSET_STATUS = 0xff;
  private static final int NOT_SEGMENTS = 2; // the header and the status

  /**
   * How to drive the disk.
   *
   * @param queues how many queues to use, if the disk has as many
   * @param queueSize how large to make them, if the disk allows
   * @param features which features to accept of those that are offered; VERSION_1 always is
   * @param segmentBytes longest data descriptor; as pages of a bio would be 4096
   */
  public record Options(int queues, int queueSize, long features, int segmentBytes) {
    /** One split queue of 256, every other feature, data in one piece. */
    public static final Options DEFAULT =
        new Options(1, 256, ~VirtioFeatures.RING_PACKED, MAX_TRANSFER_BYTES);

    /** The same with other queues. */
    public Options withQueues(int queues, int queueSize) {
      return new Options(queues, queueSize, features, segmentBytes);
    }

    /** The same without some features. */
    public Options without(long unwanted) {
      return new Options(queues, queueSize, features & ~unwanted, segmentBytes);
    }

    /** The same with packed queues, if the disk has them. */
    public Options packed() {
      long more = features | VirtioFeatures.RING_PACKED;
      return new Options(queues, queueSize, more, segmentBytes);
    }

    /** The same with data cut into pieces. */
    public Options withSegmentBytes(int segmentBytes) {
      return new Options(queues, queueSize, features, segmentBytes);
    }
  }

  private static final long KNOWN_FEATURES =
      VirtioFeatures.SPLIT_AND_PACKED
          | BlkAbi.F_SEG_MAX
          | BlkAbi.F_RO
          | BlkAbi.F_BLK_SIZE
          | BlkAbi.F_FLUSH
          | BlkAbi.F_TOPOLOGY
          | BlkAbi.F_CONFIG_WCE
          | BlkAbi.F_MQ
          | BlkAbi.F_DISCARD
          | BlkAbi.F_WRITE_ZEROES;

  // A tag's own memory: header, segment, status, then the indirect table.
  private static final int SEGMENT = BlkAbi.HEADER_BYTES;
  private static final int STATUS = SEGMENT + BlkAbi.SEGMENT_BYTES;
  private static final int TABLE = 48;

  private final GuestMemory memory;
  private final VirtioMmioBus bus;
  private final GuestAllocator allocator;
  private final Options options;
  private final DriverQueue[] queues;
  private final int[][] tagOf;
  private final int[] slotOf;
  private final long features;
  private final boolean indirect;
  private final int maxSegments;
  private final int depthPerQueue;
  private final int tagBytes;
  private final long tagMemory;
  private final int blockSizeBytes;
  private long capacityBytes;
  private int configChanges;

  /**
   * Brings the disk up.
   *
   * @param base guest physical address of the registers
   * @param allocator RAM for queues and requests
   * @throws IllegalStateException if there is no disk, or it does not want to be driven
   */
  public VirtioMmioBlkDriver(GuestCpu cpu, long base, GuestAllocator allocator, Options options) {
    this.memory = cpu.memory();
    this.bus = new VirtioMmioBus(cpu, base);
    this.allocator = allocator;
    this.options = options;
    if (!bus.isDevice(BlkAbi.DEVICE_ID)) {
      throw new IllegalStateException("no virtio disk at 0x" + Long.toHexString(base));
    }
    bus.reset();
    features =
        bus.offeredFeatures() & (options.features() | VirtioFeatures.VERSION_1) & KNOWN_FEATURES;
    if (!bus.negotiate(features)) {
      throw new IllegalStateException("features refused: 0x" + Long.toHexString(features));
    }
    indirect = has(VirtioFeatures.INDIRECT_DESC);
    blockSizeBytes =
        has(BlkAbi.F_BLK_SIZE) ? bus.config32(BlkAbi.CFG_BLK_SIZE) : BlkAbi.SECTOR_BYTES;
    readCapacity();
    queues = setUpQueues();
    int size = queues[0].size();
    maxSegments = maxSegments(size);
    depthPerQueue = indirect ? size : size / (NOT_SEGMENTS + maxSegments);
    int depth = queues.length * depthPerQueue;
    tagOf = new int[queues.length][size];
    slotOf = new int[depth];
    tagBytes = TABLE + (indirect ? (NOT_SEGMENTS + maxSegments) * Vring.DESC_SIZE : 0);
    tagMemory = allocator.allocate((long) depth * tagBytes, Vring.DESC_ALIGN);
    bus.addStatus(DeviceStatus.DRIVER_OK);
  }

  /** Whether a feature was negotiated. */
  public boolean has(long feature) {
    return (features & feature) != 0;
  }

  private void readCapacity() {
    capacityBytes = bus.config64(BlkAbi.CFG_CAPACITY) * BlkAbi.SECTOR_BYTES;
  }

  private DriverQueue[] setUpQueues() {
    // num_queues shares a word with writeback and a byte of padding.
    int offered = has(BlkAbi.F_MQ) ? bus.config32(BlkAbi.CFG_WRITEBACK) >>> 16 : 1;
    DriverQueue[] all = new DriverQueue[Math.min(options.queues(), offered)];
    for (int i = 0; i < all.length; i++) {
      int size = Math.min(options.queueSize(), bus.maxQueueSize(i));
      boolean eventIdx = has(VirtioFeatures.EVENT_IDX);
      all[i] =
          has(VirtioFeatures.RING_PACKED)
              ? new PackedDriverQueue(memory, allocator, size, eventIdx)
              : new SplitDriverQueue(memory, allocator, size, eventIdx);
      bus.setUpQueue(i, all[i]);
    }
    return all;
  }

  private int maxSegments(int queueSize) {
    int wanted = Math.ceilDiv(MAX_TRANSFER_BYTES, options.segmentBytes());
    int segMax = has(BlkAbi.F_SEG_MAX) ? bus.config32(BlkAbi.CFG_SEG_MAX) : 1;
    // Without tables leave room for a few requests in the ring.
    int fitting = indirect ? segMax : Math.max(1, queueSize / 4 - NOT_SEGMENTS);
    return Math.min(wanted, Math.min(segMax, fitting));
  }

  /** The registers. */
  public VirtioMmioBus bus() {
    return bus;
  }

  /** A queue. */
  public DriverQueue driverQueue(int index) {
    return queues[index];
  }

  /**
   * A split queue.
   *
   * @throws ClassCastException if the queues are packed
   */
  public SplitDriverQueue queue(int index) {
    return (SplitDriverQueue) queues[index];
  }

  /** The queue that a tag's requests go to. */
  public int queueOf(int tag) {
    return tag % queues.length;
  }

  /** How often the device has announced a configuration change. */
  public int configChanges() {
    return configChanges;
  }

  @Override
  public int unitOf(int tag) {
    return queueOf(tag);
  }

  @Override
  public int slotOf(int tag) {
    return slotOf[tag];
  }

  @Override
  public int queueDepth() {
    return queues.length * depthPerQueue;
  }

  @Override
  public long capacityBytes() {
    return capacityBytes;
  }

  @Override
  public int blockSizeBytes() {
    return blockSizeBytes;
  }

  @Override
  public int maxTransferBytes() {
    long longest = (long) maxSegments * options.segmentBytes();
    return (int) Math.min(MAX_TRANSFER_BYTES, longest) / blockSizeBytes * blockSizeBytes;
  }

  // ---- requests ------------------------------------------------------------------------------

  @Override
  public void submit(int tag, Operation operation, long offsetBytes, long buffer, int length) {
    long sector = offsetBytes / BlkAbi.SECTOR_BYTES;
    switch (operation) {
      case READ -> submitRaw(tag, BlkAbi.T_IN, sector, buffer, length, true);
      case WRITE -> submitRaw(tag, BlkAbi.T_OUT, sector, buffer, length, false);
      case FLUSH -> submitRaw(tag, BlkAbi.T_FLUSH, 0, 0, 0, false);
      case DISCARD -> submitSegment(tag, BlkAbi.T_DISCARD, sector, length, 0);
      case WRITE_ZEROES ->
          submitSegment(tag, BlkAbi.T_WRITE_ZEROES, sector, length, BlkAbi.SEGMENT_F_UNMAP);
    }
  }

  private void submitSegment(int tag, int type, long sector, int length, int flags) {
    long segment = memoryOf(tag) + SEGMENT;
    memory.writeLong(segment, sector);
    memory.writeInt(segment + BlkAbi.SEGMENT_NUM_SECTORS, length / BlkAbi.SECTOR_BYTES);
    memory.writeInt(segment + BlkAbi.SEGMENT_FLAGS, flags);
    submitRaw(tag, type, 0, segment, BlkAbi.SEGMENT_BYTES, false);
  }

  /**
   * Submits a request of any type.
   *
   * @param type a request type, known or not
   * @param buffer guest physical address of the data
   * @param deviceWrites whether the data is for the device to write
   */
  public void submitRaw(
      int tag, int type, long sector, long buffer, int lengthBytes, boolean deviceWrites) {
    long mine = memoryOf(tag);
    memory.writeInt(mine + BlkAbi.HEADER_TYPE, type);
    memory.writeInt(mine + 4, 0);
    memory.writeLong(mine + BlkAbi.HEADER_SECTOR, sector);
    memory.writeByte(mine + STATUS, UNSET_STATUS);
    DriverQueue queue = queues[queueOf(tag)];
    queue.add(mine, BlkAbi.HEADER_BYTES, false);
    for (int done = 0; done < lengthBytes; done += options.segmentBytes()) {
      int part = Math.min(options.segmentBytes(), lengthBytes - done);
      queue.add(buffer + done, part, deviceWrites);
    }
    queue.add(mine + STATUS, 1, true);
    int id = indirect ? queue.offerIndirect(mine + TABLE) : queue.offer();
    if (id == DriverQueue.NONE) {
      throw new IllegalStateException("no descriptor left for tag " + tag);
    }
    tagOf[queueOf(tag)][id] = tag;
    slotOf[tag] = id;
  }

  private long memoryOf(int tag) {
    return tagMemory + (long) tag * tagBytes;
  }

  @Override
  public void kick() {
    for (int i = 0; i < queues.length; i++) {
      if (queues[i].kickNeeded()) {
        bus.kick(i);
      }
    }
  }

  // ---- completions ---------------------------------------------------------------------------

  @Override
  public int interrupt(CompletionSink sink) {
    int status = bus.acknowledgeInterrupt();
    if ((status & MmioRegisters.INT_CONFIG) != 0) {
      configChanges++;
      readCapacity();
    }
    int reported = 0;
    for (int i = 0; i < queues.length; i++) {
      reported += drain(i, sink);
    }
    return reported;
  }

  private int drain(int index, CompletionSink sink) {
    DriverQueue queue = queues[index];
    int reported = 0;
    do {
      queue.disableInterrupts();
      int id;
      while ((id = queue.take()) >= 0) {
        int tag = tagOf[index][id];
        reported++;
        sink.done(tag, memory.readByte(memoryOf(tag) + STATUS));
      }
    } while (queue.enableInterrupts());
    return reported;
  }
}
