package dev.platter.aio.sim;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A file in memory whose reads and writes may be short, be interrupted, or fail. */
final class SimDisk implements SimFile {
  private static final long IOVEC_BYTES = 16;

  private final MemorySegment bytes;
  private int failures;

  SimDisk(int size) {
    bytes = Arena.ofAuto().allocate(size);
  }

  MemorySegment bytes() {
    return bytes;
  }

  /** So many of the next requests fail with EIO. */
  void fail(int count) {
    failures = count;
  }

  int perform(SimRequest request, Choices choices) {
    if (choices.rarely(64)) {
      return -Errno.EINTR;
    }
    if (choices.rarely(64)) {
      return -Errno.EAGAIN;
    }
    if (failures > 0) {
      failures--;
      return -Errno.EIO;
    }
    return switch (request.opcode()) {
      case IoUringAbi.OP_READ, IoUringAbi.OP_WRITE ->
          transfer(request, request.offset(), request.address(), length(request.length(), choices));
      case IoUringAbi.OP_READV, IoUringAbi.OP_WRITEV -> vector(request, choices);
      case IoUringAbi.OP_FSYNC -> 0;
      case IoUringAbi.OP_FALLOCATE -> {
        if ((request.length() & LinuxAbi.FALLOC_FL_KEEP_SIZE) == 0) {
          yield -Errno.EOPNOTSUPP;
        }
        bytes.asSlice(request.offset(), request.address()).fill((byte) 0);
        yield 0;
      }
      default -> -Errno.EINVAL;
    };
  }

  /** A transfer may be short, by whole blocks as with O_DIRECT. */
  private static int length(int wanted, Choices choices) {
    int blocks = wanted / 512;
    return blocks > 1 && choices.rarely(16) ? 512 * (1 + choices.choose(blocks - 1)) : wanted;
  }

  private int vector(SimRequest request, Choices choices) {
    MemorySegment iovecs = SimMemory.at(request.address(), request.length() * IOVEC_BYTES);
    int total = 0;
    for (int i = 0; i < request.length(); i++) {
      total += (int) iovecs.get(JAVA_LONG, i * IOVEC_BYTES + 8);
    }
    int left = length(total, choices);
    int done = 0;
    for (int i = 0; i < request.length() && left > 0; i++) {
      long base = iovecs.get(JAVA_LONG, i * IOVEC_BYTES);
      long size = iovecs.get(JAVA_LONG, i * IOVEC_BYTES + 8);
      int part = (int) Math.min(left, size);
      int moved = transfer(request, request.offset() + done, base, part);
      done += moved;
      left -= part;
    }
    return done;
  }

  private int transfer(SimRequest request, long offset, long address, int length) {
    long end = Math.min(bytes.byteSize(), offset + length);
    int inside = (int) Math.max(0, end - offset);
    MemorySegment memory = SimMemory.at(address, inside);
    if (request.opcode() == IoUringAbi.OP_READ || request.opcode() == IoUringAbi.OP_READV) {
      MemorySegment.copy(bytes, offset, memory, 0, inside);
    } else {
      MemorySegment.copy(memory, 0, bytes, offset, inside);
    }
    return inside;
  }

  @Override
  public void close() {
    // Requests that a ring still has keep a real file open as well.
  }
}
