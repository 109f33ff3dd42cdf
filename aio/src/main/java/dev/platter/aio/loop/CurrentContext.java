package dev.platter.aio.loop;

import org.jspecify.annotations.Nullable;

/**
 * The loop that the calling thread may queue into: its own loop, or the loop whose big lock it
 * holds.
 */
final class CurrentContext {
  private static final ThreadLocal<CurrentContext> HERE =
      ThreadLocal.withInitial(CurrentContext::new);

  private @Nullable AioContext own;
  private @Nullable BigLock held;

  private CurrentContext() {}

  /**
   * The thread's context.
   *
   * @throws IllegalStateException if it has none
   */
  static AioContext get() {
    CurrentContext here = HERE.get();
    AioContext context = here.own;
    if (context == null && here.held != null) {
      context = here.held.context();
    }
    if (context == null) {
      throw new IllegalStateException(
          "thread "
              + Thread.currentThread().getName()
              + " runs no loop and does not hold the big lock: it cannot start I/O");
    }
    return context;
  }

  /** The loop that the thread itself runs, or null. */
  static @Nullable AioContext own() {
    return HERE.get().own;
  }

  /** The thread now runs {@code loop}, or none. */
  static void setOwn(@Nullable AioContext loop) {
    HERE.get().own = loop;
  }

  /** The big lock that the thread holds, of all that there are, or null. */
  static @Nullable BigLock held() {
    return HERE.get().held;
  }

  /** The thread now holds a big lock, or none. */
  static void setHeld(@Nullable BigLock lock) {
    HERE.get().held = lock;
  }
}
