package dev.platter.devices.virtio;

import dev.platter.devices.virtio.InflightMemory.Taken;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a packed ring has in flight, recorded as the vhost-user protocol says ("Inflight I/O
 * tracking", QueueRegionPacked): copies of the descriptors, as used ones overwrite them in the
 * ring. A buffer's entries are linked from its head on; those of no buffer are linked from
 * free_head. A batch is one buffer.
 *
 * <p>The process may die between any two stores. old_free_head, old_used_idx and
 * old_used_wrap_counter are what holds; a change is prepared in the fields without "old". A buffer
 * is taken by the one store that moves both heads of the free list. A buffer is given back by the
 * flags in the ring; {@link #giving} has prepared everything by then and {@link #given} only copies
 * it, so that whoever finds used_idx ahead of old_used_idx looks at the flags and either copies or
 * forgets. used_idx and its wrap counter, and their old ones, share an aligned word and are stored
 * as one: a whole ring that is given back at once changes the counter alone.
 *
 * <p>Links are read once, when the record is opened; from then on copies of them are believed, not
 * the client's memory.
 */
final class PackedInflight {
  static final int HEADER_BYTES = 32;
  static final int DESC_BYTES = 32;

  /** Offset of u16 free_head; old_free_head shares its 32-bit word. */
  static final int FREE_HEAD = 12;

  /** Offset of u16 old_free_head. */
  static final int OLD_FREE_HEAD = 14;

  /** Offset of u16 used_idx; the three fields behind it share its 64-bit word. */
  static final int USED_IDX = 16;

  /** Offset of u16 old_used_idx. */
  static final int OLD_USED_IDX = 18;

  /** Offset of u8 used_wrap_counter. */
  static final int USED_WRAP = 20;

  /** Offset of u8 old_used_wrap_counter. */
  static final int OLD_USED_WRAP = 21;

  /** Offset in an entry of u8 inflight. */
  static final int INFLIGHT = 0;

  /** Offset in an entry of u16 next. */
  static final int NEXT = 2;

  /** Offset in an entry of u16 last. */
  static final int LAST = 4;

  /** Offset in an entry of u16 num. */
  static final int NUM = 6;

  /** Offset in an entry of u64 counter. */
  static final int COUNTER = 8;

  /** Offset in an entry of u16 id. */
  static final int ID = 16;

  /** Offset in an entry of u16 flags. */
  static final int FLAGS = 18;

  /** Offset in an entry of u32 len. */
  static final int LEN = 20;

  /** Offset in an entry of u64 addr. */
  static final int ADDR = 24;

  /** The result of {@link #take} if there is no room. */
  static final int NONE = -1;

  private final InflightMemory memory;
  private final int version;
  private final int[] next;
  private final int[] last;
  private final int[] num;
  private long counter;
  private int freeHead;
  private int usedIndex;
  private boolean usedWrap;
  private boolean resumed;
  private int[] heads = {};
  private int descriptors;

  PackedInflight(InflightMemory memory) {
    this.memory = memory;
    version = memory.getShort(InflightMemory.VERSION_AT);
    next = new int[memory.descNum()];
    last = new int[memory.descNum()];
    num = new int[memory.descNum()];
  }

  /** Whether a process has begun this record. */
  boolean isBegun() {
    return version != 0;
  }

  /**
   * Reads what a dead process has left, or begins a new record.
   *
   * @param size queue size
   * @param ring the descriptor ring
   * @param index where to give back, for a new record
   * @param wrap the device's ring wrap counter there
   * @return what is wrong with the record, or null
   */
  @Nullable String open(int size, MemorySegment ring, int index, boolean wrap) {
    int descNum = memory.descNum();
    if (size > descNum || memory.sizeBytes() < at(descNum)) {
      return "in-flight record is too small for the queue";
    }
    if (version == 0) {
      begin(index, wrap);
      return null;
    }
    if (version != InflightMemory.VERSION) {
      return "in-flight record has an unknown version";
    }
    resumed = true;
    return resume(size, ring);
  }

  private void begin(int index, boolean wrap) {
    for (int i = 0; i < next.length; i++) {
      next[i] = i + 1;
      memory.setByte(at(i) + INFLIGHT, 0);
      memory.setShort(at(i) + NEXT, next[i]);
    }
    memory.setLong(InflightMemory.FEATURES, 0);
    memory.setShort(InflightMemory.DESC_NUM, next.length);
    freeHead = 0;
    usedIndex = index;
    usedWrap = wrap;
    storeFreeHeads();
    storeUsed(index, wrap, index, wrap);
    memory.setShort(InflightMemory.VERSION_AT, InflightMemory.VERSION);
  }

  // ---- opening a record ----------------------------------------------------------------------

  private @Nullable String resume(int size, MemorySegment ring) {
    if (memory.getLong(InflightMemory.FEATURES) != 0
        || memory.getShort(InflightMemory.DESC_NUM) != next.length) {
      return "in-flight record is of another kind or size";
    }
    for (int i = 0; i < next.length; i++) {
      next[i] = memory.getShort(at(i) + NEXT);
    }
    return settle(size, ring) ? collect(size) : "in-flight record's position is outside the ring";
  }

  /**
   * Completes or undoes an interrupted return of a buffer; false if the buffer is nowhere in the
   * ring.
   */
  private boolean settle(int size, MemorySegment ring) {
    int newIndex = memory.getShort(USED_IDX);
    boolean newWrap = memory.getByte(USED_WRAP) != 0;
    usedIndex = memory.getShort(OLD_USED_IDX);
    usedWrap = memory.getByte(OLD_USED_WRAP) != 0;
    freeHead = memory.getShort(OLD_FREE_HEAD);
    if (newIndex >= size || usedIndex >= size) {
      return false;
    }
    if (newIndex != usedIndex || newWrap != usedWrap) {
      long slot = (long) PackedRing.DESC_SIZE * usedIndex;
      int bits = PackedRing.lapBits(Vring.getAcquire(ring, slot + PackedRing.DESC_FLAGS));
      // The driver's descriptor stands there until the buffer is given back.
      if (bits != PackedRing.availableBits(usedWrap)) {
        freeHead = memory.getShort(FREE_HEAD);
        usedIndex = newIndex;
        usedWrap = newWrap;
        memory.setShort(OLD_FREE_HEAD, freeHead);
      }
    }
    // Both at once, and after the commit of the list above: dying here changes no answer.
    storeFreeHeads();
    storeUsed(usedIndex, usedWrap, usedIndex, usedWrap);
    return true;
  }

  private @Nullable String collect(int size) {
    boolean[] seen = new boolean[next.length];
    for (int i = freeHead; i < next.length && !seen[i]; i = next[i]) {
      seen[i] = true;
      memory.setByte(at(i) + INFLIGHT, 0);
    }
    List<Taken> found = new ArrayList<>();
    for (int i = 0; i < next.length; i++) {
      if (memory.getByte(at(i) + INFLIGHT) != 0) {
        if (!claim(i, seen)) {
          return "in-flight record's lists are tangled";
        }
        descriptors += num[i];
        if (descriptors > size) {
          return "in-flight record has more descriptors than the ring";
        }
        found.add(new Taken(i, memory.getLong(at(i) + COUNTER)));
      }
    }
    found.sort(InflightMemory.IN_TURN);
    heads = found.stream().mapToInt(Taken::head).toArray();
    if (!found.isEmpty()) {
      counter = found.getLast().counter() + 1;
    }
    return null;
  }

  /** Checks one buffer's list, and marks its entries as taken. */
  private boolean claim(int head, boolean[] seen) {
    num[head] = memory.getShort(at(head) + NUM);
    last[head] = memory.getShort(at(head) + LAST);
    int end = NONE;
    int entry = head;
    for (int i = 0; i < num[head]; i++) {
      if (entry >= next.length || seen[entry]) {
        return false;
      }
      seen[entry] = true;
      end = entry;
      entry = next[entry];
    }
    return end == last[head];
  }

  private static long at(int entry) {
    return HEADER_BYTES + (long) DESC_BYTES * entry;
  }

  /** Whether a process has kept this record before. */
  boolean resumed() {
    return resumed;
  }

  /** The entries in flight when the process before this one died, in the order it took them. */
  int[] heads() {
    return heads;
  }

  /** The number of descriptors of {@link #heads} in all. */
  int descriptors() {
    return descriptors;
  }

  /** The place of the next used descriptor. */
  int usedIndex() {
    return usedIndex;
  }

  /** The device's ring wrap counter there. */
  boolean usedWrap() {
    return usedWrap;
  }

  /**
   * Copies a buffer's descriptors out of the record.
   *
   * @param words their length, id and flags, as in the ring
   * @return how many there are
   */
  int read(int head, long[] addresses, long[] words) {
    int entry = head;
    for (int i = 0; i < num[head]; i++) {
      long at = at(entry);
      addresses[i] = memory.getLong(at + ADDR);
      words[i] =
          (memory.getInt(at + LEN) & 0xffff_ffffL)
              | (long) memory.getShort(at + ID) << 32
              | (long) memory.getShort(at + FLAGS) << 48;
      entry = next[entry];
    }
    return num[head];
  }

  // ---- steps ---------------------------------------------------------------------------------

  /**
   * Records that a buffer was taken from the ring.
   *
   * @param count how many descriptors it has
   * @return its entry, or {@link #NONE}
   */
  int take(int count, long[] addresses, long[] words) {
    int head = freeHead;
    int entry = head;
    int end = head;
    for (int i = 0; i < count; i++) {
      if (entry >= next.length) {
        return NONE;
      }
      long at = at(entry);
      memory.setLong(at + ADDR, addresses[i]);
      memory.setInt(at + LEN, (int) words[i]);
      memory.setShort(at + ID, (int) (words[i] >>> 32));
      memory.setShort(at + FLAGS, (int) (words[i] >>> 48));
      end = entry;
      entry = next[entry];
    }
    last[head] = end;
    num[head] = count;
    memory.setShort(at(head) + LAST, end);
    memory.setShort(at(head) + NUM, count);
    memory.setLong(at(head) + COUNTER, counter++);
    memory.setByte(at(head) + INFLIGHT, 1);
    freeHead = entry;
    storeFreeHeads();
    return head;
  }

  /** Records that the ring is about to mark a buffer as used, and to go on at {@code index}. */
  void giving(int head, int index, boolean wrap) {
    next[last[head]] = freeHead;
    memory.setShort(at(last[head]) + NEXT, freeHead);
    freeHead = head;
    memory.setShort(FREE_HEAD, freeHead);
    storeUsed(index, wrap, usedIndex, usedWrap);
    usedIndex = index;
    usedWrap = wrap;
  }

  /** Records that the ring has marked the buffer as used. */
  void given(int head) {
    memory.setByte(at(head) + INFLIGHT, 0);
    memory.setShort(OLD_FREE_HEAD, freeHead);
    storeUsed(usedIndex, usedWrap, usedIndex, usedWrap);
  }

  private void storeFreeHeads() {
    memory.setInt(FREE_HEAD, freeHead | freeHead << 16);
  }

  private void storeUsed(int index, boolean wrap, int oldIndex, boolean oldWrap) {
    memory.setLong(
        USED_IDX,
        index
            | ((long) oldIndex << (8 * (OLD_USED_IDX - USED_IDX)))
            | ((wrap ? 1L : 0) << (8 * (USED_WRAP - USED_IDX)))
            | ((oldWrap ? 1L : 0) << (8 * (OLD_USED_WRAP - USED_IDX))));
  }
}
