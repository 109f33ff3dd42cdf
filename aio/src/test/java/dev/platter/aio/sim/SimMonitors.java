package dev.platter.aio.sim;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Monitors of objects whose waiting threads the world chooses among, and not the JVM. */
final class SimMonitors {
  private static final class Monitor {
    private @Nullable Thread owner;
    private int depth;
    private final List<SimWorld.Waiter> entering = new ArrayList<>();
    private final List<SimWorld.Waiter> waiting = new ArrayList<>();

    private boolean isIdle() {
      return owner == null && entering.isEmpty() && waiting.isEmpty();
    }
  }

  private final SimWorld world;
  private final IdentityHashMap<Object, Monitor> monitors = new IdentityHashMap<>();

  SimMonitors(SimWorld world) {
    this.world = world;
  }

  void enter(Object object) {
    world.point();
    enter(object, 1);
  }

  private void enter(Object object, int depth) {
    Monitor monitor = monitors.computeIfAbsent(object, _ -> new Monitor());
    Thread thread = Thread.currentThread();
    if (thread.equals(monitor.owner)) {
      monitor.depth += depth;
      return;
    }
    while (monitor.owner != null) {
      SimWorld.Waiter waiter = world.waiter(SimWorld.NEVER);
      monitor.entering.add(waiter);
      boolean _ = world.await(waiter);
      // Others may have come and gone meanwhile, and an idle monitor is forgotten.
      monitor = monitors.computeIfAbsent(object, _ -> new Monitor());
    }
    monitor.owner = thread;
    monitor.depth = depth;
  }

  private Monitor owned(Object object) {
    Monitor monitor = monitors.get(object);
    if (monitor == null || !Thread.currentThread().equals(monitor.owner)) {
      throw new IllegalMonitorStateException("not the owner of " + object.getClass());
    }
    return monitor;
  }

  void exit(Object object) {
    Monitor monitor = owned(object);
    monitor.depth--;
    if (monitor.depth == 0) {
      free(object, monitor);
    }
  }

  private void free(Object object, Monitor monitor) {
    monitor.owner = null;
    if (!monitor.entering.isEmpty()) {
      int next = world.choices().choose(monitor.entering.size());
      world.wake(monitor.entering.remove(next));
    } else if (monitor.isIdle()) {
      monitors.remove(object);
    }
  }

  /** Object.wait; a time of 0 is none. */
  void await(Object object, long millis) throws InterruptedException {
    Monitor monitor = owned(object);
    int depth = monitor.depth;
    SimWorld.Waiter waiter =
        world.waiter(millis == 0 ? SimWorld.NEVER : world.now() + millis * 1_000_000L);
    monitor.waiting.add(waiter);
    free(object, monitor);
    boolean _ = world.await(waiter);
    monitor.waiting.remove(waiter);
    if (monitor.isIdle()) {
      monitors.remove(object);
    }
    enter(object, depth);
    if (SimWorld.isInterrupted(waiter)) {
      throw new InterruptedException();
    }
  }

  void wakeAll(Object object) {
    Monitor monitor = owned(object);
    monitor.waiting.forEach(world::wake);
    monitor.waiting.clear();
  }
}
