package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.TraceEvents;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Emits a flight recording's events of requests. An event's begin cannot be set afterwards, so each
 * slot has an event of its own, which begins with the slot's request. A request whose begin was not
 * announced gets an event without duration; its fields say when it began and how long it took.
 */
final class RequestSpans {
  /** The slot of a request whose begin was not announced. */
  static final int NO_SLOT = -1;

  private final String disk;
  private final boolean present = TraceEvents.present();
  private @Nullable RequestEvent[] slots = new @Nullable RequestEvent[0];
  private boolean[] ended = new boolean[0];

  RequestSpans(String disk) {
    this.disk = disk;
  }

  void begin(int slot) {
    if (present && RequestEvent.enabled()) {
      if (slot >= slots.length) {
        slots = Arrays.copyOf(slots, Math.max(slot + 1, 2 * slots.length));
        ended = Arrays.copyOf(ended, slots.length);
      }
      RequestEvent event = new RequestEvent();
      slots[slot] = event;
      ended[slot] = false;
      event.begin();
    }
  }

  void end(int slot) {
    if (slot < slots.length && slots[slot] != null) {
      slots[slot].end();
      ended[slot] = true;
    }
  }

  void commit(int slot, RequestRecord request, @Nullable StallCause cause) {
    if (!present || !RequestEvent.enabled()) {
      return;
    }
    RequestEvent event = null;
    if (slot >= 0 && slot < slots.length) {
      event = slots[slot];
      slots[slot] = null;
    }
    if (event == null) {
      event = new RequestEvent();
    } else if (!ended[slot]) {
      event.end();
    }
    event.fill(disk, request, cause);
    event.commit();
  }
}
