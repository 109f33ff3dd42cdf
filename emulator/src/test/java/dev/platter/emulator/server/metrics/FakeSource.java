package dev.platter.emulator.server.metrics;

import dev.platter.aio.loop.BigLock;
import dev.platter.aio.loop.LoopStats;
import dev.platter.emulator.measure.stages.StallCause;
import dev.platter.emulator.server.ExportView;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.config.VirtioBlkExport;
import java.util.List;
import java.util.Map;

/** Exports and loops of a test's choice. */
final class FakeSource implements MetricsSource {
  volatile List<ExportView> exports = List.of();
  volatile List<Server.LoopUse> loops = List.of(loop("main-loop"));
  volatile Serving serving = Serving.YES;
  volatile Runnable whenAsked = () -> {};

  static ExportView export(String name) {
    return new ExportView(
        name, VirtioBlkExport.KIND, "/run/x", List.of(), true, 4711, false, 3, 2, List.of());
  }

  static Server.LoopUse loop(String name) {
    LoopStats.Snapshot counts = new LoopStats.Snapshot(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    BigLock.Stats lock = new BigLock.Stats(100, 10, 1_500_000_000L, 2_250_000_000L, 250_000_000L);
    return new Server.LoopUse(
        name, counts, name.equals("main-loop") ? lock : null, Thread.currentThread().threadId());
  }

  @Override
  public List<ExportView> exports() {
    whenAsked.run();
    return exports;
  }

  @Override
  public List<Server.LoopUse> loops() {
    return loops;
  }

  @Override
  public Map<StallCause, Long> stalls(String export) {
    return Map.of(StallCause.LOOP_BUSY, 7L);
  }

  @Override
  public int ioWorkersLimit() {
    return 16;
  }

  @Override
  public Serving serving() {
    return serving;
  }

  @Override
  public long quiesceWaitNanos() {
    return 0;
  }
}
