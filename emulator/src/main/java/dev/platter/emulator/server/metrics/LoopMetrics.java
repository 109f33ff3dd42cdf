package dev.platter.emulator.server.metrics;

import dev.platter.aio.loop.BigLock;
import dev.platter.aio.loop.LoopStats;
import dev.platter.emulator.server.Server;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.LinkedHashMap;
import java.util.Map;

/** Metrics of loops. A loop that ends with its export has no more series. */
final class LoopMetrics implements MultiCollector {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private final MetricsSource source;

  LoopMetrics(MetricsSource source) {
    this.source = source;
  }

  @Override
  public MetricSnapshots collect() {
    Families families = new Families();
    Map<String, Server.LoopUse> loops = new LinkedHashMap<>();
    source.loops().forEach(loop -> loops.putIfAbsent(loop.name(), loop));
    loops.values().forEach(loop -> collect(families, loop));
    return families.build();
  }

  private static void collect(Families families, Server.LoopUse loop) {
    Labels labels = Labels.of("loop", loop.name());
    LoopStats.Snapshot counts = loop.counts();
    families.counter("platter_loop_turns", "Turns of the loop.", labels, counts.turns());
    families.counter("platter_loop_enters", "Calls of io_uring_enter.", labels, counts.enters());
    families.counter(
        "platter_loop_sqes", "SQEs that the kernel took.", labels, counts.sqesSubmitted());
    families.counter(
        "platter_loop_block_sqes", "SQEs queued for block I/O.", labels, counts.blockSqes());
    families.counter("platter_loop_cqes", "CQEs taken.", labels, counts.cqesReaped());
    families.counter(
        "platter_loop_sq_full",
        "How often a request had to wait for room in the submission queue.",
        labels,
        counts.sqFull());
    families.counter(
        "platter_loop_poll_hits", "Busy polls that found work.", labels, counts.pollHits());
    families.counter(
        "platter_loop_poll_misses",
        "Busy polls that found none, after which the loop slept.",
        labels,
        counts.pollMisses());
    families.counter(
        "platter_loop_no_iowait_waits",
        "Waits that were told not to count as I/O.",
        labels,
        counts.noIowaitWaits());
    families.counter(
        "platter_loop_notifies_sent",
        "Wake-ups of the loop that wrote its eventfd.",
        labels,
        counts.notifiesSent());
    families.counter(
        "platter_loop_notifies_elided",
        "Wake-ups that needed no system call, because the loop was awake.",
        labels,
        counts.notifiesElided());
    BigLock.Stats lock = loop.lock();
    if (lock != null) {
      collect(families, labels, lock);
    }
    long cpu = loop.threadId() == 0 ? -1 : THREADS.getThreadCpuTime(loop.threadId());
    if (cpu >= 0) {
      families.counter(
          "platter_loop_cpu_seconds",
          "CPU time of the loop's thread; from 0 again after the server was quiesced.",
          labels,
          cpu / 1e9);
    }
  }

  private static void collect(Families families, Labels labels, BigLock.Stats lock) {
    families.counter(
        "platter_bql_acquisitions",
        "How often the loop's big lock was taken.",
        labels,
        lock.acquisitions());
    families.counter(
        "platter_bql_contended",
        "How often a thread had to wait for it.",
        labels,
        lock.contended());
    families.counter(
        "platter_bql_wait_seconds",
        "Time that threads waited for it.",
        labels,
        lock.waitNanos() / 1e9);
    families.counter(
        "platter_bql_hold_seconds", "Time that it was held.", labels, lock.holdNanos() / 1e9);
    families.gauge(
        "platter_bql_longest_hold_seconds",
        "The longest time that it was held at a stretch, since the start.",
        labels,
        lock.longestHoldNanos() / 1e9);
  }
}
