package dev.platter.emulator.cli.serve;

import dev.platter.emulator.cli.shared.Signals;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * The signals to a server that ends by itself, one after the other. SIGTERM and SIGINT end it, and
 * the process exits with the code of its own choice; the second of them kills the process, whatever
 * it is doing. SIGUSR1 and SIGHUP ask for something ({@link #QUIESCE}, {@link #RESUME}).
 *
 * <p>A shutdown hook would not do. The JVM decides on 128 plus the signal's number before it runs
 * hooks, only {@code Runtime.halt} inside a hook could change that, also for an exit with another
 * reason, and while hooks run a second signal is lost. {@link Signals} leaves all of this to the
 * program.
 */
final class ServerSignals {
  /** Asks to quiesce. */
  static final String QUIESCE = "SIGUSR1";

  /** Asks to resume. */
  static final String RESUME = "SIGHUP";

  /** Asks to stop, and is no signal. */
  static final String CONTROL = "control";

  private static final List<String> STOPS = List.of("TERM", "INT");
  private static final List<String> REQUESTS = List.of("USR1", "HUP");

  private final BlockingQueue<String> received = new LinkedBlockingQueue<>();

  private @Nullable Runnable onStop;
  private volatile Runnable onResume = () -> {};
  private boolean stopAsked;

  /** Creates it without a signal handler: only calls of its methods reach it. */
  ServerSignals() {}

  /**
   * Begins to listen.
   *
   * @throws IllegalStateException if this JVM handles no signals, as with -Xrs; signals then kill
   *     the process
   */
  static ServerSignals install() {
    ServerSignals signals = new ServerSignals();
    for (String each : STOPS) {
      Object _ =
          Signals.handle(
              each,
              name -> {
                byDefault();
                signals.stopWith(name);
              });
    }
    for (String each : REQUESTS) {
      Object _ = Signals.handle(each, signals::request);
    }
    return signals;
  }

  /**
   * Asks to stop, as SIGTERM does. The next SIGTERM kills, as it does after a first SIGTERM. Any
   * thread.
   *
   * @throws IllegalStateException if this JVM handles no signals
   */
  void stop() {
    byDefault();
    stopWith(CONTROL);
  }

  /** Handles a signal that ends the server. Any thread. */
  void stopWith(String signal) {
    Runnable action;
    synchronized (this) {
      stopAsked = true;
      action = onStop;
    }
    if (action != null) {
      action.run();
    }
    received.add(signal);
  }

  /** Handles a signal with a request. Any thread. */
  void request(String signal) {
    if (signal.equals(RESUME)) {
      onResume.run();
    }
    received.add(signal);
  }

  /**
   * Sets the action that runs as soon as the server is told to resume, even while the thread that
   * calls {@link #next} waits for something else.
   *
   * @param action waits for nothing; any thread
   */
  void onResume(Runnable action) {
    onResume = action;
  }

  /**
   * Sets the action that runs as soon as the server is told to stop, even while the thread that
   * calls {@link #next} waits for something else; at once if it was told already.
   *
   * @param action waits for nothing; any thread
   */
  void onStop(Runnable action) {
    boolean late;
    synchronized (this) {
      onStop = action;
      late = stopAsked;
    }
    if (late) {
      action.run();
    }
  }

  /** Whether the server was told to stop. Any thread. */
  synchronized boolean stopAsked() {
    return stopAsked;
  }

  /** Restores the kernel's default actions. */
  private static void byDefault() {
    STOPS.forEach(Signals::byDefault);
  }

  /** Waits for the next signal, and returns it; any signal but a request ends the server. */
  String next() throws InterruptedException {
    return received.take();
  }
}
