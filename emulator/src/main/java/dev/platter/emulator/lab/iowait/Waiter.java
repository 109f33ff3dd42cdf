package dev.platter.emulator.lab.iowait;

/** Something that waits, on a thread of its own, from when it is made until it is closed. */
interface Waiter extends AutoCloseable {
  /**
   * What it has done so far.
   *
   * @param waits waits in the kernel
   * @param optedOut of those, how many were told not to count as I/O
   * @param requests block requests completed
   */
  record Done(long waits, long optedOut, long requests) {
    /** What was done between {@code earlier} and this. */
    Done since(Done earlier) {
      return new Done(
          waits - earlier.waits, optedOut - earlier.optedOut, requests - earlier.requests);
    }

    /** Both together. */
    Done plus(Done other) {
      return new Done(waits + other.waits, optedOut + other.optedOut, requests + other.requests);
    }
  }

  /** What it has done so far; from any thread. */
  Done done();

  @Override
  void close();
}
