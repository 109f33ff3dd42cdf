package dev.platter.emulator.server.config;

import dev.platter.aio.PlatterException;
import dev.platter.devices.memory.BufferPool;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The most memory that a server takes, whatever its guests do: the configuration bounds all that
 * they can make grow. A refusal at the start is better than being killed under load. The memory of
 * guests is not included.
 */
public final class MemoryBudget {
  private static final long KIB = 1 << 10;
  private static final long MIB = 1 << 20;

  /**
   * The JVM itself without its heap: classes, code, the compilers' work. Native Memory Tracking
   * shows 58 MiB when a server is ready; the rest is for compiling and code that comes later.
   */
  private static final long JVM = 80 * MIB;

  /**
   * Of the heap that -Xmx names, the collector keeps one survivor space empty, which is no part of
   * {@link Runtime#maxMemory}: a thirtieth, and the rest for rounding.
   */
  private static final int KEPT_EMPTY = 24;

  /** The live heap of a server without guests, and room to collect the rest. */
  private static final long BASE_HEAP = 32 * MIB;

  /** Threads with their stacks and malloc's arenas, a ring, buffers for messages. */
  private static final long PER_EXPORT = MIB;

  private static final long PER_IO_THREAD = 512 * KIB;

  /** The pool of an image on a loop for what O_DIRECT cannot do in the guest's own memory. */
  private static final long BOUNCE = 8L * BufferPool.CHUNK_BYTES;

  /**
   * The memory that is needed.
   *
   * @param heapBytes of the Java heap
   * @param nativeBytes besides the heap
   */
  record Need(long heapBytes, long nativeBytes) {
    private Need plus(long heap, long outside) {
      return new Need(heapBytes + heap, nativeBytes + outside);
    }
  }

  private MemoryBudget() {}

  /**
   * The memory that a server needs.
   *
   * @param ioThreads how many IOThreads exports share
   */
  static Need needed(int ioThreads, List<ExportConfig> exports) {
    Need need = new Need(BASE_HEAP, JVM + PER_IO_THREAD * ioThreads);
    for (ExportConfig export : exports) {
      long bounce = BOUNCE * export.images().size() * export.loop().count();
      need = need.plus(export.heapBytes(), export.nativeBytes() + PER_EXPORT + bounce);
    }
    return need.plus(0, memoryDisks(exports));
  }

  /** What disks in memory may take when their guests have written all of them. */
  private static long memoryDisks(List<ExportConfig> exports) {
    return exports.stream()
        .flatMap(export -> export.images().stream())
        .mapToLong(ImageConfig::memoryBytes)
        .sum();
  }

  /**
   * Checks that it is there.
   *
   * @param ioThreads how many IOThreads exports share
   * @param limitBytes what this process may use; null for as much as there is
   * @throws PlatterException of kind HOST_LACKS if it is not
   */
  public static void check(int ioThreads, List<ExportConfig> exports, @Nullable Long limitBytes) {
    check(needed(ioThreads, exports), Runtime.getRuntime().maxMemory(), limitBytes);
  }

  static void check(Need need, long heapBytes, @Nullable Long limitBytes) {
    if (need.heapBytes() > heapBytes) {
      throw PlatterException.hostLacks(
          "this server may need "
              + inMib(need.heapBytes())
              + " MiB of Java heap, and has "
              + heapBytes / MIB,
          "Raise it: PLATTER_JAVA_OPTS=-Xmx"
              + inMib(need.heapBytes() + need.heapBytes() / KEPT_EMPTY)
              + "m, or serve fewer disks or queues");
    }
    long all = heapBytes + need.nativeBytes();
    if (limitBytes != null && all > limitBytes) {
      throw PlatterException.hostLacks(
          "this server may need "
              + inMib(all)
              + " MiB of memory besides that of its guests ("
              + heapBytes / MIB
              + " of it heap), and the limit of its cgroup is "
              + limitBytes / MIB,
          "Raise it: MemoryMax="
              + inMib(all)
              + "M in a systemd unit, --memory of a container;"
              + " or serve fewer disks or queues");
    }
  }

  /** Rounded up. */
  private static long inMib(long bytes) {
    return (bytes + MIB - 1) / MIB;
  }
}
