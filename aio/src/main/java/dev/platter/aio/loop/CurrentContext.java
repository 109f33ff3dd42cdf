package dev.platter.aio.loop;

import org.jspecify.annotations.Nullable;

/** What the calling thread may queue into: its own loop, or the one of the big lock it holds. */
final class CurrentContext {
  private static final ThreadLocal<CurrentContext> HERE =
      ThreadLocal.withInitial(CurrentContext::new);

  private @Nullable AioContext own;
  private @Nullable BigLock held;

  private CurrentContext() {}

  /** The thread's context, or null. */
  static @Nullable AioContext get() {
    CurrentContext here = HERE.get();
    if (here.own != null) {
      return here.own;
    }
    BigLock lock = here.held;
    return lock == null ? null : lock.context();
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
