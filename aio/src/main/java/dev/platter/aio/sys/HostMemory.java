package dev.platter.aio.sys;

import java.lang.foreign.MemorySegment;

/**
 * Memory by host address, for bounce buffers and stores. The addresses come from a bounds-checked
 * translation of guest memory or from a live segment; this class cannot check them.
 */
public final class HostMemory {
  private static final MemorySegment ALL = all();

  private HostMemory() {}

  @SuppressWarnings("restricted")
  private static MemorySegment all() {
    // SAFETY: never read as such; the callers of copy name ranges they own and keep alive. Accesses
    // outside any mapping would crash the process, so no address from a guest gets here
    // untranslated.
    return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
  }

  /** Copies {@code lengthBytes} bytes; the ranges are both alive and owned by the caller. */
  public static void copy(long fromAddress, long toAddress, long lengthBytes) {
    MemorySegment.copy(ALL, fromAddress, ALL, toAddress, lengthBytes);
  }

  /**
   * A range as a segment, for code that takes no addresses. The segment does not notice when the
   * range ends; its user must have let go of it by then.
   */
  public static MemorySegment slice(long address, long lengthBytes) {
    return ALL.asSlice(address, lengthBytes);
  }
}
