package dev.platter.emulator.lab.iowq;

import dev.platter.emulator.host.IoWorkerThreads;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Counts the workers of one thread: those whose owner had no worker when the watch began. Owners
 * are found by the names of workers, because the kernel's thread ids differ from ours in a PID
 * namespace.
 */
final class WorkerWatch {
  private final Supplier<List<IoWorkerThreads.Worker>> workers;
  private final Set<String> others;
  // Null until {@link #fix}; empty if no thread had got workers then.
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
   * Takes the owner of new workers for the watched thread; called after that thread has submitted
   * and before any other thread does.
   *
   * @return the owner in workers' names; several if other threads have got workers, too
   */
  Set<String> fix() {
    Set<String> found = owners(workers.get());
    found.removeAll(others);
    Set<String> fixed = Set.copyOf(found);
    own = fixed;
    return fixed;
  }

  /** How many workers the thread has now; before {@link #fix}, how many all new owners have. */
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
