package dev.platter.emulator.server.confine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.jr.ob.JSON;

/** Both shipped profiles, for engines that know conditions and for runtimes that do not. */
class SeccompProfilesTest {
  private static final Path CONDITIONAL = Path.of("deploy/seccomp/platter.json");
  private static final Path FLAT = Path.of("deploy/seccomp/platter-kubernetes.json");
  private static final String INCLUDES = "includes";
  private static final String EXCLUDES = "excludes";
  private static final String CAPS = "caps";
  private static final String[] RINGS = {"io_uring_setup", "io_uring_enter", "io_uring_register"};

  private static Map<String, Object> profile(Path file) throws IOException {
    return JSON.std.mapFrom(Files.readString(file));
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> rules(Path file) throws IOException {
    return (List<Map<String, Object>>) Objects.requireNonNull(profile(file).get("syscalls"));
  }

  /** Whether it is for processes with a capability alone. */
  private static boolean needsCapability(Map<String, Object> rule) {
    return rule.get(INCLUDES) instanceof Map<?, ?> condition && condition.containsKey(CAPS);
  }

  private static Map<String, Object> withoutConditions(Map<String, Object> rule) {
    Map<String, Object> flat = new LinkedHashMap<>(rule);
    flat.keySet().removeAll(List.of(INCLUDES, EXCLUDES, "comment"));
    return flat;
  }

  /** What every process may call, whatever the arguments, in the eyes of who ignores conditions. */
  private static List<Object> allowedToAll(List<Map<String, Object>> rules) {
    List<Object> names = new ArrayList<>();
    for (Map<String, Object> rule : rules) {
      if ("SCMP_ACT_ALLOW".equals(rule.get("action")) && !rule.containsKey("args")) {
        names.addAll((List<?>) Objects.requireNonNull(rule.get("names")));
      }
    }
    return names;
  }

  @Test
  void theFlatOneIsTheOtherWithoutRulesForCapabilities() throws IOException {
    List<Map<String, Object>> expected =
        rules(CONDITIONAL).stream()
            .filter(rule -> !needsCapability(rule))
            .map(SeccompProfilesTest::withoutConditions)
            .toList();
    assertThat(expected).hasSizeGreaterThan(10);
    assertThat(rules(FLAT)).isEqualTo(expected);
    assertThat(profile(FLAT))
        .containsOnlyKeys("defaultAction", "defaultErrnoRet", "architectures", "syscalls")
        .containsEntry("defaultAction", profile(CONDITIONAL).get("defaultAction"))
        .containsEntry("defaultErrnoRet", profile(CONDITIONAL).get("defaultErrnoRet"));
  }

  @Test
  void theFlatOneHasTheSameArchitectures() throws IOException {
    List<Object> expected = new ArrayList<>();
    for (Object entry : (List<?>) Objects.requireNonNull(profile(CONDITIONAL).get("archMap"))) {
      Map<?, ?> map = (Map<?, ?>) entry;
      expected.add(map.get("architecture"));
      expected.addAll((List<?>) Objects.requireNonNull(map.get("subArchitectures")));
    }
    assertThat(profile(FLAT).get("architectures")).isEqualTo(expected);
  }

  @Test
  void neitherGivesEverybodyWhatTakesACapability() throws IOException {
    String[] privileged = {
      "unshare",
      "mount",
      "umount2",
      "setns",
      "bpf",
      "clone",
      "clone3",
      "init_module",
      "kexec_load",
      "open_by_handle_at",
      "perf_event_open",
      "pivot_root",
      "reboot",
      "chroot",
      "swapon"
    };
    List<Map<String, Object>> unconditional =
        rules(CONDITIONAL).stream().filter(rule -> !needsCapability(rule)).toList();
    assertThat(allowedToAll(unconditional)).contains("read").doesNotContain((Object[]) privileged);
    assertThat(allowedToAll(rules(FLAT))).contains("read").doesNotContain((Object[]) privileged);
    assertThat(rules(FLAT))
        .filteredOn(rule -> List.of("clone3").equals(rule.get("names")))
        .singleElement()
        .satisfies(rule -> assertThat(rule).containsEntry("errnoRet", 38));
  }

  @Test
  void bothAllowRings() throws IOException {
    assertThat(allowedToAll(rules(CONDITIONAL))).contains((Object[]) RINGS);
    assertThat(allowedToAll(rules(FLAT))).contains((Object[]) RINGS);
  }

  @Test
  void thePodUsesTheFlatOne() throws IOException {
    assertThat(Files.readString(Path.of("deploy/kubernetes/platter.yaml")))
        .contains("localhostProfile: " + FLAT.getFileName() + "\n");
  }
}
