package dev.platter.emulator.server;

import java.io.PrintWriter;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongFunction;

/**
 * Writes lines on a thread of its own: a reader of the log that has stopped reading must not hold
 * up a loop. Lines that find no room are counted instead. Any thread.
 */
final class LineWriter implements AutoCloseable {
  private static final int MOST_WAITING = 1024;
  private static final long FLUSH_MILLIS = 2_000;
  private static final String END = "";

  private final PrintWriter out;
  private final BlockingQueue<String> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
  private final AtomicLong lost = new AtomicLong();
  private final LongFunction<String> lostLine;
  private final Thread thread;

  /**
   * Starts the thread.
   *
   * @param lostLine the line that tells how many were lost
   */
  LineWriter(PrintWriter out, LongFunction<String> lostLine) {
    this.out = out;
    this.lostLine = lostLine;
    thread = Thread.ofPlatform().daemon().name("event-log").start(this::write);
  }

  /**
   * Writes a line soon.
   *
   * @param line one line, not empty, without its end
   */
  void line(String line) {
    if (!waiting.offer(line)) {
      lost.incrementAndGet();
    }
  }

  private void write() {
    try {
      for (String line = waiting.take(); !line.equals(END); line = waiting.take()) {
        out.print(line + "\n");
        tellLost();
        if (waiting.isEmpty()) {
          out.flush();
        }
      }
      tellLost();
      out.flush();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void tellLost() {
    long count = lost.getAndSet(0);
    if (count > 0) {
      out.print(lostLine.apply(count) + "\n");
    }
  }

  /** Waits until all lines are written, but not for a reader that does not read. */
  @Override
  public void close() {
    try {
      if (waiting.offer(END, FLUSH_MILLIS, TimeUnit.MILLISECONDS)) {
        thread.join(FLUSH_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
