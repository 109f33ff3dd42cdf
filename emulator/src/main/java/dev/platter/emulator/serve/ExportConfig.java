package dev.platter.emulator.serve;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioConfig;
import dev.platter.devices.block.ImageOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/** A device that is served on a socket. */
public sealed interface ExportConfig {
  /** The most queues a virtio disk may have here. */
  int MAX_QUEUES = 64;

  /** The largest queue size that a virtio disk may have here, in descriptors. */
  int MAX_QUEUE_SIZE = 1024;

  /** The largest queue size of a virtio disk that is told no other. */
  int DEFAULT_QUEUE_SIZE = 256;

  /** The most disks that an AHCI controller takes. */
  int MAX_PORTS = 32;

  /**
   * The most memory that a client may lend unless told otherwise, if the server's cgroup has no
   * limit: a process has 128 TiB of addresses for all of its clients.
   */
  long MAX_LENT_BYTES = 1L << 40;

  /** The longest serial number. */
  int MAX_SERIAL = 20;

  /** What events, threads and errors call it; no two exports share one. */
  String name();

  /** Where its clients come from. */
  Endpoint endpoint();

  /** Its images, in the order of its disks. */
  List<ImageConfig> images();

  /**
   * How much memory a client may lend; empty for as much as the server's cgroup may have, and
   * {@link #MAX_LENT_BYTES} at most.
   */
  OptionalLong guestMemoryBytes();

  /** The kind of device, as the command line names it. */
  String kind();

  /**
   * A virtio disk over vhost-user.
   *
   * @param serial up to 20 printable ASCII characters
   * @param queues how many request queues, at most {@link #MAX_QUEUES}
   * @param queueSize the largest queue size that a client may choose, a power of two up to {@link
   *     #MAX_QUEUE_SIZE}
   * @param guestMemoryBytes how much memory a client may lend; empty for the default
   * @param ioThreads ids of the IOThreads that its queues are dealt to in turn; with none, it has
   *     one of its own
   * @param pollMaxNanos longest busy poll of that IOThread of its own; empty for the default
   */
  record VirtioBlk(
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
    /** Checks all that can be checked without looking at the host. */
    public VirtioBlk {
      Names.check("export name", name);
      checkText("serial", serial, MAX_SERIAL);
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
    public VirtioBlk(
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
    public static VirtioBlk at(Path path, String name, String image, ImageOptions options) {
      return new VirtioBlk(
          name,
          new Endpoint.SocketPath(path),
          new ImageConfig(image, options),
          name,
          1,
          List.of(),
          OptionalLong.empty());
    }

    /** The IOThread of its own, if it has no other. */
    IoThreadConfig ownIoThread() {
      AioConfig loop = IoThreadConfig.defaultLoop();
      return new IoThreadConfig(
          name,
          IoThreadConfig.ANY_CPU,
          loop.withPollMaxNanos(pollMaxNanos.orElse(loop.pollMaxNanos())));
    }

    @Override
    public List<ImageConfig> images() {
      return List.of(image);
    }

    @Override
    public String kind() {
      return "virtio-blk";
    }
  }

  /**
   * A disk on a port of an AHCI controller.
   *
   * @param serial up to 20 printable ASCII characters
   * @param model up to 40
   * @param firmware up to 8: the firmware revision
   */
  record Port(ImageConfig image, String serial, String model, String firmware) {
    /** What a disk calls itself unless told otherwise. */
    public static final String DEFAULT_MODEL = "PLATTER HARDDISK";

    /** The firmware revision unless told otherwise. */
    public static final String DEFAULT_FIRMWARE = "0.1";

    /** The longest model. */
    public static final int MAX_MODEL = 40;

    /** The longest firmware revision. */
    public static final int MAX_FIRMWARE = 8;

    /** Checks the texts. */
    public Port {
      checkText("serial", serial, MAX_SERIAL);
      checkText("model", model, MAX_MODEL);
      checkText("firmware", firmware, MAX_FIRMWARE);
    }
  }

  /**
   * An AHCI controller over vfio-user.
   *
   * @param ports its disks, on port 0, port 1 and so on
   * @param guestMemoryBytes how much memory a client may lend; empty for the default
   * @param pollMaxNanos longest busy wait for the client's next message; empty for the default
   */
  record Ahci(
      String name,
      Endpoint endpoint,
      List<Port> ports,
      OptionalLong guestMemoryBytes,
      OptionalLong pollMaxNanos)
      implements ExportConfig {
    /** Checks all that can be checked without looking at the host. */
    public Ahci {
      Names.check("export name", name);
      ports = List.copyOf(ports);
      if (ports.isEmpty() || ports.size() > MAX_PORTS) {
        throw PlatterException.badInput(
            "export " + name + ": an AHCI controller takes 1 to " + MAX_PORTS + " images",
            "Make a second --export for more");
      }
    }

    /** One disk, for a socket that is made at {@code path}. */
    public static Ahci at(Path path, String name, String image, ImageOptions options) {
      Port port =
          new Port(
              new ImageConfig(image, options), name, Port.DEFAULT_MODEL, Port.DEFAULT_FIRMWARE);
      return new Ahci(
          name,
          new Endpoint.SocketPath(path),
          List.of(port),
          OptionalLong.empty(),
          OptionalLong.empty());
    }

    @Override
    public List<ImageConfig> images() {
      return ports.stream().map(Port::image).toList();
    }

    @Override
    public String kind() {
      return "ahci";
    }
  }

  /**
   * Refuses what a disk cannot call itself.
   *
   * @param what which of its texts, for the error
   * @throws PlatterException of kind BAD_INPUT
   */
  static void checkText(String what, String text, int maxLength) {
    if (text.length() > maxLength || text.chars().anyMatch(c -> c < 0x20 || c > 0x7e)) {
      throw PlatterException.badInput(
          what + "='" + text + "' cannot be used",
          "Give up to " + maxLength + " printable ASCII characters");
    }
  }
}
