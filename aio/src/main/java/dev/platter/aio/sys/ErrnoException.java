package dev.platter.aio.sys;

/** A system call that failed during set-up, where a value cannot carry the news. */
public final class ErrnoException extends Exception {
  private static final long serialVersionUID = 1L;
  private final int errno;

  /**
   * Creates one.
   *
   * @param call what was attempted
   * @param errno the positive error number
   */
  public ErrnoException(String call, int errno) {
    super(call + ": " + Errno.name(errno));
    this.errno = errno;
  }

  /** The positive error number. */
  public int errno() {
    return errno;
  }
}
