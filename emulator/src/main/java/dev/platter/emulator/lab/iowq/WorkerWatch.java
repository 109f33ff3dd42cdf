package dev.platter.emulator.lab.iowq;

import dev.platter.emulator.host.IoWorkerThreads;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Counts the workers of one thread: those whose owner had none when the watch began. That is told
 * by their names alone, because the kernel's thread ids are not ours in a PID namespace.
 */
final class WorkerWatch {
  private final Supplier<List<IoWorkerThreads.Worker>> workers;
  private final Set<String> others;
  // Null until it is fixed; empty if nobody had got workers then.
  private @Nullable Set<String> own;

  /** Begins, before the thread submits anything. */
  WorkerWatch(Supplier<List<IoWorkerThreads.Worker>> workers) {
    this.workers = workers;
    this.others = owners(workers.get());
  }

  private static Set<String> owners(List<IoWorkerThreads.Worker> workers) {
    return workers.stream()
        .map(IoWorkerThreads.Worker::owner)
        .collect(Collectors.toCollection(HashSet::new));
  }

  /**
   * Takes whoever has got workers meanwhile for the thread that is watched; called when it has
   * submitted, and before any other thread does.
   *
   * @return the owner as workers' names have it; more than one if others have come up too
   */
  Set<String> fix() {
    Set<String> found = owners(workers.get());
    found.removeAll(others);
    Set<String> fixed = Set.copyOf(found);
    own = fixed;
    return fixed;
  }

  /** How many workers it has now: of the owner that was fixed, or of any new one before. */
  int count() {
    Set<String> fixed = own;
    int count = 0;
    for (IoWorkerThreads.Worker worker : workers.get()) {
      if (fixed == null ? !others.contains(worker.owner()) : fixed.contains(worker.owner())) {
        count++;
      }
    }
    return count;
  }
}
