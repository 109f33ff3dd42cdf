package dev.platter.emulator.cli.shared;

import dev.platter.emulator.text.Units;
import java.io.PrintWriter;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What a command does now, how much of all it has done, and how long the rest will take: on a
 * terminal a line on stderr that is rewritten in place, elsewhere a line a minute, so that a log
 * shows that the command lives; on a dumb terminal nothing, because no line can be rewritten there.
 */
public final class Progress implements AutoCloseable {
  /** Where progress is shown. */
  enum Place {
    /** On a terminal, in place. */
    TERMINAL(1_000),
    /** In a file or a pipe, line by line. */
    LOG(60_000),
    /** Nowhere. */
    NOWHERE(0);

    private final long intervalMillis;

    Place(long intervalMillis) {
      this.intervalMillis = intervalMillis;
    }
  }

  private static final long REDRAWN_NANOS = 100_000_000L; // at the most ten times a second
  private static final String ERASE = "\r\u001b[K";
  private static final int LINE = 79; // of a terminal with 80 columns, which wraps a full line
  private static final long SECOND = 1_000_000_000L;

  private final PrintWriter err;
  private final Place place;
  private final long intervalMillis;
  private final long startNanos = System.nanoTime();
  private @Nullable Thread teller;
  private boolean closed;
  private boolean idle;
  private boolean drawn;
  private long lastNanos = startNanos;
  private String text = "";
  private double from;
  private double to;
  private long stepNanos;
  private long expectedNanos;

  private Progress(PrintWriter err, Place place, long intervalMillis) {
    this.err = err;
    this.place = place;
    this.intervalMillis = intervalMillis;
  }

  /** Shows progress where stderr goes. */
  public static Progress on(PrintWriter err) {
    return on(err, place(Terminal.isStderr(), System.getenv("TERM")));
  }

  /** For tests: shows progress at a place of their choice. */
  static Progress on(PrintWriter err, Place place) {
    return on(err, place, place.intervalMillis);
  }

  /**
   * For tests: with an interval of their choice.
   *
   * @param intervalMillis between two lines, also if nothing new is told
   */
  static Progress on(PrintWriter err, Place place, long intervalMillis) {
    return new Progress(err, place, intervalMillis);
  }

  /** Where progress is shown. */
  static Place place(boolean terminal, @Nullable String term) {
    if (!terminal) {
      return Place.LOG;
    }
    return term == null || term.equals("dumb") ? Place.NOWHERE : Place.TERMINAL;
  }

  /** Tells what is done now; how much of all is done stays as it was. Any thread. */
  public synchronized void update(String what) {
    text = what;
    idle = false;
    tell(false);
  }

  /**
   * Tells what is done now, and how much of all.
   *
   * @param done from 0 to 1
   */
  public void update(String what, double done) {
    step(what, done, done, 0);
  }

  /**
   * Tells what is done now. While it is done, the part of all that is done grows with time.
   *
   * @param begin how much of all is done before, from 0 to 1
   * @param end how much of all is done then
   * @param nanos how long it will take; 0 if nobody knows
   */
  public synchronized void step(String what, double begin, double end, long nanos) {
    from = begin;
    to = end;
    stepNanos = System.nanoTime();
    expectedNanos = nanos;
    update(what);
  }

  private void tell(boolean due) {
    if (place == Place.NOWHERE || closed) {
      return;
    }
    if (teller == null) {
      teller = Thread.ofPlatform().daemon().name("progress").start(this::keepTelling);
    }
    long now = System.nanoTime();
    long pause = place == Place.TERMINAL ? REDRAWN_NANOS : intervalNanos();
    boolean first = place == Place.TERMINAL && !drawn;
    if (due || first || now - lastNanos >= pause) {
      lastNanos = now;
      if (place == Place.TERMINAL) {
        String line = line(text, done(now), now - startNanos);
        err.print(ERASE + line.substring(0, Math.min(LINE, line.length())));
        drawn = true;
      } else {
        err.println("platter: " + line(text, done(now), now - startNanos));
      }
      err.flush();
    }
  }

  private double done(long now) {
    double part = expectedNanos == 0 ? 0 : Math.min(1, (now - stepNanos) / (double) expectedNanos);
    return from + (to - from) * part;
  }

  /**
   * The line.
   *
   * @param done from 0 to 1; 0 if that is not known
   * @param nanos how long the command has taken so far
   */
  static String line(String what, double done, long nanos) {
    if (done <= 0) {
      return what;
    }
    String percent = what + ", " + (int) (Math.min(1, done) * 100) + " %";
    if (nanos < 2 * SECOND || done < 0.01 || done >= 1) {
      return percent; // the first seconds would promise too much
    }
    return percent + ", " + Units.roughDuration((long) (nanos * (1 - done) / done)) + " left";
  }

  private long intervalNanos() {
    return TimeUnit.MILLISECONDS.toNanos(intervalMillis);
  }

  private synchronized void keepTelling() {
    try {
      while (!closed) {
        wait(intervalMillis);
        if (!closed && !idle && System.nanoTime() - lastNanos >= intervalNanos()) {
          tell(true);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Erases the line until there is something new to tell: something else is printed meanwhile. */
  public synchronized void erase() {
    idle = true;
    if (drawn) {
      err.print(ERASE);
      err.flush();
      drawn = false;
    }
  }

  /** Erases the line, and tells no more. */
  @Override
  public synchronized void close() {
    closed = true;
    notifyAll();
    erase();
  }
}
