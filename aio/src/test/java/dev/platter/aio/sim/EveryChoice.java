package dev.platter.aio.sim;

import java.util.Arrays;

/**
 * All choices of small runs, one run after the other, depth first. Threads lose the processor at
 * most a few times in a run: most bugs need no more, and the number of runs stays finite.
 */
final class EveryChoice implements Choices {
  private final int maxPreemptions;
  private final int maxRare;
  private int[] taken = new int[256];
  private int[] counts = new int[256];
  private int depth;
  private int next;
  private int preemptions;
  private int rare;

  /**
   * Begins before the first run.
   *
   * @param maxPreemptions how often threads lose the processor in a run, at the most
   * @param maxRare how many rare things happen in a run, at the most
   */
  EveryChoice(int maxPreemptions, int maxRare) {
    this.maxPreemptions = maxPreemptions;
    this.maxRare = maxRare;
  }

  @Override
  public int choose(int count) {
    if (count == 1) {
      return 0;
    }
    if (next == depth) {
      if (depth == taken.length) {
        taken = Arrays.copyOf(taken, 2 * depth);
        counts = Arrays.copyOf(counts, 2 * depth);
      }
      taken[depth] = 0;
      counts[depth] = count;
      depth++;
    } else if (counts[next] != count) {
      throw new IllegalStateException("the same choices led to another run");
    }
    return taken[next++];
  }

  @Override
  public boolean preempt() {
    if (preemptions == maxPreemptions || choose(2) == 0) {
      return false;
    }
    preemptions++;
    return true;
  }

  @Override
  public boolean rarely(int oneIn) {
    if (rare == maxRare || choose(2) == 0) {
      return false;
    }
    rare++;
    return true;
  }

  /**
   * Goes to the next run.
   *
   * @return false if all runs were made
   */
  boolean nextRun() {
    // Choices that the last run did not come to belong to no run.
    depth = next;
    next = 0;
    preemptions = 0;
    rare = 0;
    while (depth > 0) {
      depth--;
      if (++taken[depth] < counts[depth]) {
        depth++;
        return true;
      }
    }
    return false;
  }
}
