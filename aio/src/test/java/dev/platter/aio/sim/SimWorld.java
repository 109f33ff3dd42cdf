package dev.platter.aio.sim;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A host with one processor, on which nothing happens by chance: its threads are virtual threads
 * that run one at a time, its clock goes forward when a thread looks at it or all threads wait, and
 * {@link Choices} decide all that is left. The thread that calls {@link #run} is the processor.
 */
final class SimWorld implements Executor {
  /** A time that never comes. */
  static final long NEVER = Long.MAX_VALUE;

  private static final Method NEW_VIRTUAL_THREAD = newVirtualThread();
  private static final Field CONTINUATION = continuation();
  private static final long CLOCK_STEP_NANOS = 200;
  private static final int LATE_ONE_IN = 8;

  /** A thread that waits until it is woken, or until a time. */
  static final class Waiter {
    private final Thread thread;
    private final long deadlineNanos;
    private boolean woken;
    private boolean late;
    private boolean interrupted;

    private Waiter(Thread thread, long deadlineNanos) {
      this.thread = thread;
      this.deadlineNanos = deadlineNanos;
    }
  }

  private final Choices choices;
  private final long maxSteps;
  private final List<Runnable> runnable = new ArrayList<>();
  private final Set<Thread> spinning = new HashSet<>();
  private final List<Waiter> waiters = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final IdentityHashMap<Object, Thread> byContinuation = new IdentityHashMap<>();
  // What the JVM gives back from threads of its own: see runUntilItWaits.
  private final Queue<Runnable> unblocked = new ConcurrentLinkedQueue<>();
  private final Thread processor = Thread.currentThread();
  private final SimKernel kernel;
  private long clockNanos = 1_000_000_000L;
  private long steps;
  private @Nullable Throwable failure;

  SimWorld(Choices choices, long maxSteps) {
    this.choices = choices;
    this.maxSteps = maxSteps;
    kernel = new SimKernel(this);
  }

  private static Method newVirtualThread() {
    try {
      Method method =
          Class.forName("java.lang.ThreadBuilders")
              .getDeclaredMethod(
                  "newVirtualThread", Executor.class, String.class, int.class, Runnable.class);
      method.setAccessible(true);
      return method;
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static Field continuation() {
    try {
      Field field = Class.forName("java.lang.VirtualThread").getDeclaredField("runContinuation");
      field.setAccessible(true);
      return field;
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  SimKernel kernel() {
    return kernel;
  }

  Choices choices() {
    return choices;
  }

  /** How many decisions, switch points and system calls there were. */
  long steps() {
    return steps;
  }

  // ---- the processor -------------------------------------------------------------------------

  /**
   * Runs a scenario and all threads that it starts to their ends.
   *
   * @throws SimFailure if a thread throws, if all wait for ever, or if there is no end of it
   */
  void run(Runnable scenario) {
    Thread main = thread("scenario", scenario);
    main.start();
    goOn();
    if (!main.isAlive()) {
      // What is left are threads that serve the process, and wait for something to do.
      List.copyOf(waiters).forEach(this::interrupt);
      goOn();
    }
    if (failure == null && threads.stream().anyMatch(Thread::isAlive)) {
      failure = new SimFailure("all threads wait for ever:\n" + stacks(), null);
    }
    if (failure != null) {
      throw failure instanceof SimFailure known ? known : new SimFailure("a thread died", failure);
    }
  }

  /** Lets things happen until nothing more can, or a thread has failed. */
  private void goOn() {
    while (failure == null) {
      List<Runnable> ready = ready();
      int events = kernel.events();
      boolean late = ready.isEmpty() && events > 0 && choices.rarely(LATE_ONE_IN);
      if (late && nextDeadline()) {
        step(); // a timer rings before the disk answers
      } else if (ready.size() + events > 0) {
        int chosen = choices.choose(ready.size() + events);
        if (chosen < ready.size()) {
          Runnable next = ready.get(chosen);
          runnable.remove(next);
          runUntilItWaits(next);
        } else {
          spinning.clear();
          kernel.happen(chosen - ready.size());
        }
      } else if (!nextDeadline()) {
        break;
      }
      step();
    }
  }

  /** The threads that can go on; one that spins does so once another thread has. */
  private List<Runnable> ready() {
    if (spinning.isEmpty()) {
      return runnable;
    }
    List<Runnable> others = new ArrayList<>(runnable);
    others.removeIf(one -> spinning.contains(byContinuation.get(one)));
    if (others.isEmpty() && kernel.events() == 0) {
      boolean _ = nextDeadline();
      spinning.clear();
      return runnable;
    }
    return others;
  }

  /**
   * Runs a thread until it waits, yields or ends. If it waits for a monitor that the JDK shares
   * with a real thread, such as that of cleaners, it goes on before anything else does: chance
   * would come in by the order otherwise.
   */
  private void runUntilItWaits(Runnable continuation) {
    Thread thread = Objects.requireNonNull(byContinuation.get(continuation));
    spinning.removeIf(other -> !other.equals(thread));
    continuation.run();
    while (isBlockedByJvm(thread, continuation)) {
      Runnable back = unblocked.poll();
      if (back == null) {
        Thread.onSpinWait();
      } else {
        back.run();
      }
    }
  }

  private boolean isBlockedByJvm(Thread thread, Runnable continuation) {
    return switch (thread.getState()) {
      case BLOCKED -> true;
      case RUNNABLE -> !runnable.contains(continuation);
      default -> false;
    };
  }

  /** Lets the clock go on to the next time that a thread waits for. */
  private boolean nextDeadline() {
    Waiter first = null;
    for (Waiter waiter : waiters) {
      if (first == null || waiter.deadlineNanos < first.deadlineNanos) {
        first = waiter;
      }
    }
    if (first == null || first.deadlineNanos == NEVER) {
      return false;
    }
    clockNanos = Math.max(clockNanos, first.deadlineNanos);
    first.late = true;
    wake(first);
    return true;
  }

  private void step() {
    if (++steps > maxSteps && failure == null) {
      failure = new SimFailure("no end after " + maxSteps + " steps:\n" + stacks(), null);
    }
  }

  private String stacks() {
    StringBuilder text = new StringBuilder();
    for (Thread thread : threads) {
      if (thread.isAlive()) {
        text.append(thread.getName()).append('\n');
        for (StackTraceElement frame : thread.getStackTrace()) {
          if (!frame.getClassName().startsWith("java.")) {
            text.append("  at ").append(frame).append('\n');
          }
        }
      }
    }
    return text.toString();
  }

  /** A virtual thread can go on: the processor takes it up when it is chosen. */
  @Override
  public void execute(Runnable continuation) {
    Thread caller = Thread.currentThread();
    if (caller.isVirtual() || caller.equals(processor)) {
      runnable.add(continuation);
    } else {
      unblocked.add(continuation);
    }
  }

  // ---- threads -------------------------------------------------------------------------------

  Thread thread(@Nullable String name, Runnable body) {
    Runnable guarded =
        () -> {
          try {
            body.run();
          } catch (Throwable e) {
            if (failure == null) {
              failure = e;
            }
          }
        };
    try {
      Thread thread = (Thread) NEW_VIRTUAL_THREAD.invoke(null, this, name, 0, guarded);
      threads.add(thread);
      byContinuation.put(CONTINUATION.get(thread), thread);
      return thread;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A place where the running thread may lose the processor. */
  @SuppressWarnings("ThreadPriorityCheck") // the scheduler is this class
  void point() {
    step();
    if (Thread.currentThread().isVirtual() && choices.preempt()) {
      Thread.yield();
    }
  }

  /** The running thread cannot do anything useful: others go on. */
  @SuppressWarnings("ThreadPriorityCheck") // as above
  void spin() {
    step();
    clockNanos += CLOCK_STEP_NANOS;
    spinning.add(Thread.currentThread());
    Thread.yield();
  }

  long nanoTime() {
    clockNanos += CLOCK_STEP_NANOS;
    return clockNanos;
  }

  /** The clock, which does not go on for being asked. */
  long now() {
    return clockNanos;
  }

  // ---- waiting -------------------------------------------------------------------------------

  /** The running thread as one that is about to {@link #await}. */
  Waiter waiter(long deadlineNanos) {
    return new Waiter(Thread.currentThread(), deadlineNanos);
  }

  /**
   * Waits until the waiter is woken.
   *
   * @return false if its time has come instead
   */
  boolean await(Waiter waiter) {
    step();
    if (!waiter.woken) {
      waiters.add(waiter);
      while (!waiter.woken) {
        LockSupport.park();
      }
    }
    return !waiter.late;
  }

  /** Whether the wait was ended by {@link #interrupt}. */
  static boolean isInterrupted(Waiter waiter) {
    return waiter.interrupted;
  }

  private void interrupt(Waiter waiter) {
    waiter.interrupted = true;
    wake(waiter);
  }

  void wake(Waiter waiter) {
    if (!waiter.woken) {
      waiter.woken = true;
      waiters.remove(waiter);
      LockSupport.unpark(waiter.thread);
    }
  }

  void sleep(long nanos) {
    boolean _ = await(waiter(clockNanos + nanos));
  }
}
