package dev.platter.emulator.cli.shared;

import dev.platter.emulator.measure.stages.Observations;
import dev.platter.emulator.measure.stages.PauseObserver;
import org.jspecify.annotations.Nullable;

/**
 * How a measurement ended, and what was going on in the process meanwhile.
 *
 * @param failure what ended it early, or null: an unchecked exception or an error
 * @param seen nothing if stages were not recorded
 */
public record MeasurementOutcome(@Nullable Throwable failure, Observations seen) {
  /**
   * Measures. What the measurement has collected by the time it fails is still worth telling.
   *
   * @param observe whether stages are recorded, and so to be explained
   */
  public static MeasurementOutcome during(boolean observe, Runnable measurement) {
    if (!observe) {
      return new MeasurementOutcome(AllSteps.failureOf(measurement), Observations.NONE);
    }
    try (PauseObserver observer = PauseObserver.start()) {
      Throwable failure = AllSteps.failureOf(measurement);
      return new MeasurementOutcome(failure, observer.stop());
    }
  }

  /** What ended it early, in a sentence for people; null if nothing did. */
  public @Nullable String failureText() {
    return failure == null ? null : String.valueOf(failure.getMessage());
  }

  /** Throws what ended it early, if anything did. */
  public void throwFailure() {
    AllSteps.rethrow(failure);
  }
}
