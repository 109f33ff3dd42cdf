package dev.platter.emulator.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * SIGTERM and SIGINT for a server that ends by itself: the first lets {@link #await} return, and
 * the process exits with the code of its own choice; the second kills the process, whatever it is
 * doing.
 *
 * <p>A shutdown hook would not do. The JVM decides on 128 plus the signal's number before it runs
 * hooks, only {@code Runtime.halt} inside one could change that, also for an exit that has another
 * reason, and while hooks run a second signal is swallowed. {@code sun.misc.Signal} (module
 * jdk.unsupported, which the JDK keeps for this want of a replacement) leaves both to us. javac
 * warns of each use of it and can be told not to only for a whole module; hence the reflection.
 */
final class StopSignals {
  private static final List<String> NAMES = List.of("TERM", "INT");

  private final CountDownLatch received = new CountDownLatch(1);
  private volatile String name = "";

  private StopSignals() {}

  /**
   * Begins to listen.
   *
   * @throws IllegalStateException if this JVM has no signals to offer, as with -Xrs; they keep
   *     their default then, and kill
   */
  static StopSignals install() {
    StopSignals signals = new StopSignals();
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object byDefault = handler.getField("SIG_DFL").get(null);
      InvocationHandler first =
          (_, _, arguments) -> {
            // From here on the kernel answers, without any help of ours.
            for (String each : NAMES) {
              handle(signal, handler, each, byDefault);
            }
            signals.name = String.valueOf(arguments[0]);
            signals.received.countDown();
            return null;
          };
      Object ours =
          Proxy.newProxyInstance(
              StopSignals.class.getClassLoader(), new Class<?>[] {handler}, first);
      for (String each : NAMES) {
        handle(signal, handler, each, ours);
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot listen for signals: " + e, e);
    }
    return signals;
  }

  private static void handle(Class<?> signal, Class<?> handler, String name, Object what)
      throws ReflectiveOperationException {
    Object number = signal.getConstructor(String.class).newInstance(name);
    signal.getMethod("handle", signal, handler).invoke(null, number, what);
  }

  /** Waits for the first signal, and says which it was. */
  String await() throws InterruptedException {
    received.await();
    return name;
  }
}
