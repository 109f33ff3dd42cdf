package dev.platter.emulator.result;

import dev.platter.emulator.measure.workload.SectorFault;
import dev.platter.emulator.measure.workload.Verification;
import dev.platter.emulator.measure.workload.Verification.WrongSector;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a verification has found: in words for people, as a map for machines. */
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
  public static @Nullable Map<String, @Nullable Object> toMap(
      @Nullable Verification read, @Nullable Verification readBack) {
    if (read == null && readBack == null) {
      return null;
    }
    Map<String, @Nullable Object> wrong = new LinkedHashMap<>();
    for (SectorFault fault : SectorFault.values()) {
      wrong.put(
          fault.toString(),
          (read == null ? 0 : read.wrong(fault)) + (readBack == null ? 0 : readBack.wrong(fault)));
    }
    List<Object> first = new ArrayList<>();
    if (read != null) {
      read.firstWrong().forEach(sector -> first.add(toMap(sector)));
    }
    if (readBack != null) {
      readBack.firstWrong().forEach(sector -> first.add(toMap(sector)));
    }
    long readSectors = read == null ? 0 : read.sectors();
    long backSectors = readBack == null ? 0 : readBack.sectors();
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("sectors", readSectors + backSectors);
    map.put("read_sectors", readSectors);
    map.put("read_back_sectors", backSectors);
    map.put(
        "wrong_sectors",
        (read == null ? 0 : read.wrong()) + (readBack == null ? 0 : readBack.wrong()));
    map.put("complete", readBack == null || !readBack.isCutShort());
    map.put("wrong", wrong);
    map.put("first_wrong", first);
    return map;
  }

  private static Map<String, Object> toMap(WrongSector sector) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("offset_bytes", sector.offsetBytes());
    map.put("fault", sector.fault().toString());
    map.put("expected_write", sector.expectedWrite());
    map.put("holds", sector.holds());
    return map;
  }

  /**
   * The JSON document of a verification by itself.
   *
   * @param state where the record of what is stable is kept
   * @param found what was found on the image
   */
  public static Map<String, @Nullable Object> json(
      Map<String, @Nullable Object> environment, String state, Verification found) {
    Map<String, @Nullable Object> parameters = new LinkedHashMap<>();
    parameters.put("verify_state", state);
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    document.put("schema", SCHEMA);
    document.put("environment", environment);
    document.put("parameters", parameters);
    document.put("run", found.run().toString());
    document.put("verification", toMap(null, found));
    return document;
  }
}
