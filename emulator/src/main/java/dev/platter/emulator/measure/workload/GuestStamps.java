package dev.platter.emulator.measure.workload;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.RequestTracing;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.DiskDriver;
import dev.platter.emulator.measure.stages.StageRecorder;

/**
 * The stamps of the requests of a guest and its device, which are threads of one process: the
 * device writes its slots' timelines before it tells the guest of a completion, and the guest reads
 * them before it uses the slot again.
 */
public final class GuestStamps implements RequestTracing {
  private final StageRecorder recorder;
  private final Timeline[][] ofDevice;
  private final Timeline[] ofTag;
  private final long[] kickedNanos;
  private final int[] unkicked;
  private int unkickedCount;

  /**
   * Makes room for all requests.
   *
   * @param units how many ports or virtqueues
   * @param slots how many slots each has
   * @param tags how many requests the guest may have outstanding
   */
  public GuestStamps(StageRecorder recorder, int units, int slots, int tags) {
    this.recorder = recorder;
    ofDevice = new Timeline[units][slots];
    for (Timeline[] unit : ofDevice) {
      fill(unit);
    }
    ofTag = new Timeline[tags];
    fill(ofTag);
    kickedNanos = new long[tags];
    unkicked = new int[tags];
  }

  private static void fill(Timeline[] timelines) {
    for (int i = 0; i < timelines.length; i++) {
      timelines[i] = new Timeline();
    }
  }

  StageRecorder recorder() {
    return recorder;
  }

  @Override
  public Timeline timeline(int unit, int slot) {
    return ofDevice[unit][slot];
  }

  @Override
  public void completed(
      Timeline timeline, Operation operation, long offsetBytes, long lengthBytes, int unit) {
    // The guest records the request, because it sees more of the request's way.
  }

  // ---- the guest's side ----------------------------------------------------------------------

  /**
   * A tag's request is in guest memory. The driver rings once for several requests, or not at all.
   */
  void submitted(int tag) {
    kickedNanos[tag] = 0;
    unkicked[unkickedCount++] = tag;
  }

  /** The driver rings, if the device has asked for it, for all requests since its last doorbell. */
  void kick(long nanos) {
    for (int i = 0; i < unkickedCount; i++) {
      kickedNanos[unkicked[i]] = nanos;
    }
    unkickedCount = 0;
  }

  /** Takes the stamps of a tag's request that the driver has found finished. */
  Timeline finished(DiskDriver driver, int tag, long raisedNanos) {
    Timeline timeline = ofTag[tag];
    timeline.copyOf(ofDevice[driver.unitOf(tag)][driver.slotOf(tag)]);
    if (!timeline.has(Stamp.DOORBELL) && kickedNanos[tag] != 0) {
      // A polling device may have taken the request before the doorbell.
      timeline.stamp(Stamp.DOORBELL, Math.min(kickedNanos[tag], timeline.at(Stamp.HANDLED)));
    }
    timeline.stamp(Stamp.INTERRUPT, raisedNanos);
    return timeline;
  }
}
