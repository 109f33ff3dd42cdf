package dev.platter.aio.sim;

import dev.platter.aio.sys.Libc;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The methods that {@link SimLoader} calls in place of those of the JDK, of libc and of the kernel.
 * Each has the parameters of the method whose place it takes.
 */
public final class SimHooks {
  private static @Nullable SimWorld world;
  private static @Nullable SimMonitors monitors;

  private SimHooks() {}

  static SimWorld world() {
    if (world == null) {
      throw new IllegalStateException("no simulation runs");
    }
    return world;
  }

  static void begin(SimWorld its) {
    world = its;
    monitors = new SimMonitors(its);
  }

  static void end() {
    world = null;
    monitors = null;
  }

  private static SimMonitors monitors() {
    world();
    return java.util.Objects.requireNonNull(monitors);
  }

  // ---- the JDK -------------------------------------------------------------------------------

  /** A place where threads share something. */
  public static void point() {
    world().point();
  }

  /** System.nanoTime. */
  public static long nanoTime() {
    return world().nanoTime();
  }

  /** Thread.onSpinWait and Thread.yield. */
  public static void onSpinWait() {
    world().spin();
  }

  /** LockSupport.parkNanos, which may return early. */
  public static void parkNanos(long nanos) {
    world().sleep(nanos);
  }

  /** Thread.ofPlatform. */
  public static SimThreadBuilder ofPlatform() {
    return new SimThreadBuilder();
  }

  /** Thread.join with a time. */
  public static boolean join(Thread thread, Duration atMost) {
    long end = world().now() + atMost.toNanos();
    while (thread.isAlive() && world().now() < end) {
      world().sleep(Math.max(1, (end - world().now()) / 4));
    }
    return !thread.isAlive();
  }

  /** CountDownLatch.await with a time. */
  public static boolean await(CountDownLatch latch, long time, TimeUnit unit) {
    long end = world().now() + unit.toNanos(time);
    while (latch.getCount() > 0 && world().now() < end) {
      world().sleep(Math.max(1, (end - world().now()) / 4));
    }
    return latch.getCount() == 0;
  }

  /** Entering a monitor. */
  public static void monitorEnter(Object object) {
    monitors().enter(object);
  }

  /** Leaving one. */
  public static void monitorExit(Object object) {
    monitors().exit(object);
  }

  /** Object.wait. */
  public static void objectWait(Object object) throws InterruptedException {
    monitors().await(object, 0);
  }

  /** Object.wait with a time. */
  public static void objectWait(Object object, long millis) throws InterruptedException {
    monitors().await(object, millis);
  }

  /** Object.notifyAll. */
  public static void notifyAll(Object object) {
    monitors().wakeAll(object);
  }

  // ---- libc and the kernel -------------------------------------------------------------------

  /** io_uring_setup(2). */
  public static int ioUringSetup(int entries, MemorySegment params) {
    return world().kernel().ioUringSetup(entries, params);
  }

  /** io_uring_enter(2). */
  public static int ioUringEnter(
      int fd, int toSubmit, int minComplete, int flags, long argument, long argumentSize) {
    return world().kernel().ioUringEnter(fd, toSubmit, minComplete, flags, argument);
  }

  /** io_uring_register(2). */
  public static int ioUringRegister(int fd, int opcode, long argument, int count) {
    return world().kernel().ioUringRegister(fd, opcode);
  }

  /** futex(2). */
  public static void futex(long address, int operation, int value, long timespec) {
    world().kernel().futex(address, operation, value, timespec);
  }

  /** write(2) to an eventfd. */
  public static void signalEventFd(int fd) {
    world().kernel().signal(fd);
  }

  /** eventfd(2). */
  public static int eventfd(int initial, int flags) {
    return world().kernel().eventfd(initial);
  }

  /** close(2). */
  public static int close(int fd) {
    return world().kernel().close(fd);
  }

  /** poll(2). */
  public static int poll(long pollfds, int count, int timeoutMillis) {
    return world().kernel().poll(pollfds, count, timeoutMillis);
  }

  /** mmap(2) of a ring: before it. */
  public static long mapping(int fd, long offset, long length) {
    return world().kernel().mapping(fd, offset, length);
  }

  /** mmap(2) of a ring: after it. */
  public static void mapped(MemorySegment memory) {
    world().kernel().mapped(memory);
  }

  // ---- for scenarios -------------------------------------------------------------------------

  /**
   * A real file of zeroes in memory, for block requests; the scenario closes it.
   *
   * @return its descriptor, which {@code /proc/self/fd} has as well
   */
  public static int openFile(int bytes) {
    int fd = Libc.memfdCreate("simulated", 0);
    if (fd < 0 || Libc.ftruncate(fd, bytes) < 0) {
      throw new IllegalStateException("memfd_create: " + fd);
    }
    return fd;
  }

  /** A turn for the other threads. */
  public static void pause() {
    world().spin();
  }
}
