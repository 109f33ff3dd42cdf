package dev.platter.aio.sim;

import java.lang.foreign.MemorySegment;

/** Host memory by its address, as a kernel sees it. */
final class SimMemory {
  private SimMemory() {}

  @SuppressWarnings("restricted")
  static MemorySegment at(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }
}
