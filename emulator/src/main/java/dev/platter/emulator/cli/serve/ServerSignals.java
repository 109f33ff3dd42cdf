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
 * hooks, only {@code Runtime.halt} inside one could change that, also for an exit that has another
 * reason, and while hooks run a second signal is swallowed. {@link Signals} leaves all of it to us.
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

  /** One that hears nothing but what it is told. */
  ServerSignals() {}

  /**
   * Begins to listen.
   *
   * @throws IllegalStateException if this JVM has no signals to offer, as with -Xrs; they keep
   *     their default then, and kill
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
   * Asks to stop, as SIGTERM does. The next SIGTERM kills, as ever after the first. Any thread.
   *
   * @throws IllegalStateException if this JVM has no signals to offer
   */
  void stop() {
    byDefault();
    stopWith(CONTROL);
  }

  /** What a signal that ends the server does. Any thread. */
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

  /** What a signal that asks for something does. Any thread. */
  void request(String signal) {
    if (signal.equals(RESUME)) {
      onResume.run();
    }
    received.add(signal);
  }

  /**
   * Sets what is done as soon as the server is asked to resume, whatever the thread that takes
   * {@link #next} waits for.
   *
   * @param action waits for nothing; any thread
   */
  void onResume(Runnable action) {
    onResume = action;
  }

  /**
   * Sets what is done as soon as the server is asked to stop, whatever the thread that takes {@link
   * #next} waits for; at once if it has been asked already.
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

  /** Whether the server has been asked to stop. Any thread. */
  synchronized boolean stopAsked() {
    return stopAsked;
  }

  /** From here on the kernel answers, without any help of ours. */
  private static void byDefault() {
    STOPS.forEach(Signals::byDefault);
  }

  /** Waits for the next signal, and says which it is; anything but a request ends the server. */
  String next() throws InterruptedException {
    return received.take();
  }
}
