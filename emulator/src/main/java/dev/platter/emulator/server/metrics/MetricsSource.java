package dev.platter.emulator.server.metrics;

import dev.platter.emulator.measure.stages.StallCause;
import dev.platter.emulator.server.ExportView;
import dev.platter.emulator.server.Server;
import java.util.List;
import java.util.Map;

/** The data of metrics. */
interface MetricsSource {
  List<ExportView> exports();

  List<Server.LoopUse> loops();

  /** The number of stalls of an export's requests by cause; empty if stages are not recorded. */
  Map<StallCause, Long> stalls(String export);

  /** The limit of each loop's io-wq workers, of each kind. */
  int ioWorkersLimit();

  /** Whether guests are served now: neither quiesced nor closed. */
  Serving serving();

  /** How long a quiesce has waited for disks, in nanoseconds; 0 if none waits. */
  long quiesceWaitNanos();

  /** The state of a server. */
  enum Serving {
    YES,
    QUIESCED,
    CLOSED
  }

  /** The data of a server. */
  static MetricsSource of(Server server) {
    return new MetricsSource() {
      @Override
      public List<ExportView> exports() {
        return server.exports();
      }

      @Override
      public List<Server.LoopUse> loops() {
        return server.loops();
      }

      @Override
      public Map<StallCause, Long> stalls(String export) {
        return server.stalls(export);
      }

      @Override
      public int ioWorkersLimit() {
        return server.ioWorkersLimit();
      }

      @Override
      public Serving serving() {
        if (server.isClosed()) {
          return Serving.CLOSED;
        }
        return server.isQuiesced() ? Serving.QUIESCED : Serving.YES;
      }

      @Override
      public long quiesceWaitNanos() {
        return server.quiesceWaitNanos();
      }
    };
  }
}
