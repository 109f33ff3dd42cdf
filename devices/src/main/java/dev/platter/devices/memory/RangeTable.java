package dev.platter.devices.memory;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Ranges of guest addresses in order, without overlaps. Immutable: a change makes another table,
 * which shares all chunks of ranges but the changed one. So any thread looks up in its table
 * without a lock, and a change among 65,535 ranges copies a few kilobytes. A look-up is a binary
 * search, and allocates nothing.
 */
final class RangeTable {
  static final RangeTable EMPTY = new RangeTable(new long[0], new Chunk[0], 0);

  // About the square root of the largest number of ranges: a change copies one chunk and the list
  // of chunks.
  private static final int CHUNK = 256;

  // A linear search of so few is faster.
  private static final int FEW = 8;

  private final long[] firsts;
  private final Chunk[] chunks;
  private final int size;
  // The only chunk, if there is one: a guest without an IOMMU has a handful of regions.
  private final @Nullable Chunk first;

  private RangeTable(long[] firsts, Chunk[] chunks, int size) {
    this.firsts = firsts;
    this.chunks = chunks;
    this.size = size;
    first = chunks.length == 1 ? chunks[0] : null;
  }

  /** Some ranges in order; their first addresses lie side by side for the search. */
  private static final class Chunk {
    final long[] starts;
    final Range[] ranges;

    Chunk(Range[] ranges) {
      this.ranges = ranges;
      starts = new long[ranges.length];
      for (int i = 0; i < starts.length; i++) {
        starts[i] = ranges[i].start;
      }
    }

    int size() {
      return ranges.length;
    }

    @Nullable Range floor(long address) {
      if (starts.length > FEW) {
        int at = lastNotAbove(starts, address);
        return at < 0 ? null : ranges[at];
      }
      for (int i = starts.length - 1; i >= 0; i--) {
        if (starts[i] <= address) {
          return ranges[i];
        }
      }
      return null;
    }
  }

  /**
   * Makes a table.
   *
   * @param ranges in any order
   * @throws IllegalArgumentException if two of them overlap
   */
  static RangeTable of(List<Range> ranges) {
    Range[] sorted = ranges.toArray(new Range[0]);
    Arrays.sort(sorted, Comparator.comparingLong(range -> range.start));
    for (int i = 1; i < sorted.length; i++) {
      if (sorted[i - 1].end() > sorted[i].start) {
        throw new IllegalArgumentException("overlapping regions");
      }
    }
    Chunk[] chunks = new Chunk[(sorted.length + CHUNK - 1) / CHUNK];
    for (int i = 0; i < chunks.length; i++) {
      int from = i * CHUNK;
      int to = Math.min(sorted.length, from + CHUNK);
      chunks[i] = new Chunk(Arrays.copyOfRange(sorted, from, to));
    }
    return of(chunks, sorted.length);
  }

  private static RangeTable of(Chunk[] chunks, int size) {
    long[] firsts = new long[chunks.length];
    for (int i = 0; i < firsts.length; i++) {
      firsts[i] = chunks[i].starts[0];
    }
    return new RangeTable(firsts, chunks, size);
  }

  int size() {
    return size;
  }

  /** The number of chunks, for tests. */
  int chunks() {
    return chunks.length;
  }

  void forEach(Consumer<Range> action) {
    for (Chunk chunk : chunks) {
      for (Range range : chunk.ranges) {
        action.accept(range);
      }
    }
  }

  // ---- looking up ----------------------------------------------------------------------------

  /** The index of the last element that is not above {@code key}; -1 if all are. */
  private static int lastNotAbove(long[] sorted, long key) {
    int low = 0;
    int high = sorted.length - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      if (sorted[middle] <= key) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return high;
  }

  /** The last range that does not begin above {@code address}; null if all do. */
  private @Nullable Range floor(long address) {
    Chunk only = first;
    if (only == null) {
      int index = lastNotAbove(firsts, address);
      return index < 0 ? null : chunks[index].floor(address);
    }
    return only.floor(address);
  }

  /** The range that an address lies in, or null. */
  @Nullable Range find(long address) {
    Range range = floor(address);
    return range != null && address - range.start < range.sizeBytes ? range : null;
  }

  /** The range of RAM that an address lies in, or null. */
  @Nullable Range ram(long address, boolean toBeWritten) {
    Range range = find(address);
    return range != null && (toBeWritten ? range.writable : range.readable) ? range : null;
  }

  /** The range of RAM that contains all of {@code lengthBytes} bytes, or null. */
  @Nullable Range ram(long address, long lengthBytes, boolean toBeWritten) {
    Range range = ram(address, toBeWritten);
    return range != null && range.contains(address, lengthBytes) ? range : null;
  }

  /** Whether all of {@code lengthBytes} bytes are RAM, in one range or in several. */
  boolean isRam(long start, long lengthBytes, boolean toBeWritten) {
    if (lengthBytes < 0) {
      return false;
    }
    long address = start;
    long left = lengthBytes;
    do {
      Range range = ram(address, toBeWritten);
      if (range == null) {
        return false;
      }
      left -= range.end() - address;
      address = range.end();
    } while (left > 0);
    return true;
  }

  /** Whether any range has a byte in common with {@code sizeBytes} bytes at {@code start}. */
  boolean overlaps(long start, long sizeBytes) {
    // Of the ranges that begin before the end, the last reaches furthest.
    Range before = floor(start + sizeBytes - 1);
    return before != null && before.end() > start;
  }

  // ---- changing ------------------------------------------------------------------------------

  /** This table with another range, which overlaps none. */
  RangeTable with(Range added) {
    if (size == 0) {
      return of(new Chunk[] {new Chunk(new Range[] {added})}, 1);
    }
    int index = Math.max(0, lastNotAbove(firsts, added.start));
    Range[] old = chunks[index].ranges;
    int at = lastNotAbove(chunks[index].starts, added.start) + 1;
    Range[] ranges = new Range[old.length + 1];
    System.arraycopy(old, 0, ranges, 0, at);
    ranges[at] = added;
    System.arraycopy(old, at, ranges, at + 1, old.length - at);
    if (ranges.length <= CHUNK) {
      return replaced(index, 1, size + 1, new Chunk(ranges));
    }
    int half = ranges.length / 2;
    return replaced(
        index,
        1,
        size + 1,
        new Chunk(Arrays.copyOf(ranges, half)),
        new Chunk(Arrays.copyOfRange(ranges, half, ranges.length)));
  }

  /** This table without a range that is in it. */
  RangeTable without(Range removed) {
    int index = lastNotAbove(firsts, removed.start);
    Range[] old = chunks[index].ranges;
    int at = lastNotAbove(chunks[index].starts, removed.start);
    Range[] ranges = new Range[old.length - 1];
    System.arraycopy(old, 0, ranges, 0, at);
    System.arraycopy(old, at + 1, ranges, at, ranges.length - at);
    // Small neighbours become one: there are never many more chunks than the ranges need.
    if (index + 1 < chunks.length && ranges.length + chunks[index + 1].size() <= CHUNK / 2) {
      return replaced(index, 2, size - 1, new Chunk(joined(ranges, chunks[index + 1].ranges)));
    }
    if (index > 0 && ranges.length + chunks[index - 1].size() <= CHUNK / 2) {
      return replaced(index - 1, 2, size - 1, new Chunk(joined(chunks[index - 1].ranges, ranges)));
    }
    return ranges.length == 0
        ? replaced(index, 1, size - 1)
        : replaced(index, 1, size - 1, new Chunk(ranges));
  }

  private static Range[] joined(Range[] first, Range[] second) {
    Range[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  /** This table with {@code count} chunks replaced. */
  private RangeTable replaced(int index, int count, int newSize, Chunk... others) {
    int length = chunks.length - count + others.length;
    int after = index + others.length;
    Chunk[] all = Arrays.copyOf(chunks, length);
    long[] allFirsts = Arrays.copyOf(firsts, length);
    for (int i = 0; i < others.length; i++) {
      all[index + i] = others[i];
      allFirsts[index + i] = others[i].starts[0];
    }
    System.arraycopy(chunks, index + count, all, after, length - after);
    System.arraycopy(firsts, index + count, allFirsts, after, length - after);
    return new RangeTable(allFirsts, all, newSize);
  }
}
