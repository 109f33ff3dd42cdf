package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.guestimages.GuestConsole;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.jr.ob.JSON;

/** Reads what guest jobs found. */
final class GuestResults {
  private GuestResults() {}

  /** The JSON lines of a job, which must have succeeded. */
  static List<Map<String, Object>> json(GuestConsole.Result result) {
    assertThat(result.succeeded()).as("%s: %s", result.name(), result.text()).isTrue();
    List<Map<String, Object>> lines = new ArrayList<>();
    result.json().forEach(line -> lines.add(JSON.std.mapFrom(line)));
    return lines;
  }

  /** The hash of each MiB. */
  static List<String> hashes(GuestConsole.Result result) {
    return json(result).stream()
        .filter(line -> line.containsKey("mib"))
        .map(line -> String.valueOf(line.get("sha256")))
        .toList();
  }

  /** No write was lost, torn, or older than a flush that came after it. */
  static void assertVerified(GuestConsole.Result verifyWrites) {
    assertThat(json(verifyWrites).getLast())
        .containsEntry("verified", true)
        .containsEntry("lost", 0)
        .containsEntry("torn", 0)
        .containsEntry("older_than_flush", 0)
        .containsEntry("stale", 0);
  }

  /** Neither a disk nor the kernel itself has complained. */
  static void assertNoTrouble(String dmesg) {
    assertThat(dmesg.lines())
        .noneMatch(line -> line.matches(".*(I/O error|exception Emask|hard resetting|timed out).*"))
        .noneMatch(line -> line.matches(".*(BUG:|WARNING:|Call Trace).*"));
  }
}
