package dev.platter.emulator.server.metrics;

import dev.platter.emulator.measure.stages.StallCause;
import dev.platter.emulator.server.ExportView;
import dev.platter.emulator.server.Server;
import java.util.List;
import java.util.Map;

/** What metrics are made of. Any thread, at any time; nothing here waits for a loop or a lock. */
interface MetricsSource {
  /** The exports that there are now. */
  List<ExportView> exports();

  /** The loops that there are now. */
  List<Server.LoopUse> loops();

  /** How many stalls of an export's requests had each cause; empty if stages are not recorded. */
  Map<StallCause, Long> stalls(String export);

  /** How many io-wq workers each loop may have at work, of each kind. */
  int ioWorkersLimit();

  /** Whether guests are served at the moment: neither quiesced nor closed. */
  Serving serving();

  /** How long a quiesce has waited for disks, in nanoseconds; 0 if none waits. */
  long quiesceWaitNanos();

  /** Whether a server serves. */
  enum Serving {
    YES,
    QUIESCED,
    CLOSED
  }

  /** A server's. */
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
