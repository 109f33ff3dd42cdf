package dev.platter.emulator.cli.shared;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.function.Consumer;

/**
 * Who handles a signal: {@code sun.misc.Signal}, of module jdk.unsupported, which the JDK keeps for
 * want of a replacement. javac warns of each use of it and can be told not to only for a whole
 * module; hence the reflection.
 *
 * <p>HotSpot has a use of its own for SIGUSR2, and none for SIGUSR1. A SIGHUP or SIGINT that was
 * ignored when the process was started, as under nohup, stays ignored.
 */
public final class Signals {
  private static final String SIGNAL = "sun.misc.Signal";
  private static final String HANDLER = "sun.misc.SignalHandler";

  private Signals() {}

  /**
   * Has a signal handled.
   *
   * @param name without SIG
   * @param action told the signal's name with SIG, on a thread of its own
   * @return what has handled it until now, for {@link #restore}
   * @throws IllegalStateException if this JVM has no signals to offer, as with -Xrs
   */
  public static Object handle(String name, Consumer<String> action) {
    InvocationHandler handler =
        (_, _, arguments) -> {
          action.accept(String.valueOf(arguments[0]));
          return null;
        };
    try {
      Class<?> type = Class.forName(HANDLER);
      return set(
          name,
          Proxy.newProxyInstance(Signals.class.getClassLoader(), new Class<?>[] {type}, handler));
    } catch (ReflectiveOperationException e) {
      throw refused(e);
    }
  }

  /**
   * Has a signal handled as before.
   *
   * @param previous what {@link #handle} has given for it
   */
  public static void restore(String name, Object previous) {
    try {
      set(name, previous);
    } catch (ReflectiveOperationException e) {
      throw refused(e);
    }
  }

  /** Leaves a signal to the kernel, which needs no help of ours. */
  public static void byDefault(String name) {
    try {
      set(name, Class.forName(HANDLER).getField("SIG_DFL").get(null));
    } catch (ReflectiveOperationException e) {
      throw refused(e);
    }
  }

  private static Object set(String name, Object handler) throws ReflectiveOperationException {
    Class<?> signal = Class.forName(SIGNAL);
    Class<?> type = Class.forName(HANDLER);
    Object number = signal.getConstructor(String.class).newInstance(name);
    return signal.getMethod("handle", signal, type).invoke(null, number, handler);
  }

  private static IllegalStateException refused(ReflectiveOperationException failure) {
    Throwable reason =
        failure instanceof InvocationTargetException wrapper ? wrapper.getCause() : failure;
    return new IllegalStateException("this JVM gives its signals to nobody: " + reason, failure);
  }
}
