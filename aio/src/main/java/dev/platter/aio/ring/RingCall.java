package dev.platter.aio.ring;

/** A system call of io_uring's. */
public enum RingCall {
  /** Makes a ring. */
  SETUP("io_uring_setup"),
  /** Submits and waits. */
  ENTER("io_uring_enter"),
  /** Asks for opcodes and sets limits; loops do without it. */
  REGISTER("io_uring_register"),
  /** Makes the ring's memory visible. */
  MMAP("mmap of the ring");

  private final String title;

  RingCall(String title) {
    this.title = title;
  }

  @Override
  public String toString() {
    return title;
  }
}
