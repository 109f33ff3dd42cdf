package dev.platter.aio.sim;

import java.lang.reflect.Constructor;
import org.jspecify.annotations.Nullable;

/**
 * Runs scenarios on a simulated host. A scenario is a class with a public constructor without
 * parameters, whose {@code run} starts threads and loops, checks what they do, and ends them.
 *
 * <p>{@code -Dplatter.seed=N} makes {@link #random} run this seed alone, to replay a failure.
 */
public final class Simulation {
  private static final Long ONLY = Long.getLong("platter.seed");
  private static final long MAX_STEPS = 2_000_000;
  private static final int WARM_UP_RUNS = 200;

  private final Class<? extends Runnable> scenario;
  private final SimLoader loader;

  private Simulation(Class<? extends Runnable> scenario, @Nullable Mutant mutant) {
    this.scenario = scenario;
    loader = new SimLoader(mutant);
  }

  /** Of a scenario. */
  public static Simulation of(Class<? extends Runnable> scenario) {
    return new Simulation(scenario, null);
  }

  /** The same with a bug in the code that the scenario uses. */
  public Simulation with(Mutant mutant) {
    return new Simulation(scenario, mutant);
  }

  /**
   * What was tried.
   *
   * @param runs how many runs
   * @param steps how many decisions, switch points and system calls in all of them
   * @param complete whether no other run is possible
   * @param seed of the run that failed, or its number
   * @param failure what it failed of; null if none did
   */
  public record Result(
      long runs, long steps, boolean complete, long seed, @Nullable SimFailure failure) {
    /**
     * Throws what a run has failed of, with what repeats it.
     *
     * @return this
     */
    public Result check() {
      if (failure != null) {
        throw new SimFailure(
            "run " + seed + " (repeat it with -Dplatter.seed=" + seed + ")", failure);
      }
      return this;
    }
  }

  /** Runs with so many seeds, until one fails. */
  public Result random(int seeds) {
    long steps = 0;
    long first = ONLY == null ? 0 : ONLY;
    long end = ONLY == null ? seeds : ONLY + 1;
    for (long seed = first; seed < end; seed++) {
      SimWorld world = new SimWorld(new SeededChoices(seed), MAX_STEPS);
      SimFailure failure = run(world);
      steps += world.steps();
      if (failure != null) {
        return new Result(seed - first + 1, steps, false, seed, failure);
      }
    }
    return new Result(end - first, steps, false, 0, null);
  }

  /**
   * Makes every run in which threads lose the processor at most so often, until one fails.
   *
   * @param maxPreemptions how often threads lose the processor without need
   * @param maxRare how many rare things happen, as an interrupted system call
   * @param maxRuns when to give up
   */
  public Result every(int maxPreemptions, int maxRare, long maxRuns) {
    // Classes are initialized in these runs, and make no difference in those that follow.
    Result _ = random(WARM_UP_RUNS);
    EveryChoice choices = new EveryChoice(maxPreemptions, maxRare);
    long steps = 0;
    for (long run = 1; ; run++) {
      SimWorld world = new SimWorld(choices, MAX_STEPS);
      SimFailure failure = run(world);
      steps += world.steps();
      if (failure != null) {
        return new Result(run, steps, false, run, failure);
      }
      if (!choices.nextRun()) {
        return new Result(run, steps, true, 0, null);
      }
      if (run == maxRuns) {
        return new Result(run, steps, false, 0, null);
      }
    }
  }

  private @Nullable SimFailure run(SimWorld world) {
    SimHooks.begin(world);
    try {
      Constructor<?> constructor = loader.loadClass(scenario.getName()).getConstructor();
      world.run(() -> fresh(constructor).run());
      if (world.kernel().open() > 0) {
        return new SimFailure(world.kernel().open() + " descriptors are left open", null);
      }
      return null;
    } catch (SimFailure e) {
      return e;
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException("no scenario: " + scenario, e);
    } finally {
      SimHooks.end();
    }
  }

  /** Made on the simulated host, because a constructor may start threads. */
  private static Runnable fresh(Constructor<?> constructor) {
    try {
      return (Runnable) constructor.newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException("no scenario: " + constructor, e);
    }
  }

  /** Whether the code with the bug was run. */
  public boolean isPlanted() {
    return loader.isPlanted();
  }
}
