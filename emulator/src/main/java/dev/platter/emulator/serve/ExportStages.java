package dev.platter.emulator.serve;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.RequestTracing;
import dev.platter.emulator.trace.StageRecorder;
import dev.platter.emulator.trace.StageRun;
import dev.platter.emulator.trace.TracedDevice;
import java.util.ArrayList;
import java.util.List;

/**
 * The stages of an export's requests, as far as a server sees them: from the doorbell's arrival
 * here to the interrupt. One recorder for each loop that completes requests, written on that loop.
 */
final class ExportStages implements RequestTracing {
  private final String name;
  private final TracedDevice device;
  private final List<AioContext> loops;
  private final List<StageRecorder> recorders = new ArrayList<>();

  /**
   * Records from now on.
   *
   * @param name the export's
   * @param loops where requests complete: of virtio, queue {@code i}'s is the one at {@code i %
   *     size}; of AHCI the main loop
   */
  ExportStages(String name, TracedDevice device, List<AioContext> loops) {
    this.name = name;
    this.device = device;
    this.loops = List.copyOf(loops);
    for (int i = 0; i < loops.size(); i++) {
      recorders.add(started());
    }
  }

  private StageRecorder started() {
    StageRecorder recorder = new StageRecorder(device, name);
    recorder.begin(System.nanoTime());
    return recorder;
  }

  @Override
  public Timeline timeline(int unit, int slot) {
    return new Timeline();
  }

  private int loopOf(int unit) {
    return unit % loops.size();
  }

  @Override
  public void completed(BlockRequest request, int unit) {
    Timeline timeline = request.timeline();
    if (timeline != null) {
      timeline.stamp(Stamp.INTERRUPT, System.nanoTime());
      recorders
          .get(loopOf(unit))
          .record(timeline, request.operation(), request.offsetBytes(), request.lengthBytes());
    }
  }

  /**
   * Ends this part of the recording and begins the next. Any thread that does not hold the big
   * lock.
   *
   * @return what was recorded since the last time
   */
  StageRun take() {
    List<StageRecorder> taken = new ArrayList<>();
    for (int i = 0; i < loops.size(); i++) {
      int index = i;
      StageRecorder next = started();
      loops
          .get(i)
          .invoke(() -> {
            StageRecorder ended = recorders.set(index, next);
            ended.end(System.nanoTime());
            taken.add(ended);
          });
    }
    return new StageRun(1, taken, List.of());
  }
}
