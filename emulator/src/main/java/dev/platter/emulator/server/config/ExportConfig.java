package dev.platter.emulator.server.config;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.RequestTracing;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.host.MemoryLimit;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of an export: a device that is served on a socket, and how it is made. Each
 * {@link ExportKind} has its own immutable implementation.
 */
public interface ExportConfig {
  /**
   * The default limit of a client's memory, if the server's cgroup has no limit: a process has 128
   * TiB of addresses for all of its clients.
   */
  long MAX_LENT_BYTES = 1L << 40;

  /** The longest serial number. */
  int MAX_SERIAL = 20;

  /** The kind of device. */
  ExportKind kind();

  /** The name in events, threads and errors; unique in a server. */
  String name();

  /** The place that its clients connect to. */
  Endpoint endpoint();

  /** Its images, in the order of its disks. */
  List<ImageConfig> images();

  /**
   * The limit of a client's memory in bytes; empty for as much as the server's cgroup may have, and
   * {@link #MAX_LENT_BYTES} at most.
   */
  OptionalLong guestMemoryBytes();

  /** The loop that its requests run on. */
  ExportLoop loop();

  /**
   * The number of descriptors that a client may make it hold: eventfds of its queues or interrupts.
   */
  int descriptors();

  /** The most Java heap that it takes, in bytes. */
  long heapBytes();

  /** The most other memory that it takes, in bytes, without what each image has on a loop. */
  long nativeBytes();

  /** The options of its kind alone, with defaults, as {@code parameters} of a document have it. */
  Map<String, @Nullable Object> parameters();

  /**
   * Makes the device and the protocol in front of it, on the thread that starts the server or adds
   * the export. The loops run until the server has closed the session.
   *
   * @param stages gets the timelines of requests, of unit {@code i} on loop {@code i % loops}; null
   *     if they are not recorded
   */
  ClientSession open(DeviceParts parts, @Nullable RequestTracing stages);

  /** The limit of a client's memory in bytes. */
  default long mostLentBytes() {
    return guestMemoryBytes().orElseGet(() -> Math.min(MemoryLimit.ofOwnCgroup(), MAX_LENT_BYTES));
  }

  /**
   * Refuses a text that a disk cannot report.
   *
   * @param what the name of the text, for the error
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
