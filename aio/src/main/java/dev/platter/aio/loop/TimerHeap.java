package dev.platter.aio.loop;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A binary heap of armed timers; each knows its place, so that it can be moved or taken out. */
final class TimerHeap {
  private AioTimer[] heap = new AioTimer[8];
  private int size;

  @Nullable AioTimer first() {
    return size == 0 ? null : heap[0];
  }

  void add(AioTimer timer) {
    if (size == heap.length) {
      heap = Arrays.copyOf(heap, size * 2);
    }
    place(timer, size++);
    siftUp(timer.heapIndex);
  }

  @SuppressWarnings("NullAway") // slots at and beyond size are never read
  void remove(AioTimer timer) {
    int index = timer.heapIndex;
    AioTimer last = heap[--size];
    heap[size] = null;
    timer.heapIndex = -1;
    if (last != timer) {
      place(last, index);
      siftUp(index);
      siftDown(last.heapIndex);
    }
  }

  private void place(AioTimer timer, int index) {
    heap[index] = timer;
    timer.heapIndex = index;
  }

  private void siftUp(int start) {
    int index = start;
    AioTimer timer = heap[index];
    while (index > 0 && before(timer, heap[(index - 1) / 2])) {
      place(heap[(index - 1) / 2], index);
      index = (index - 1) / 2;
    }
    place(timer, index);
  }

  private void siftDown(int start) {
    int index = start;
    AioTimer timer = heap[index];
    while (true) {
      int child = 2 * index + 1;
      if (child >= size) {
        break;
      }
      if (child + 1 < size && before(heap[child + 1], heap[child])) {
        child++;
      }
      if (!before(heap[child], timer)) {
        break;
      }
      place(heap[child], index);
      index = child;
    }
    place(timer, index);
  }

  private static boolean before(AioTimer a, AioTimer b) {
    return a.deadlineNanos - b.deadlineNanos < 0;
  }
}
