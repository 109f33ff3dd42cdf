package dev.platter.aio.file;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The meaning of locks on the bytes of an image file. Bytes beyond the image can be locked, too,
 * though no file is that long.
 *
 * <ul>
 *   <li>{@code [0, 2^62)}: the image. Exclusively for a writer, shared by readers.
 *   <li>{@code [2^62, 2^62 + 2^61)}: one byte for each user, shared, on the description that does
 *       its I/O: held until its last request is done, also if the user is dead.
 *   <li>{@code [2^62 + 2^61, 2^63)}: the same byte of the upper half, on another description that
 *       does no I/O: held as long as the user lives.
 * </ul>
 *
 * A user's byte is made of the place that it serves (39 bits, a hash) and of its process id (22
 * bits). Two places with the same hash do no harm: at worst a user of one place waits for requests
 * of the other.
 */
final class LockBytes {
  /** More bytes than an image can have. */
  static final long IMAGE_LENGTH = 1L << 62;

  /** How many users of one place have different bytes. */
  static final long USERS_OF_A_PLACE = 1L << 22; // PID_MAX_LIMIT, linux/threads.h

  /** How many bytes stand for users. */
  static final long USERS = 1L << 61;

  private static final long BUSY = IMAGE_LENGTH;
  private static final long ALIVE = BUSY + USERS;
  private static final long PLACES = USERS / USERS_OF_A_PLACE;

  private LockBytes() {}

  /** The first byte of those that the users of a place hold while they have requests in flight. */
  static long busy(String place) {
    return BUSY + hash(place) % PLACES * USERS_OF_A_PLACE;
  }

  /** The byte that this process holds at a place while it has requests in flight. */
  static long ownBusy(String place) {
    long pid = ProcessHandle.current().pid();
    return busy(place) + Math.floorMod(pid + namespace(), USERS_OF_A_PLACE);
  }

  /** The byte that the holder of {@code busy} also holds while it lives. */
  static long alive(long busy) {
    return busy + USERS;
  }

  /** The first of the bytes that users hold while they live. */
  static long allAlive() {
    return ALIVE;
  }

  /**
   * The process id behind a user's byte. For a user in another PID namespace it is the id of no
   * process.
   */
  static long pid(long userByte) {
    return Math.floorMod(userByte - namespace(), USERS_OF_A_PLACE);
  }

  /** A number for the PID namespace: process 1 of one container is not that of another. */
  private static long namespace() {
    try {
      return hash(Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString())
          % USERS_OF_A_PLACE;
    } catch (IOException | UnsupportedOperationException e) {
      return 0; // no /proc: the process is not looked at there either
    }
  }

  /** The lower bits of FNV-1a, which are its better ones; not negative. */
  private static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (each & 0xff)) * 0x100000001b3L;
    }
    return (hash ^ (hash >>> 39)) & Long.MAX_VALUE;
  }
}
