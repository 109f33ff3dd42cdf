package dev.platter.emulator.cli.shared;

import org.jspecify.annotations.Nullable;

/** Steps that are all taken, also when one of them fails. */
public final class AllSteps {
  private AllSteps() {}

  /**
   * Takes the steps, one after the other. Throws the first failure, an unchecked exception or an
   * error, with the others suppressed in it.
   */
  public static void run(Runnable... steps) {
    Throwable first = null;
    for (Runnable step : steps) {
      Throwable failure = failureOf(step);
      if (first == null) {
        first = failure;
      } else if (failure != null) {
        first.addSuppressed(failure);
      }
    }
    rethrow(first);
  }

  /** What a step fails of; null if it does not. */
  static @Nullable Throwable failureOf(Runnable step) {
    try {
      step.run();
      return null;
    } catch (RuntimeException | Error e) {
      return e;
    }
  }

  /** Throws what {@link #failureOf} has given, unless that is null. */
  public static void rethrow(@Nullable Throwable failure) {
    switch (failure) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(failure);
    }
  }
}
