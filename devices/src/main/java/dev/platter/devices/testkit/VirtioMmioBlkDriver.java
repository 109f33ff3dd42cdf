package dev.platter.devices.testkit;

import dev.platter.devices.block.BlockRequest.Operation;
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
    /** One queue of 256, every feature, data in one piece. */
    public static final Options DEFAULT = new Options(1, 256, -1L, MAX_TRANSFER_BYTES);

    /** The same with other queues. */
    public Options withQueues(int queues, int queueSize) {
      return new Options(queues, queueSize, features, segmentBytes);
    }

    /** The same without some features. */
    public Options without(long unwanted) {
      return new Options(queues, queueSize, features & ~unwanted, segmentBytes);
    }

    /** The same with data cut into pieces. */
    public Options withSegmentBytes(int segmentBytes) {
      return new Options(queues, queueSize, features, segmentBytes);
    }
  }

  private static final long KNOWN_FEATURES =
      VirtioFeatures.SPLIT_RING
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
  private final SplitDriverQueue[] queues;
  private final int[][] tagOfHead;
  private final int[] chainLength;
  private final int[][] chain;
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
    tagOfHead = new int[queues.length][size];
    chain = new int[depth][indirect ? 1 : NOT_SEGMENTS + maxSegments];
    chainLength = new int[depth];
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

  private SplitDriverQueue[] setUpQueues() {
    // num_queues shares a word with writeback and a byte of padding.
    int offered = has(BlkAbi.F_MQ) ? bus.config32(BlkAbi.CFG_WRITEBACK) >>> 16 : 1;
    SplitDriverQueue[] all = new SplitDriverQueue[Math.min(options.queues(), offered)];
    for (int i = 0; i < all.length; i++) {
      int size = Math.min(options.queueSize(), bus.maxQueueSize(i));
      all[i] = new SplitDriverQueue(memory, allocator, size, has(VirtioFeatures.EVENT_IDX));
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
  public SplitDriverQueue queue(int index) {
    return queues[index];
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
    SplitDriverQueue queue = queues[queueOf(tag)];
    takeDescriptors(tag, queue, indirect ? 1 : NOT_SEGMENTS + segmentsFor(lengthBytes));
    int flags = deviceWrites ? Vring.DESC_F_WRITE : 0;
    int at = 0;
    put(tag, queue, at++, mine, BlkAbi.HEADER_BYTES, 0, false);
    for (int done = 0; done < lengthBytes; done += options.segmentBytes()) {
      int part = Math.min(options.segmentBytes(), lengthBytes - done);
      put(tag, queue, at++, buffer + done, part, flags, false);
    }
    put(tag, queue, at++, mine + STATUS, 1, Vring.DESC_F_WRITE, true);
    int head = chain[tag][0];
    if (indirect) {
      int tableBytes = at * Vring.DESC_SIZE;
      queue.writeDescriptor(head, mine + TABLE, tableBytes, Vring.DESC_F_INDIRECT, 0);
    }
    tagOfHead[queueOf(tag)][head] = tag;
    queue.offer(head);
  }

  private long memoryOf(int tag) {
    return tagMemory + (long) tag * tagBytes;
  }

  private int segmentsFor(int lengthBytes) {
    return Math.ceilDiv(lengthBytes, options.segmentBytes());
  }

  private void takeDescriptors(int tag, SplitDriverQueue queue, int count) {
    for (int i = 0; i < count; i++) {
      int index = queue.allocate();
      if (index < 0) {
        throw new IllegalStateException("no descriptor left for tag " + tag);
      }
      chain[tag][i] = index;
    }
    chainLength[tag] = count;
  }

  private void put(
      int tag,
      SplitDriverQueue queue,
      int position,
      long address,
      int lengthBytes,
      int writeFlag,
      boolean last) {
    int flags = writeFlag | (last ? 0 : Vring.DESC_F_NEXT);
    if (indirect) {
      SplitDriverQueue.writeDescriptor(
          memory, memoryOf(tag) + TABLE, position, address, lengthBytes, flags, position + 1);
    } else {
      int next = last ? 0 : chain[tag][position + 1];
      queue.writeDescriptor(chain[tag][position], address, lengthBytes, flags, next);
    }
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
  public int interrupt(Completion sink) {
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

  private int drain(int index, Completion sink) {
    SplitDriverQueue queue = queues[index];
    int reported = 0;
    do {
      queue.disableInterrupts();
      int head;
      while ((head = queue.takeUsed()) >= 0) {
        int tag = tagOfHead[index][head];
        for (int i = 0; i < chainLength[tag]; i++) {
          queue.release(chain[tag][i]);
        }
        chainLength[tag] = 0;
        reported++;
        sink.done(tag, memory.readByte(memoryOf(tag) + STATUS));
      }
    } while (queue.enableInterrupts());
    return reported;
  }
}
