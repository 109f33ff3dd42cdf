package dev.platter.aio.sim;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;

/**
 * A file of the real host, which Platter has opened as it always does. A ring's requests on it are
 * done by plain system calls when their time comes; they may be short, be interrupted, or find no
 * memory.
 *
 * @param fd its real descriptor
 */
record SimHostFile(int fd) implements SimFile {
  private static final int BLOCK_BYTES = 512;
  private static final int SELDOM = 32;

  int perform(SimRequest request, Choices choices) {
    if (choices.rarely(SELDOM)) {
      return -Errno.EINTR;
    }
    if (choices.rarely(SELDOM)) {
      return -Errno.EAGAIN;
    }
    long address = request.address();
    long offset = request.offset();
    return (int)
        switch (request.opcode()) {
          case IoUringAbi.OP_READ ->
              Libc.pread(fd, address, shortened(request.length(), BLOCK_BYTES, choices), offset);
          case IoUringAbi.OP_WRITE ->
              Libc.pwrite(fd, address, shortened(request.length(), BLOCK_BYTES, choices), offset);
          case IoUringAbi.OP_READV ->
              Libc.preadv2(fd, address, shortened(request.length(), 1, choices), offset, 0);
          case IoUringAbi.OP_WRITEV ->
              Libc.pwritev2(fd, address, shortened(request.length(), 1, choices), offset, 0);
          case IoUringAbi.OP_FSYNC -> 0;
          case IoUringAbi.OP_FALLOCATE -> Libc.fallocate(fd, request.length(), offset, address);
          default -> -Errno.EINVAL;
        };
  }

  /** A number of bytes or of buffers, seldom fewer than wanted. */
  private static int shortened(int wanted, int unit, Choices choices) {
    int units = wanted / unit;
    return units > 1 && choices.rarely(SELDOM) ? unit * (1 + choices.choose(units - 1)) : wanted;
  }

  @Override
  public void close() {
    Libc.close(fd);
  }
}
