package dev.platter.devices.virtio.blk;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.RequestTracing;

/**
 * A queue's requests on their way to a {@link RequestTracing}. One interrupt tells of all that
 * completed in a turn of the loop, so those that have and wait for it are kept here; a guest that
 * polls may use a slot again before that.
 */
final class QueueTracing {
  private final RequestTracing tracing;
  private final int queue;
  private final BlkRequest[] waiting;
  private int waitingCount;

  QueueTracing(RequestTracing tracing, int queue, BlkRequest[] slots) {
    this.tracing = tracing;
    this.queue = queue;
    waiting = new BlkRequest[slots.length];
    for (int i = 0; i < slots.length; i++) {
      slots[i].setTimeline(tracing.timeline(queue, i));
    }
  }

  /** A buffer was taken from the ring. */
  void begin(BlkRequest slot, AioContext context) {
    if (slot.awaitsInterrupt) {
      interrupted();
    }
    Timeline timeline = slot.timeline();
    if (timeline != null) {
      timeline.clear();
      context.stampHandled(timeline);
    }
  }

  /**
   * Its answer is about to be put into the used ring, after which the guest may read the stamps.
   */
  void completed(BlkRequest slot) {
    Timeline timeline = slot.timeline();
    if (timeline != null) {
      timeline.stamp(Stamp.COMPLETED, System.nanoTime());
      slot.awaitsInterrupt = true;
      waiting[waitingCount++] = slot;
    }
  }

  /** The interrupt for all that has completed was raised, if the guest wants one. */
  void interrupted() {
    for (int i = 0; i < waitingCount; i++) {
      BlkRequest slot = waiting[i];
      slot.awaitsInterrupt = false;
      Timeline timeline = slot.timeline();
      if (timeline != null) {
        tracing.completed(
            timeline, slot.operation(), slot.offsetBytes(), slot.lengthBytes(), queue);
      }
    }
    waitingCount = 0;
  }
}
