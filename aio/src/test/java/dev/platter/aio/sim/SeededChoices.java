package dev.platter.aio.sim;

import java.util.SplittableRandom;

/** Choices of a pseudo-random generator: a seed is a run. */
final class SeededChoices implements Choices {
  private final SplittableRandom random;
  private final int oneIn;

  SeededChoices(long seed) {
    random = new SplittableRandom(seed);
    // Some runs switch threads at nearly every point, others hardly ever: both find bugs.
    oneIn = 1 << random.nextInt(1, 8);
  }

  @Override
  public int choose(int count) {
    return count == 1 ? 0 : random.nextInt(count);
  }

  @Override
  public boolean preempt() {
    return random.nextInt(oneIn) == 0;
  }

  @Override
  public boolean rarely(int oneInMany) {
    return random.nextInt(oneInMany) == 0;
  }
}
