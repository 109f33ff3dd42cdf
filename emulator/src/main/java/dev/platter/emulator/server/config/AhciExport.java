package dev.platter.emulator.server.config;

import dev.platter.aio.PlatterException;
import dev.platter.aio.trace.Stamp;
import dev.platter.devices.ahci.AhciDisk;
import dev.platter.devices.ahci.AhciFunction;
import dev.platter.devices.ahci.AhciLoop;
import dev.platter.devices.block.RequestTracing;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.memory.BufferPool;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.export.Refusals;
import dev.platter.emulator.export.vfiouser.VfioUserSession;
import dev.platter.emulator.measure.stages.TracedDevice;
import dev.platter.emulator.text.OptionWords;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * An AHCI controller over vfio-user.
 *
 * @param ports its disks, on port 0, port 1 and so on
 * @param guestMemoryBytes how much memory a client may lend; empty for the default
 * @param pollMaxNanos longest busy wait for the client's next message; empty for the default
 */
public record AhciExport(
    String name,
    Endpoint endpoint,
    List<Port> ports,
    OptionalLong guestMemoryBytes,
    OptionalLong pollMaxNanos)
    implements ExportConfig {
  /** The kind. */
  public static final ExportKind KIND = new Kind();

  /** The most disks that a controller takes. */
  public static final int MAX_PORTS = 32;

  /** Eventfds of interrupts, of all kinds. */
  private static final int INTERRUPT_FDS = 5;

  /** Heap for as many DMA maps as a client may make. */
  private static final long DMA_MAPS_HEAP = 4 << 20;

  private static final long DISK_HEAP = 256 << 10;

  /** The pool of a disk. */
  private static final long DISK_POOL = (long) AhciDisk.BUFFERS * BufferPool.CHUNK_BYTES;

  /**
   * A disk on a port.
   *
   * @param serial up to 20 printable ASCII characters
   * @param model up to 40
   * @param firmware up to 8: the firmware revision
   */
  public record Port(ImageConfig image, String serial, String model, String firmware) {
    /** The default model. */
    public static final String DEFAULT_MODEL = "PLATTER HARDDISK";

    /** The default firmware revision. */
    public static final String DEFAULT_FIRMWARE = "0.1";

    /** The longest model. */
    public static final int MAX_MODEL = 40;

    /** The longest firmware revision. */
    public static final int MAX_FIRMWARE = 8;

    /** Checks the texts. */
    public Port {
      ExportConfig.checkText("serial", serial, MAX_SERIAL);
      ExportConfig.checkText("model", model, MAX_MODEL);
      ExportConfig.checkText("firmware", firmware, MAX_FIRMWARE);
    }
  }

  /** Checks all that does not depend on the host. */
  public AhciExport {
    Names.check("export name", name);
    ports = List.copyOf(ports);
    if (ports.isEmpty() || ports.size() > MAX_PORTS) {
      throw PlatterException.badInput(
          "export " + name + ": an AHCI controller takes 1 to " + MAX_PORTS + " images",
          "Make a second --export for more");
    }
  }

  /** An export of one disk, with its socket at {@code path}. */
  public static AhciExport at(Path path, String name, String image, ImageOptions options) {
    Port port =
        new Port(new ImageConfig(image, options), name, Port.DEFAULT_MODEL, Port.DEFAULT_FIRMWARE);
    return new AhciExport(
        name,
        new Endpoint.SocketPath(path),
        List.of(port),
        OptionalLong.empty(),
        OptionalLong.empty());
  }

  @Override
  public ExportKind kind() {
    return KIND;
  }

  @Override
  public List<ImageConfig> images() {
    return ports.stream().map(Port::image).toList();
  }

  @Override
  public ExportLoop loop() {
    return new ExportLoop.OwnMainLoop();
  }

  @Override
  public int descriptors() {
    return INTERRUPT_FDS;
  }

  @Override
  public long heapBytes() {
    return DMA_MAPS_HEAP + DISK_HEAP * ports.size();
  }

  @Override
  public long nativeBytes() {
    return DISK_POOL * ports.size();
  }

  private long pollNanos() {
    return pollMaxNanos.orElse(VfioUserSession.DEFAULT_POLL_MAX_NANOS);
  }

  @Override
  public Map<String, @Nullable Object> parameters() {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("poll_max_us", pollNanos() / 1e3);
    return map;
  }

  @Override
  public ClientSession open(DeviceParts parts, @Nullable RequestTracing stages) {
    List<AhciDisk> disks = new ArrayList<>();
    for (Port port : ports) {
      disks.add(
          new AhciDisk(
              parts.images().get(disks.size()), port.model(), port.serial(), port.firmware()));
    }
    // Memory comes with a client, and goes with it.
    GuestMemory memory = new GuestMemory(List.of());
    AhciFunction function =
        new AhciFunction(memory, disks, AhciLoop.of(parts.mainLoop().context()));
    if (stages != null) {
      function.trace(stages);
    }
    return new VfioUserSession(
        parts.mainLoop(), mostLentBytes(), function, pollNanos(), new Refusals(parts.log(), name));
  }

  private static final class Kind implements ExportKind {
    private static final String MODEL = "model";
    private static final String FIRMWARE = "firmware";

    private final TracedDevice stages = TracedDevice.AHCI.served(Stamp.EXIT);

    @Override
    public String name() {
      return "ahci";
    }

    @Override
    public String device() {
      return "ahci";
    }

    @Override
    public String loop() {
      return "main loop";
    }

    @Override
    public TracedDevice stages() {
      return stages;
    }

    @Override
    public List<String> imageKeys() {
      return List.of(MODEL, FIRMWARE);
    }

    @Override
    public int maxImages() {
      return MAX_PORTS;
    }

    @Override
    public boolean seesSizeAtPowerOn() {
      return true;
    }

    @Override
    public void check(OptionWords words, OptionWords.Word word) {
      int most = word.key().equals(MODEL) ? Port.MAX_MODEL : Port.MAX_FIRMWARE;
      words.checked(word, value -> ExportConfig.checkText(word.key(), value, most));
    }

    @Override
    public ExportConfig make(ExportOptions options) {
      List<Port> ports =
          options.images().stream()
              .map(disk ->
                  new Port(
                      disk.image(),
                      disk.serial(),
                      disk.own().getOrDefault(MODEL, Port.DEFAULT_MODEL),
                      disk.own().getOrDefault(FIRMWARE, Port.DEFAULT_FIRMWARE)))
              .toList();
      return new AhciExport(
          options.name(),
          options.endpoint(),
          ports,
          options.guestMemoryBytes(),
          options.pollMaxNanos());
    }
  }
}
