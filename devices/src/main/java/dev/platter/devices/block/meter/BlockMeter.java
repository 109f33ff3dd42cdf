package dev.platter.devices.block.meter;

import dev.platter.aio.loop.AioContext;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Counts the requests of a disk, separately on each loop that submits to it. Any thread. */
public final class BlockMeter {
  private record OnLoop(AioContext loop, LoopMeter meter) {}

  private final List<OnLoop> loops = new CopyOnWriteArrayList<>();
  private volatile boolean measuresLatencies;

  /**
   * Measures the latency of each request from now on, at the cost of two readings of the clock.
   * Before the first request.
   */
  public void measureLatencies() {
    measuresLatencies = true;
  }

  /** Whether latencies are measured. */
  public boolean measuresLatencies() {
    return measuresLatencies;
  }

  /** The meter of one loop; made when it is first asked for. */
  public synchronized LoopMeter of(AioContext loop) {
    for (OnLoop each : loops) {
      if (each.loop().equals(loop)) {
        return each.meter();
      }
    }
    LoopMeter made = new LoopMeter(measuresLatencies);
    loops.add(new OnLoop(loop, made));
    return made;
  }

  /** The disk's counts so far, perhaps a moment old; takes no lock that a running loop takes. */
  public BlockUsage usage() {
    BlockUsage all = BlockUsage.NONE;
    for (OnLoop each : loops) {
      all = all.plus(each.meter().usage());
    }
    return all;
  }

  /** The latencies so far; none if they are not measured. As {@link #usage}. */
  public BlockLatencies latencies() {
    BlockLatencies all = BlockLatencies.NONE;
    for (OnLoop each : loops) {
      all = all.plus(each.meter().latencies());
    }
    return all;
  }
}
