package dev.platter.devices.virtio;

import dev.platter.devices.virtio.InflightMemory.Taken;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a split ring has in flight, recorded as the vhost-user protocol says ("Inflight I/O
 * tracking", QueueRegionSplit): one entry for each head. A batch is one buffer.
 *
 * <p>The process may die between any two stores. A buffer is taken when its entry says so, which is
 * the last store of {@link #take}: before, it is still to be found in the available ring, as the
 * place to take from is the used index plus what is in flight. A buffer is given back when the used
 * index says so: {@link #giving} has left its head in the record, so that an entry that {@link
 * #given} did not come to clear is found.
 */
final class SplitInflight {
  static final int HEADER_BYTES = 16;
  static final int DESC_BYTES = 16;

  /** Offset of u16 last_batch_head. */
  static final int LAST_BATCH_HEAD = 12;

  /** Offset of u16 used_idx. */
  static final int USED_IDX = 14;

  /** Offset in an entry of u8 inflight. */
  static final int INFLIGHT = 0;

  /** Offset in an entry of u16 next. */
  static final int NEXT = 6;

  /** Offset in an entry of u64 counter. */
  static final int COUNTER = 8;

  private final InflightMemory memory;
  private long counter;
  private int lastBatchHead;
  private boolean resumed;
  private int[] heads = {};

  SplitInflight(InflightMemory memory) {
    this.memory = memory;
  }

  /**
   * Reads what a dead process has left, or begins a new record.
   *
   * @param size queue size
   * @param usedIndex the used ring's index
   * @return what is wrong with the record, or null
   */
  @Nullable String open(int size, int usedIndex) {
    int descNum = memory.descNum();
    if (size > descNum || memory.sizeBytes() < at(descNum)) {
      return "in-flight record is too small for the queue";
    }
    int version = memory.getShort(InflightMemory.VERSION_AT);
    if (version == 0) {
      begin(usedIndex);
      return null;
    }
    if (version != InflightMemory.VERSION) {
      return "in-flight record has an unknown version";
    }
    resumed = true;
    return resume(size, usedIndex);
  }

  private void begin(int usedIndex) {
    for (int i = 0; i < memory.descNum(); i++) {
      memory.setByte(at(i) + INFLIGHT, 0);
    }
    memory.setLong(InflightMemory.FEATURES, 0);
    memory.setShort(InflightMemory.DESC_NUM, memory.descNum());
    memory.setShort(LAST_BATCH_HEAD, 0);
    memory.setShort(USED_IDX, usedIndex);
    memory.setShort(InflightMemory.VERSION_AT, InflightMemory.VERSION);
  }

  private @Nullable String resume(int size, int usedIndex) {
    if (memory.getLong(InflightMemory.FEATURES) != 0
        || memory.getShort(InflightMemory.DESC_NUM) != memory.descNum()) {
      return "in-flight record is of another kind or size";
    }
    lastBatchHead = memory.getShort(LAST_BATCH_HEAD);
    Taken[] found = collect();
    if (found.length > 0) {
      String wrong = finishLastBatch(size, usedIndex);
      if (wrong != null) {
        return wrong;
      }
      found = collect();
    }
    memory.setShort(USED_IDX, usedIndex);
    Arrays.sort(found, InflightMemory.IN_TURN);
    heads = new int[found.length];
    for (int i = 0; i < found.length; i++) {
      heads[i] = found[i].head();
      if (heads[i] >= size) {
        return "in-flight record names a descriptor outside the table";
      }
      counter = found[i].counter() + 1;
    }
    return null;
  }

  /** Clears the entries of buffers that the used ring shows and the record not yet. */
  private @Nullable String finishLastBatch(int size, int usedIndex) {
    int batch = (usedIndex - memory.getShort(USED_IDX)) & 0xffff;
    if (batch > size) {
      return "in-flight record does not belong to this used ring";
    }
    int head = lastBatchHead;
    for (int i = 0; i < batch; i++) {
      if (head >= size) {
        return "in-flight record's last batch leads outside the table";
      }
      memory.setByte(at(head) + INFLIGHT, 0);
      head = memory.getShort(at(head) + NEXT);
    }
    return null;
  }

  private Taken[] collect() {
    Taken[] found = new Taken[memory.descNum()];
    int count = 0;
    for (int i = 0; i < found.length; i++) {
      if (memory.getByte(at(i) + INFLIGHT) != 0) {
        found[count++] = new Taken(i, memory.getLong(at(i) + COUNTER));
      }
    }
    return Arrays.copyOf(found, count);
  }

  private static long at(int entry) {
    return HEADER_BYTES + (long) DESC_BYTES * entry;
  }

  /** Whether a process has kept this record before. */
  boolean resumed() {
    return resumed;
  }

  /** The heads in flight when the process before this one died, in the order it took them. */
  int[] heads() {
    return heads;
  }

  /** Records that a buffer was taken from the available ring. */
  void take(int head) {
    memory.setLong(at(head) + COUNTER, counter++);
    memory.setByte(at(head) + INFLIGHT, 1);
  }

  /** Records that the used ring's index is about to pass a buffer. */
  void giving(int head) {
    memory.setShort(at(head) + NEXT, lastBatchHead);
    memory.setShort(LAST_BATCH_HEAD, head);
    lastBatchHead = head;
  }

  /** Records that the used ring's index has passed the buffer. */
  void given(int head, int usedIndex) {
    memory.setByte(at(head) + INFLIGHT, 0);
    memory.setShort(USED_IDX, usedIndex);
  }
}
