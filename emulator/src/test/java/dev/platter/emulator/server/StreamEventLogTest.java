package dev.platter.emulator.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.export.EventLog.Level;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.jr.ob.JSON;

class StreamEventLogTest {
  private static final InstantSource NOON =
      InstantSource.fixed(Instant.parse("2026-01-31T12:00:00.1239Z"));

  private final StringWriter out = new StringWriter();

  private static Map<String, Object> fields(Object... keysAndValues) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      fields.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return fields;
  }

  @Test
  void textIsOneLineAnEvent() {
    try (StreamEventLog log = StreamEventLog.text(new PrintWriter(out), NOON)) {
      log.event(Level.INFO, "", "ready", fields("exports", 2, "pid", 4711L));
      log.event(Level.WARNING, "vda", "client-dropped", fields("pid", 1, "reason", "a \"b\"\n\\c"));
      log.event(Level.ERROR, "vda", "flush-failed", fields("image", "", "reason", "EIO"));
    }
    assertThat(out)
        .hasToString(
            """
            2026-01-31T12:00:00.123Z platter: ready exports=2 pid=4711
            2026-01-31T12:00:00.123Z warning vda: client-dropped pid=1 reason="a \\"b\\"\\x0a\\\\c"
            2026-01-31T12:00:00.123Z error vda: flush-failed image="" reason=EIO
            """);
  }

  @Test
  void jsonIsOneObjectALine() throws Exception {
    try (StreamEventLog log = StreamEventLog.json(new PrintWriter(out), NOON)) {
      log.event(Level.INFO, "vda", "resized", fields("image", "a\n\"b", "bytes", 1L << 42));
      log.event(Level.INFO, "", "stopped", fields("flushed", true, "event", "not this"));
    }
    String[] lines = out.toString().split("\n", -1);
    assertThat(lines).hasSize(3);
    assertThat(JSON.std.mapFrom(lines[0]))
        .isEqualTo(
            fields(
                "time",
                "2026-01-31T12:00:00.123Z",
                "level",
                "info",
                "export",
                "vda",
                "event",
                "resized",
                "image",
                "a\n\"b",
                "bytes",
                1L << 42));
    assertThat(lines[1]).contains("\"event\":\"stopped\"").doesNotContain("not this", "export");
  }

  @Test
  void wholeSecondsHaveDecimalsToo() {
    InstantSource second = InstantSource.fixed(Instant.parse("2026-01-31T12:00:00Z"));
    try (StreamEventLog log = StreamEventLog.text(new PrintWriter(out), second)) {
      log.event(Level.INFO, "", "x", Map.of());
    }
    assertThat(out).hasToString("2026-01-31T12:00:00.000Z platter: x\n");
  }

  /** A pipe that nobody reads, until told. */
  private static final class Stuck extends Writer {
    final StringBuilder written = new StringBuilder();
    final CountDownLatch reached = new CountDownLatch(1);
    final CountDownLatch freed = new CountDownLatch(1);

    @Override
    public void write(char[] buffer, int offset, int length) throws IOException {
      reached.countDown();
      try {
        freed.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      written.append(buffer, offset, length);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  @Test
  void aReaderThatStopsHoldsNobodyUpAndLearnsWhatItMissed() throws Exception {
    Stuck stuck = new Stuck();
    try (StreamEventLog log = StreamEventLog.text(new PrintWriter(stuck), NOON)) {
      log.event(Level.INFO, "", "first", Map.of());
      stuck.reached.await(); // its thread has that line, and is stuck
      for (int i = 0; i < 1024 + 10; i++) {
        log.event(Level.INFO, "", "more", Map.of());
      }
      stuck.freed.countDown();
    }
    assertThat(stuck.written.toString().lines().filter(line -> line.endsWith(" more")))
        .hasSize(1024);
    assertThat(stuck.written).contains("warning platter: events-lost count=10\n");
  }

  @Test
  @Timeout(60)
  void aReaderThatNeverReadsDoesNotHoldUpTheEnd() throws Exception {
    Stuck stuck = new Stuck();
    try (StreamEventLog log = StreamEventLog.text(new PrintWriter(stuck), NOON)) {
      log.event(Level.INFO, "", "first", Map.of());
      stuck.reached.await();
      for (int i = 0; i < 1024; i++) {
        log.event(Level.INFO, "", "more", Map.of());
      }
    }
    assertThat(stuck.freed.getCount()).as("still stuck").isOne();
    stuck.freed.countDown();
  }
}
