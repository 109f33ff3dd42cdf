package dev.platter.emulator.server.config;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.trace.Stamp;
import dev.platter.devices.block.RequestTracing;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.virtio.blk.VirtioBlk;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.export.vhostuser.VhostUserSession;
import dev.platter.emulator.measure.stages.TracedDevice;
import dev.platter.emulator.text.OptionWords;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A virtio disk over vhost-user.
 *
 * @param serial up to 20 printable ASCII characters
 * @param queues how many request queues, at most {@link #MAX_QUEUES}
 * @param queueSize the largest queue size that a client may choose, a power of two up to {@link
 *     #MAX_QUEUE_SIZE}
 * @param guestMemoryBytes how much memory a client may lend; empty for the default
 * @param ioThreads ids of the IOThreads that its queues are dealt to in turn; with none, it has one
 *     of its own
 * @param pollMaxNanos longest busy poll of that IOThread of its own; empty for the default
 */
public record VirtioBlkExport(
    String name,
    Endpoint endpoint,
    ImageConfig image,
    String serial,
    int queues,
    int queueSize,
    OptionalLong guestMemoryBytes,
    List<String> ioThreads,
    OptionalLong pollMaxNanos)
    implements ExportConfig {
  /** The kind. */
  public static final ExportKind KIND = new Kind();

  /** The most queues a disk may have here. */
  public static final int MAX_QUEUES = 64;

  /** The largest queue size that a disk may have here, in descriptors. */
  public static final int MAX_QUEUE_SIZE = 1024;

  /** The largest queue size of a disk that is told no other. */
  public static final int DEFAULT_QUEUE_SIZE = 256;

  /** Kick, call and error eventfds of a virtqueue. */
  private static final int FDS_PER_QUEUE = 3;

  /** Checks all that can be checked without looking at the host. */
  public VirtioBlkExport {
    Names.check("export name", name);
    ExportConfig.checkText("serial", serial, MAX_SERIAL);
    ioThreads = List.copyOf(ioThreads);
    if (queues < 1 || queues > MAX_QUEUES) {
      throw PlatterException.badInput(
          "export " + name + ": queues=" + queues + " is out of range",
          "Give 1 to " + MAX_QUEUES + ", as many as the guest has CPUs");
    }
    if (queueSize < 2 || queueSize > MAX_QUEUE_SIZE || Integer.bitCount(queueSize) != 1) {
      throw PlatterException.badInput(
          "export " + name + ": queue-size=" + queueSize + " is no power of two up to 1024",
          "Give 256, or 512 or 1024 for a client that asks for as many");
    }
    if (pollMaxNanos.isPresent() && !ioThreads.isEmpty()) {
      throw PlatterException.badInput(
          "export " + name + ": poll-max= and iothread= exclude each other",
          "Give poll-max= with the --iothread");
    }
  }

  /** Queues of the default size. */
  public VirtioBlkExport(
      String name,
      Endpoint endpoint,
      ImageConfig image,
      String serial,
      int queues,
      List<String> ioThreads,
      OptionalLong pollMaxNanos) {
    this(
        name,
        endpoint,
        image,
        serial,
        queues,
        DEFAULT_QUEUE_SIZE,
        OptionalLong.empty(),
        ioThreads,
        pollMaxNanos);
  }

  /** One queue on an IOThread of its own, for a socket that is made at {@code path}. */
  public static VirtioBlkExport at(Path path, String name, String image, ImageOptions options) {
    return new VirtioBlkExport(
        name,
        new Endpoint.SocketPath(path),
        new ImageConfig(image, options),
        name,
        1,
        List.of(),
        OptionalLong.empty());
  }

  @Override
  public ExportKind kind() {
    return KIND;
  }

  @Override
  public List<ImageConfig> images() {
    return List.of(image);
  }

  @Override
  public ExportLoop loop() {
    if (!ioThreads.isEmpty()) {
      return new ExportLoop.IoThreads(ioThreads, queues);
    }
    AioConfig loop = IoThreadConfig.defaultLoop();
    return new ExportLoop.OwnIoThread(
        new IoThreadConfig(
            name,
            IoThreadConfig.ANY_CPU,
            loop.withPollMaxNanos(pollMaxNanos.orElse(loop.pollMaxNanos()))));
  }

  @Override
  public int descriptors() {
    return FDS_PER_QUEUE * queues;
  }

  private VirtioBlk.Options disk() {
    return new VirtioBlk.Options(queues, queueSize, serial);
  }

  @Override
  public long heapBytes() {
    return disk().heapBytes();
  }

  @Override
  public long nativeBytes() {
    return disk().nativeBytes();
  }

  @Override
  public Map<String, @Nullable Object> parameters() {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("queues", queues);
    map.put("queue_size", queueSize);
    map.put("iothreads", ioThreads);
    map.put(
        "poll_max_us",
        ioThreads.isEmpty()
            ? pollMaxNanos.orElse(IoThreadConfig.DEFAULT_POLL_MAX_NANOS) / 1e3
            : null);
    return map;
  }

  @Override
  public ClientSession open(DeviceParts parts, @Nullable RequestTracing stages) {
    VirtioBlk device = new VirtioBlk(parts.images().getFirst(), disk(), parts.loops());
    if (stages != null) {
      device.trace(stages);
    }
    // Memory comes with a client, and goes with it.
    GuestMemory memory = new GuestMemory(List.of());
    return new VhostUserSession(
        device, memory, parts.mainLoop().lock(), mostLentBytes(), name, parts.log());
  }

  private static final class Kind implements ExportKind {
    private static final String QUEUES = "queues";
    private static final String QUEUE_SIZE = "queue-size";
    private static final String IO_THREAD = "iothread";

    private final TracedDevice stages = TracedDevice.VIRTIO.served(Stamp.HANDLED);

    @Override
    public String name() {
      return "virtio-blk";
    }

    @Override
    public String device() {
      return "virtio";
    }

    @Override
    public String loop() {
      return "iothread";
    }

    @Override
    public TracedDevice stages() {
      return stages;
    }

    @Override
    public List<String> keys() {
      return List.of(QUEUES, QUEUE_SIZE, IO_THREAD);
    }

    @Override
    public Set<String> lists() {
      return Set.of(IO_THREAD);
    }

    @Override
    public void check(OptionWords words, OptionWords.Word word) {
      switch (word.key()) {
        case QUEUES -> words.number(word, 1, MAX_QUEUES);
        case QUEUE_SIZE -> words.number(word, 2, MAX_QUEUE_SIZE);
        default -> words.value(word);
      }
    }

    @Override
    public ExportConfig make(ExportOptions options) {
      ExportOptions.Image disk = options.images().getFirst();
      return new VirtioBlkExport(
          options.name(),
          options.endpoint(),
          disk.image(),
          disk.serial(),
          options.number(QUEUES, 1),
          options.number(QUEUE_SIZE, DEFAULT_QUEUE_SIZE),
          options.guestMemoryBytes(),
          options.values(IO_THREAD),
          options.pollMaxNanos());
    }
  }
}
