package dev.platter.devices.block.meter;

import dev.platter.aio.loop.AioContext;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Counts what a disk does, on each of the loops that submit to it by itself. Any thread. */
public final class BlockMeter {
  private record OnLoop(AioContext loop, LoopMeter meter) {}

  private final List<OnLoop> loops = new CopyOnWriteArrayList<>();
  private volatile boolean measuresLatencies;

  /**
   * Has the latency of each request measured from now on, at the price of two looks at the clock.
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

  /**
   * What guests have asked of the disk so far. A moment old perhaps; takes no lock that a loop
   * takes while it works.
   */
  public BlockUsage usage() {
    BlockUsage all = BlockUsage.NONE;
    for (OnLoop each : loops) {
      all = all.plus(each.meter().usage());
    }
    return all;
  }

  /** How long requests took so far; nothing if that is not measured. As {@link #usage}. */
  public BlockLatencies latencies() {
    BlockLatencies all = BlockLatencies.NONE;
    for (OnLoop each : loops) {
      all = all.plus(each.meter().latencies());
    }
    return all;
  }
}
