package dev.platter.emulator.server;

import dev.platter.aio.loop.Threads;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Something that is done to an export, on a thread of its own and in the export's turn. */
final class EachExport {
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final CountDownLatch done = new CountDownLatch(1);
  // Written before done is counted down, read after.
  private boolean worked;
  private @Nullable Throwable failure;

  private EachExport() {}

  /**
   * Does something to several exports at once: one whose disk does not answer keeps no other from
   * it.
   *
   * @param what a word for it, in names of threads
   * @param over whether to wait no more; what has begun goes on then
   * @param action says whether it has worked
   * @return whether it has worked for all
   */
  static boolean all(
      String what,
      List<ServedExport> exports,
      Turns turns,
      BooleanSupplier over,
      Predicate<ServedExport> action) {
    List<EachExport> begun = new ArrayList<>();
    for (ServedExport export : exports) {
      EachExport each = new EachExport();
      begun.add(each);
      Runnable task = () -> each.run(export, turns, over, action);
      try {
        Thread.ofPlatform().daemon().name(what + "-" + export.name()).start(task);
      } catch (OutOfMemoryError e) {
        task.run(); // no thread to be had: one after the other
      }
    }
    boolean all = true;
    for (EachExport each : begun) {
      all &= each.await(over);
    }
    return all;
  }

  private void run(
      ServedExport export, Turns turns, BooleanSupplier over, Predicate<ServedExport> action) {
    try (Turns.Turn _ = turns.of(export.name(), over)) {
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
