package dev.platter.emulator.server;

import dev.platter.aio.loop.Threads;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** An operation on one export, on a thread of its own and with the export's lock. */
final class ExportTask {
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final CountDownLatch done = new CountDownLatch(1);
  // Written before done is counted down, read after.
  private boolean worked;
  private @Nullable Throwable failure;

  private ExportTask() {}

  /**
   * Runs an operation on several exports at once: an export whose disk does not answer holds up no
   * other.
   *
   * @param what the operation's word in names of threads
   * @param over whether to wait no more; operations that have begun go on then
   * @param action the operation; returns whether it has worked
   * @return whether the operation has worked for all exports
   */
  static boolean all(
      String what,
      List<ServedExport> exports,
      ChangeLocks locks,
      BooleanSupplier over,
      Predicate<ServedExport> action) {
    List<ExportTask> begun = new ArrayList<>();
    for (ServedExport export : exports) {
      ExportTask each = new ExportTask();
      begun.add(each);
      Runnable task = () -> each.run(export, locks, over, action);
      try {
        Thread.ofPlatform().daemon().name(what + "-" + export.name()).start(task);
      } catch (OutOfMemoryError e) {
        task.run(); // no thread to be had: one export after the other
      }
    }
    boolean all = true;
    for (ExportTask each : begun) {
      all &= each.await(over);
    }
    return all;
  }

  private void run(
      ServedExport export,
      ChangeLocks locks,
      BooleanSupplier over,
      Predicate<ServedExport> action) {
    try (ChangeLocks.Held _ = locks.acquire(export.name(), over)) {
      worked = !over.getAsBoolean() && action.test(export);
    } catch (RuntimeException | Error e) {
      failure = e;
    } finally {
      done.countDown();
    }
  }

  private boolean await(BooleanSupplier over) {
    while (!Threads.awaitUninterruptibly(done, LOOK_NANOS)) {
      if (over.getAsBoolean()) {
        return false;
      }
    }
    if (failure != null) {
      throw new IllegalStateException("a thread of this export died", failure);
    }
    return worked;
  }
}
