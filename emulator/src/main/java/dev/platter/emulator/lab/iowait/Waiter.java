package dev.platter.emulator.lab.iowait;

/** Something that waits, on a thread of its own, from when it is made until it is closed. */
interface Waiter extends AutoCloseable {
  /**
   * What it has done so far.
   *
   * @param enters calls of io_uring_enter, most of which wait
   * @param optedOut of those, how many waited and were told not to count as I/O
   * @param requests block requests completed
   */
  record Done(long enters, long optedOut, long requests) {
    /** What was done between {@code earlier} and this. */
    Done since(Done earlier) {
      return new Done(
          enters - earlier.enters, optedOut - earlier.optedOut, requests - earlier.requests);
    }

    /** Both together. */
    Done plus(Done other) {
      return new Done(enters + other.enters, optedOut + other.optedOut, requests + other.requests);
    }
  }

  /** What it has done so far; from any thread. */
  Done done();

  @Override
  void close();
}
