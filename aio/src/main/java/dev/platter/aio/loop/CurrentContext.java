package dev.platter.aio.loop;

import org.jspecify.annotations.Nullable;

/** Which context the calling thread may queue into: its own loop's, or its big lock's. */
final class CurrentContext {
  private static final ThreadLocal<CurrentContext> HERE =
      ThreadLocal.withInitial(CurrentContext::new);

  private @Nullable AioContext own;
  private @Nullable AioContext throughLock;

  private CurrentContext() {}

  /** The thread's context, or null. */
  static @Nullable AioContext get() {
    CurrentContext here = HERE.get();
    return here.own != null ? here.own : here.throughLock;
  }

  /** The loop that the thread itself runs, or null. */
  static @Nullable AioContext own() {
    return HERE.get().own;
  }

  /** The thread now runs {@code loop}, or none. */
  static void setOwn(@Nullable AioContext loop) {
    HERE.get().own = loop;
  }

  /** The thread now holds the lock that {@code main} shares, or none. */
  static void setThroughLock(@Nullable AioContext main) {
    HERE.get().throughLock = main;
  }
}
