package dev.platter.emulator.cli.shared;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressTest {
  @Test
  void progressIsForTerminals() {
    StringWriter err = new StringWriter();
    try (Progress progress = Progress.on(new PrintWriter(err), Progress.Place.NOWHERE)) {
      progress.update("10 %");
    }
    try (Progress progress = Progress.on(new PrintWriter(err), Progress.Place.LOG)) {
      progress.update("begins"); // a quick command is not worth a line
    }
    assertThat(err.toString()).isEmpty();

    try (Progress progress = Progress.on(new PrintWriter(err), Progress.Place.TERMINAL)) {
      progress.update("reading", 0.1);
      progress.update("reading", 0.11); // too soon
    }
    assertThat(err).hasToString("\r\u001b[Kreading, 10 %\r\u001b[K");
  }

  @Test
  void progressIsOneLineOfATerminal() {
    StringWriter err = new StringWriter();
    try (Progress progress = Progress.on(new PrintWriter(err), Progress.Place.TERMINAL)) {
      progress.update("x".repeat(200));
    }
    assertThat(err).hasToString("\r\u001b[K" + "x".repeat(79) + "\r\u001b[K");
  }

  @Test
  void whereProgressIsShown() {
    assertThat(Progress.place(true, "xterm")).isEqualTo(Progress.Place.TERMINAL);
    assertThat(Progress.place(true, "dumb")).isEqualTo(Progress.Place.NOWHERE);
    assertThat(Progress.place(true, null)).isEqualTo(Progress.Place.NOWHERE);
    assertThat(Progress.place(false, "xterm")).isEqualTo(Progress.Place.LOG);
    assertThat(Progress.place(false, "dumb")).isEqualTo(Progress.Place.LOG);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0     | 100  | run 1",
        "0.25  | 1    | run 1, 25 %",
        "0.25  | 30   | run 1, 25 %, 1m 30s left",
        "0.999 | 100  | run 1, 99 %, 1s left",
        "0.01  | 3600 | run 1, 1 %, 99h 0m left",
        "1     | 100  | run 1, 100 %",
      })
  void progressTellsHowMuchIsLeft(double done, long seconds, String line) {
    assertThat(Progress.line("run 1", done, seconds * 1_000_000_000)).isEqualTo(line);
  }

  /** Whoever reads a log sees that the command lives, also while nothing new is told. */
  @Test
  void aLogGetsALineFromTimeToTime() throws InterruptedException {
    BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    PrintWriter err =
        new PrintWriter(Writer.nullWriter()) {
          @Override
          public void println(String line) {
            lines.add(line);
          }
        };
    try (Progress progress = Progress.on(err, Progress.Place.LOG, 20)) {
      progress.step("run 1 of 2: ahci", 0, 0.5, 1);
      for (int i = 0; i < 3; i++) {
        assertThat(lines.poll(60, TimeUnit.SECONDS)).startsWith("platter: run 1 of 2: ahci, 50 %");
      }
      progress.erase();
    }
  }
}
