package dev.platter.emulator.doctor;

import dev.platter.aio.PlatterException.Kind;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One finding.
 *
 * @param name the subject: a stable word with underscores
 * @param status how good the finding is
 * @param text for people, without a full stop
 * @param remedy what to do about it, or null
 * @param kind the kind of failure of a command that needs the subject, for a problem; else null
 * @param facts the same for programs, as JSON; empty if the text is all there is
 */
public record DoctorLine(
    String name,
    Status status,
    String text,
    @Nullable String remedy,
    @Nullable Kind kind,
    Map<String, @Nullable Object> facts) {

  /** How good it is. */
  public enum Status {
    /** A fact that is neither good nor bad. */
    INFO,
    /** As it should be. */
    OK,
    /** Platter runs, but slower than possible or with parts missing. */
    WARNING,
    /** Platter does not run, or not with this image. */
    PROBLEM;

    /** As the page and the JSON have it. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Copies the facts. */
  public DoctorLine {
    facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
  }

  static DoctorLine info(String name, String text) {
    return new DoctorLine(name, Status.INFO, text, null, null, Map.of());
  }

  static DoctorLine ok(String name, String text) {
    return new DoctorLine(name, Status.OK, text, null, null, Map.of());
  }

  static DoctorLine warning(String name, String text, @Nullable String remedy) {
    return new DoctorLine(name, Status.WARNING, text, remedy, null, Map.of());
  }

  /** A host that lacks something. */
  static DoctorLine problem(String name, String text, @Nullable String remedy) {
    return new DoctorLine(name, Status.PROBLEM, text, remedy, Kind.HOST_LACKS, Map.of());
  }

  /** An image that cannot be used. */
  static DoctorLine unusable(String name, String text, @Nullable String remedy) {
    return new DoctorLine(name, Status.PROBLEM, text, remedy, Kind.BAD_INPUT, Map.of());
  }

  /** The same with facts. */
  DoctorLine with(Map<String, @Nullable Object> facts) {
    return new DoctorLine(name, status, text, remedy, kind, facts);
  }
}
