package dev.platter.aio.ring;

import dev.platter.aio.sys.Errno;
import org.jspecify.annotations.Nullable;

/** A system call that this process needs for a ring, and that was refused. */
public final class RingRefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final RingCall call;
  private final int errno;

  RingRefusedException(RingCall call, int errno, @Nullable Throwable cause) {
    super(
        call + (errno == 0 ? " made a ring that lacks features" : ": " + Errno.name(errno)), cause);
    this.call = call;
    this.errno = errno;
  }

  /** The call that was refused. */
  public RingCall call() {
    return call;
  }

  /** The positive error number; 0 if the kernel's io_uring is too old for Platter. */
  public int errno() {
    return errno;
  }
}
