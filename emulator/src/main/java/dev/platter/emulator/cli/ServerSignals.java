package dev.platter.emulator.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
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
 * reason, and while hooks run a second signal is swallowed. {@code sun.misc.Signal} (module
 * jdk.unsupported, which the JDK keeps for this want of a replacement) leaves all of it to us.
 * javac warns of each use of it and can be told not to only for a whole module; hence the
 * reflection.
 *
 * <p>HotSpot has a use of its own for SIGUSR2, and none for SIGUSR1. A SIGHUP that was ignored when
 * the process was started, as under nohup, stays ignored.
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
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      InvocationHandler first =
          (_, _, arguments) -> {
            byDefault(signal, handler);
            signals.stopWith(String.valueOf(arguments[0]));
            return null;
          };
      InvocationHandler request =
          (_, _, arguments) -> {
            signals.request(String.valueOf(arguments[0]));
            return null;
          };
      for (String each : STOPS) {
        handle(signal, handler, each, proxy(handler, first));
      }
      for (String each : REQUESTS) {
        handle(signal, handler, each, proxy(handler, request));
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot listen for signals: " + e, e);
    }
    return signals;
  }

  private static Object proxy(Class<?> handler, InvocationHandler ours) {
    return Proxy.newProxyInstance(
        ServerSignals.class.getClassLoader(), new Class<?>[] {handler}, ours);
  }

  private static void handle(Class<?> signal, Class<?> handler, String name, Object what)
      throws ReflectiveOperationException {
    Object number = signal.getConstructor(String.class).newInstance(name);
    signal.getMethod("handle", signal, handler).invoke(null, number, what);
  }

  /**
   * Asks to stop, as SIGTERM does. The next SIGTERM kills, as ever after the first. Any thread.
   *
   * @throws IllegalStateException if this JVM has no signals to offer
   */
  void stop() {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      byDefault(signal, handler);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot give signals back: " + e, e);
    }
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
  private static void byDefault(Class<?> signal, Class<?> handler)
      throws ReflectiveOperationException {
    Object byDefault = handler.getField("SIG_DFL").get(null);
    for (String each : STOPS) {
      handle(signal, handler, each, byDefault);
    }
  }

  /** Waits for the next signal, and says which it is; anything but a request ends the server. */
  String next() throws InterruptedException {
    return received.take();
  }
}
