package dev.platter.emulator.lab.iowait;

/** A thread that waits from the creation of this object until its close. */
interface Waiter extends AutoCloseable {
  /**
   * The counters of a waiter.
   *
   * @param enters calls of io_uring_enter, most of which wait
   * @param optedOut how many of these calls waited with the flag not to count as I/O
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

  /** The counters so far; from any thread. */
  Done done();

  @Override
  void close();
}
