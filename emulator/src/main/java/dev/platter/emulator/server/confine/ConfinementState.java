package dev.platter.emulator.server.confine;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The confinement of this process.
 *
 * @param confined whether the process has confined itself, as far as its kernel can
 * @param landlock the Landlock of the kernel, or why there is none, in words
 * @param noNewPrivileges whether no thread can gain privileges by executing a program
 * @param dumpable whether others may trace the process, and its memory may be dumped
 * @param lacking what a newer kernel would confine as well
 * @param unprobed whether every path is allowed, and so the rules could not be tried out
 */
public record ConfinementState(
    boolean confined,
    String landlock,
    boolean noNewPrivileges,
    boolean dumpable,
    List<String> lacking,
    boolean unprobed) {
  static final ConfinementState OFF =
      new ConfinementState(false, "off", false, true, List.of(), false);

  /** Copies the list. */
  public ConfinementState {
    lacking = List.copyOf(lacking);
  }

  /** The fields of the log event {@code confined}. */
  public Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("landlock", landlock);
    if (confined) {
      fields.put("no_new_privs", noNewPrivileges);
      fields.put("dumpable", dumpable);
      fields.put("lacking", lacking.isEmpty() ? "nothing" : String.join(", ", lacking));
      if (unprobed) {
        fields.put("probed", "no: every path to probe with is allowed"); // for example by --allow /
      }
    }
    return fields;
  }
}
