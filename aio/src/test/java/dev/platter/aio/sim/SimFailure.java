package dev.platter.aio.sim;

import org.jspecify.annotations.Nullable;

/** What a simulated run has found. */
public final class SimFailure extends AssertionError {
  private static final long serialVersionUID = 1L;

  SimFailure(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
