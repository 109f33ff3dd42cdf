package dev.platter.devices.block;

import dev.platter.aio.loop.AioContext;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Counts what an image does, on each of the loops that submit to it by itself. Any thread. */
final class BlockMeter {
  private record OnLoop(AioContext loop, LoopMeter meter) {}

  private final List<OnLoop> loops = new CopyOnWriteArrayList<>();
  private volatile boolean measuresLatencies;

  /** Has latencies measured too, by the loops that have not submitted yet. */
  void measureLatencies() {
    measuresLatencies = true;
  }

  boolean measuresLatencies() {
    return measuresLatencies;
  }

  /** The meter of one loop; made when it is first asked for. */
  synchronized LoopMeter of(AioContext loop) {
    for (OnLoop each : loops) {
      if (each.loop().equals(loop)) {
        return each.meter();
      }
    }
    LoopMeter made = new LoopMeter(measuresLatencies);
    loops.add(new OnLoop(loop, made));
    return made;
  }

  BlockUsage usage() {
    BlockUsage all = BlockUsage.NONE;
    for (OnLoop each : loops) {
      all = all.plus(each.meter().usage());
    }
    return all;
  }

  BlockLatencies latencies() {
    BlockLatencies all = BlockLatencies.NONE;
    for (OnLoop each : loops) {
      all = all.plus(each.meter().latencies());
    }
    return all;
  }
}
