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
 * A device that is served on a socket: what its export is told, and how it is made of that. Each
 * {@link ExportKind} has its own, an immutable value.
 */
public interface ExportConfig {
  /**
   * The most memory that a client may lend unless told otherwise, if the server's cgroup has no
   * limit: a process has 128 TiB of addresses for all of its clients.
   */
  long MAX_LENT_BYTES = 1L << 40;

  /** The longest serial number. */
  int MAX_SERIAL = 20;

  /** The kind of device. */
  ExportKind kind();

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

  /** Which loop its requests run on. */
  ExportLoop loop();

  /** How many descriptors its client may have it hold: eventfds of its queues or interrupts. */
  int descriptors();

  /** How much of the Java heap it takes at most, in bytes. */
  long heapBytes();

  /** How much other memory it takes at most, in bytes, without what each image has on a loop. */
  long nativeBytes();

  /** What only its kind is told, with defaults, as {@code parameters} of a document have it. */
  Map<String, @Nullable Object> parameters();

  /**
   * Makes the device and the protocol in front of it, on the thread that starts the server or adds
   * the export. The loops run until the server has closed the session.
   *
   * @param stages gets the timelines of requests, of unit {@code i} on loop {@code i % loops}; null
   *     if they are not recorded
   */
  ClientSession open(DeviceParts parts, @Nullable RequestTracing stages);

  /** How much memory a client may lend, in bytes. */
  default long mostLentBytes() {
    return guestMemoryBytes().orElseGet(() -> Math.min(MemoryLimit.ofOwnCgroup(), MAX_LENT_BYTES));
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
