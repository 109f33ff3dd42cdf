package dev.platter.emulator.measure.workload;

import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * The identity of a run: a random number in every sector and in the verify state. With it, data of
 * another run is never taken for this run's.
 *
 * @param value never 0
 */
public record RunIdentity(long value) {
  /** A new run's. */
  public static RunIdentity random() {
    SecureRandom random = new SecureRandom();
    long value = 0;
    while (value == 0) {
      value = random.nextLong();
    }
    return new RunIdentity(value);
  }

  /** 16 hexadecimal digits. */
  @Override
  public String toString() {
    return HexFormat.of().toHexDigits(value);
  }
}
