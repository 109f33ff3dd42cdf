package dev.platter.aio.ring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.abi.LinuxAbi;
import java.lang.foreign.MemorySegment;

/**
 * One submission queue entry, as a flyweight over mapped memory. Every {@code prep} method fills
 * the whole entry but user_data and flags. Addresses are host addresses whose memory must live
 * until the CQE arrives.
 */
public final class Sqe {
  /** {@code offset} that means the file's current position; eventfds and pipes need it. */
  public static final long CURRENT_POSITION = -1;

  private final MemorySegment sqes;
  private long at;

  Sqe(MemorySegment sqes) {
    this.sqes = sqes;
  }

  void moveTo(int index) {
    at = (long) index * IoUringAbi.SQE_SIZE;
    for (long word = at; word < at + IoUringAbi.SQE_SIZE; word += Long.BYTES) {
      sqes.set(JAVA_LONG, word, 0L);
    }
  }

  private Sqe prep(int opcode, int fd, long address, int length, long offset) {
    sqes.set(JAVA_BYTE, at + IoUringAbi.SQE_OPCODE, (byte) opcode);
    sqes.set(JAVA_INT, at + IoUringAbi.SQE_FD, fd);
    sqes.set(JAVA_LONG, at + IoUringAbi.SQE_OFF, offset);
    sqes.set(JAVA_LONG, at + IoUringAbi.SQE_ADDR, address);
    sqes.set(JAVA_INT, at + IoUringAbi.SQE_LEN, length);
    return this;
  }

  private Sqe opFlags(int flags) {
    sqes.set(JAVA_INT, at + IoUringAbi.SQE_OP_FLAGS, flags);
    return this;
  }

  private Sqe bufferIndex(int index) {
    sqes.set(JAVA_SHORT, at + IoUringAbi.SQE_BUF_INDEX, (short) index);
    return this;
  }

  /** Does nothing; completes with 0. */
  public Sqe prepNop() {
    return prep(IoUringAbi.OP_NOP, -1, 0, 0, 0);
  }

  /** pread(2) into one buffer. */
  public Sqe prepRead(int fd, long address, int length, long offset) {
    return prep(IoUringAbi.OP_READ, fd, address, length, offset);
  }

  /** pwrite(2) from one buffer; {@code rwFlags} as pwritev2(2), for example RWF_DSYNC. */
  public Sqe prepWrite(int fd, long address, int length, long offset, int rwFlags) {
    return prep(IoUringAbi.OP_WRITE, fd, address, length, offset).opFlags(rwFlags);
  }

  /** Like {@link #prepRead}, into a registered buffer. */
  public Sqe prepReadFixed(int fd, long address, int length, long offset, int bufferIndex) {
    return prep(IoUringAbi.OP_READ_FIXED, fd, address, length, offset).bufferIndex(bufferIndex);
  }

  /** Like {@link #prepWrite}, from a registered buffer. */
  public Sqe prepWriteFixed(int fd, long address, int length, long offset, int bufferIndex) {
    return prep(IoUringAbi.OP_WRITE_FIXED, fd, address, length, offset).bufferIndex(bufferIndex);
  }

  /** preadv(2) into {@code count} iovecs at {@code iovecs}. */
  public Sqe prepReadv(int fd, long iovecs, int count, long offset) {
    return prep(IoUringAbi.OP_READV, fd, iovecs, count, offset);
  }

  /** pwritev2(2) from {@code count} iovecs at {@code iovecs}. */
  public Sqe prepWritev(int fd, long iovecs, int count, long offset, int rwFlags) {
    return prep(IoUringAbi.OP_WRITEV, fd, iovecs, count, offset).opFlags(rwFlags);
  }

  /** fsync(2), or fdatasync(2) with {@code dataOnly}. */
  public Sqe prepFsync(int fd, boolean dataOnly) {
    return prep(IoUringAbi.OP_FSYNC, fd, 0, 0, 0).opFlags(dataOnly ? IoUringAbi.FSYNC_DATASYNC : 0);
  }

  /** fallocate(2). */
  public Sqe prepFallocate(int fd, int mode, long offset, long length) {
    // The kernel takes the length where other operations have the address.
    return prep(IoUringAbi.OP_FALLOCATE, fd, length, mode, offset);
  }

  /** Discards a part of a block device, as BLKDISCARD does; block devices know it since 6.12. */
  public Sqe prepBlockDiscard(int fd, long offset, long length) {
    prep(IoUringAbi.OP_URING_CMD, fd, offset, 0, LinuxAbi.BLOCK_URING_CMD_DISCARD);
    sqes.set(JAVA_LONG, at + IoUringAbi.SQE_ADDR3, length);
    return this;
  }

  /**
   * open(2) of a path that is absolute or relative to the working directory.
   *
   * @param path address of the path, with a zero byte at its end
   */
  public Sqe prepOpen(long path, int openFlags, int mode) {
    return prep(IoUringAbi.OP_OPENAT, LinuxAbi.AT_FDCWD, path, mode, 0).opFlags(openFlags);
  }

  /** tee(2) of up to {@code length} bytes from one pipe to another. */
  public Sqe prepTee(int from, int to, int length) {
    Sqe sqe = prep(IoUringAbi.OP_TEE, to, 0, length, 0);
    // splice_fd_in has the place of file_index.
    sqes.set(JAVA_INT, at + IoUringAbi.SQE_FILE_INDEX, from);
    return sqe;
  }

  /** Waits for one of {@code events}; once, or with {@code multishot} for every edge. */
  public Sqe prepPollAdd(int fd, int events, boolean multishot) {
    return prep(IoUringAbi.OP_POLL_ADD, fd, 0, multishot ? IoUringAbi.POLL_ADD_MULTI : 0, 0)
        .opFlags(events);
  }

  /**
   * A timeout.
   *
   * @param timespec address of a struct __kernel_timespec that lives until the SQE is submitted
   * @param absolute whether it is a CLOCK_MONOTONIC time rather than a length
   */
  public Sqe prepTimeout(long timespec, boolean absolute) {
    return prep(IoUringAbi.OP_TIMEOUT, -1, timespec, 1, 0)
        .opFlags(absolute ? IoUringAbi.TIMEOUT_ABS : 0);
  }

  /** Cancels the request submitted with {@code userData}; it completes with ECANCELED if it can. */
  public Sqe prepCancel(long userData) {
    return prep(IoUringAbi.OP_ASYNC_CANCEL, -1, userData, 0, 0);
  }

  /** Posts a CQE with {@code result} and {@code userData} on the ring behind {@code ringFd}. */
  public Sqe prepMsgRing(int ringFd, int result, long userData) {
    return prep(IoUringAbi.OP_MSG_RING, ringFd, IoUringAbi.MSG_DATA, result, userData);
  }

  /** Makes the entry's fd an index into the registered files. */
  public Sqe fixedFile() {
    byte flags = sqes.get(JAVA_BYTE, at + IoUringAbi.SQE_FLAGS);
    sqes.set(JAVA_BYTE, at + IoUringAbi.SQE_FLAGS, (byte) (flags | IoUringAbi.SQE_FIXED_FILE));
    return this;
  }

  /** Makes the kernel hand the entry to a worker thread without trying it inline first. */
  public Sqe async() {
    byte flags = sqes.get(JAVA_BYTE, at + IoUringAbi.SQE_FLAGS);
    sqes.set(JAVA_BYTE, at + IoUringAbi.SQE_FLAGS, (byte) (flags | IoUringAbi.SQE_ASYNC));
    return this;
  }

  /** Sets what the CQE will carry back. */
  public void userData(long userData) {
    sqes.set(JAVA_LONG, at + IoUringAbi.SQE_USER_DATA, userData);
  }

  String describe(int index) {
    long entry = (long) index * IoUringAbi.SQE_SIZE;
    return "op "
        + sqes.get(JAVA_BYTE, entry + IoUringAbi.SQE_OPCODE)
        + " fd "
        + sqes.get(JAVA_INT, entry + IoUringAbi.SQE_FD)
        + " off "
        + sqes.get(JAVA_LONG, entry + IoUringAbi.SQE_OFF)
        + " len "
        + sqes.get(JAVA_INT, entry + IoUringAbi.SQE_LEN)
        + " user_data 0x"
        + Long.toHexString(sqes.get(JAVA_LONG, entry + IoUringAbi.SQE_USER_DATA));
  }
}
