package dev.platter.emulator.result.document;

import java.util.List;
import java.util.Map;

/**
 * What was compared with what the sectors must hold.
 *
 * @param complete false if reading back was interrupted
 * @param wrong how many sectors have each fault
 */
public record VerificationFacts(
    long sectors,
    long readSectors,
    long readBackSectors,
    long wrongSectors,
    boolean complete,
    Map<String, Long> wrong,
    List<WrongSectorFacts> firstWrong) {
  /** A sector that is wrong. */
  public record WrongSectorFacts(
      long offsetBytes, String fault, long expectedWrite, String holds) {}
}
