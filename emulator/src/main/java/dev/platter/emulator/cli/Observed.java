package dev.platter.emulator.cli;

import dev.platter.emulator.trace.Observations;
import dev.platter.emulator.trace.PauseObserver;
import java.util.function.Supplier;

/**
 * What a command has measured, and what was going on in the process meanwhile.
 *
 * @param seen nothing if stages were not recorded
 */
record Observed<T>(T result, Observations seen) {
  /**
   * Measures.
   *
   * @param observe whether stages are recorded, and so to be explained
   */
  static <T> Observed<T> during(boolean observe, Supplier<T> measurement) {
    if (!observe) {
      return new Observed<>(measurement.get(), Observations.NONE);
    }
    try (PauseObserver observer = PauseObserver.start()) {
      T result = measurement.get();
      return new Observed<>(result, observer.stop());
    }
  }
}
