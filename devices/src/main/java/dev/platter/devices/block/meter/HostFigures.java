package dev.platter.devices.block.meter;

/**
 * The host's treatment of a disk.
 *
 * @param slowRequests how many requests in flight are older than five seconds
 * @param slowRequestsEver how many requests became so old so far
 * @param discardsRefused how many parts of discards the host has refused so far
 * @param bufferBytes memory that buffers for requests hold now, in bytes
 * @param flushFailed whether completed writes may have been lost: from the first flush that has
 *     failed until the disk is opened again
 */
public record HostFigures(
    long slowRequests,
    long slowRequestsEver,
    long discardsRefused,
    long bufferBytes,
    boolean flushFailed) {
  /** The figures of an unused disk. */
  public static final HostFigures NONE = new HostFigures(0, 0, 0, 0, false);

  /** The figures of two disks together. */
  public HostFigures plus(HostFigures other) {
    return new HostFigures(
        slowRequests + other.slowRequests,
        slowRequestsEver + other.slowRequestsEver,
        discardsRefused + other.discardsRefused,
        bufferBytes + other.bufferBytes,
        flushFailed || other.flushFailed);
  }
}
