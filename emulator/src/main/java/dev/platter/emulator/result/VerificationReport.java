package dev.platter.emulator.result;

import dev.platter.emulator.measure.workload.SectorFault;
import dev.platter.emulator.measure.workload.Verification;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.VerificationFacts;
import dev.platter.emulator.result.document.VerifyDocument;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a verification has found: in words for people, as a record for machines. */
public final class VerificationReport {
  /** The JSON's schema of a verification by itself. */
  public static final String SCHEMA = "platter.verify/1";

  private VerificationReport() {}

  /**
   * What was verified, in words: {@code verified 20,400 sectors}.
   *
   * @param read of sectors that were read through the device, or null
   * @param readBack of sectors that were read back from the image, or null
   * @return null if both are
   */
  public static @Nullable String words(
      @Nullable Verification read, @Nullable Verification readBack) {
    List<String> parts = new ArrayList<>();
    long wrong = 0;
    if (read != null) {
      parts.add(Units.count(read.sectors()) + " sectors as read");
      wrong += read.wrong();
    }
    if (readBack != null) {
      parts.add(
          Units.count(readBack.sectors())
              + " sectors by reading back"
              + (readBack.isCutShort() ? " (interrupted: not all)" : ""));
      wrong += readBack.wrong();
    }
    if (parts.isEmpty()) {
      return null;
    }
    return "verified "
        + String.join(", ", parts)
        + (wrong == 0 ? "" : ": " + Units.count(wrong) + (wrong == 1 ? " is" : " are") + " wrong");
  }

  /**
   * The {@code verification} object of docs/json.md.
   *
   * @param read of sectors that were read through the device, or null
   * @param readBack of sectors that were read back from the image, or null
   * @return null if both are
   */
  static @Nullable VerificationFacts facts(
      @Nullable Verification read, @Nullable Verification readBack) {
    List<Verification> all = new ArrayList<>();
    if (read != null) {
      all.add(read);
    }
    if (readBack != null) {
      all.add(readBack);
    }
    return all.isEmpty()
        ? null
        : facts(
            all,
            read == null ? 0 : read.sectors(),
            readBack == null ? 0 : readBack.sectors(),
            readBack == null || !readBack.isCutShort());
  }

  private static VerificationFacts facts(
      List<Verification> all, long readSectors, long readBackSectors, boolean complete) {
    Map<String, Long> wrong = new LinkedHashMap<>();
    for (SectorFault fault : SectorFault.values()) {
      wrong.put(fault.toString(), all.stream().mapToLong(one -> one.wrong(fault)).sum());
    }
    return new VerificationFacts(
        readSectors + readBackSectors,
        readSectors,
        readBackSectors,
        all.stream().mapToLong(Verification::wrong).sum(),
        complete,
        wrong,
        all.stream()
            .flatMap(one -> one.firstWrong().stream())
            .map(sector ->
                new VerificationFacts.WrongSectorFacts(
                    sector.offsetBytes(),
                    sector.fault().toString(),
                    sector.expectedWrite(),
                    sector.holds()))
            .toList());
  }

  /**
   * The JSON document of a verification by itself.
   *
   * @param state where the record of what is stable is kept
   * @param found what was found on the image
   */
  public static VerifyDocument document(
      Origin origin, EnvironmentFacts environment, String state, Verification found) {
    return new VerifyDocument(
        SCHEMA,
        origin.createdText(),
        origin.command(),
        environment,
        Map.of("verify_state", state),
        found.run().toString(),
        facts(List.of(found), 0, found.sectors(), !found.isCutShort()));
  }
}
