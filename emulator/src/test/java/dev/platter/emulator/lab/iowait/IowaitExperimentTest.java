package dev.platter.emulator.lab.iowait;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.access.RingAccess;
import dev.platter.aio.ring.Ring;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.LabContext;
import dev.platter.emulator.lab.Plant;
import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.result.document.Records;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class IowaitExperimentTest {
  private static final IowaitExperiment TINY =
      new IowaitExperiment(new IowaitExperiment.Plan(3, 60_000_000));

  @TempDir Path scratch;

  private LabContext context() {
    return new LabContext(scratch, null, false, () -> false, text -> {});
  }

  private static boolean hasOptOut() {
    try (Ring ring = RingAccess.open(1, Set.of())) {
      return ring.hasFeature(IoUringAbi.FEAT_NO_IOWAIT);
    }
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Map<String, Object>> cases(Finding finding) {
    List<Map<String, Object>> cases =
        (List<Map<String, Object>>) Objects.requireNonNull(finding.details().get("cases"));
    return cases.stream()
        .collect(Collectors.toMap(one -> String.valueOf(one.get("case")), one -> one));
  }

  private static long number(Map<String, Map<String, Object>> cases, String of, String key) {
    Map<String, Object> one = Objects.requireNonNull(cases.get(of), of);
    return ((Number) Objects.requireNonNull(one.get(key))).longValue();
  }

  private static int windows(Map<String, Map<String, Object>> cases, String of) {
    Map<String, Object> one = Objects.requireNonNull(cases.get(of), of);
    return ((List<?>) Objects.requireNonNull(one.get("windows"))).size();
  }

  @Test
  void everyCaseHasItsTurnInEveryRoundAndTheLoopsOptOutAsTheyShould() {
    assumeTrue(hasOptOut(), "FEAT_NO_IOWAIT is in Linux 6.15");
    Finding finding = TINY.run(context());
    assumeTrue(finding.verdict() != Verdict.NOT_POSSIBLE, "neither iowait nor PSI here");
    Map<String, Map<String, Object>> cases = cases(finding);
    Stream<IowaitCase> expected = Stream.of(IowaitCase.values());
    if (Boolean.FALSE.equals(finding.details().get("has_o_direct"))) {
      expected = expected.filter(one -> one != IowaitCase.READS && one != IowaitCase.PREADS);
    } else {
      assertThat(number(cases, "pread", "requests")).isPositive();
      assertThat(number(cases, "reads_in_flight", "requests")).isPositive();
      assertThat(number(cases, "reads_in_flight", "no_iowait_waits"))
          .as("a wait with a read in flight counts as I/O")
          .isZero();
    }
    assertThat(cases).containsOnlyKeys(expected.map(IowaitCase::key).toList());
    cases
        .keySet()
        .forEach(key ->
            assertThat(windows(cases, key)).as(key).isEqualTo(key.equals("nothing") ? 6 : 3));

    // The main loop's timer ends a wait now and then; each of them is told not to count.
    assertThat(number(cases, "main_loop_idle", "no_iowait_waits"))
        .isEqualTo(number(cases, "main_loop_idle", "enters"));
    assertThat(number(cases, "main_loop_idle_without_opt_out", "no_iowait_waits")).isZero();
    assertThat(number(cases, "iothread_idle_without_opt_out", "no_iowait_waits")).isZero();
    assertThat(scratch).isEmptyDirectory();

    boolean affected = System.getProperty("os.version", "").startsWith("6.18.");
    if (affected && Objects.equals(finding.details().get("not_available"), List.of())) {
      // Other I/O of the host may hide it, and nothing may deny it.
      assertThat(finding.verdict()).isIn(Verdict.AFFECTED, Verdict.INCONCLUSIVE);
    }
  }

  @Test
  void aPlantedRequestInFlightIsSeen() {
    Finding finding =
        new IowaitExperiment(new IowaitExperiment.Plan(1, 100_000_000))
            .run(new LabContext(scratch, null, false, () -> false, text -> {}, Plant.PRESENT));
    assumeTrue(finding.verdict() != Verdict.NOT_POSSIBLE, "neither iowait nor PSI here");
    Map<String, Object> after =
        Objects.requireNonNull(cases(finding).get("ring_after_one_request"));
    Map<?, ?> window = (Map<?, ?>) ((List<?>) Objects.requireNonNull(after.get("windows"))).get(0);
    Object blocked = window.get("blocked_percent");
    assumeTrue(blocked != null, "no procs_blocked here");
    assertThat((Double) blocked).isPositive();
    assertThat(finding.verdict()).as("one window is too few").isEqualTo(Verdict.INCONCLUSIVE);
  }

  @Test
  void interruptedItReturnsWhatItHas() {
    AtomicInteger asked = new AtomicInteger();
    Finding finding =
        TINY.run(
            new LabContext(scratch, null, false, () -> asked.incrementAndGet() > 10, text -> {}));
    assertThat(Records.toMap(finding.result("iowait", 0, null, Plant.NONE)))
        .containsEntry("partial", true);
    assertThat(scratch).isEmptyDirectory();
  }

  @Test
  void hasNameAndSummary() {
    assertThat(new IowaitExperiment().name()).isEqualTo("iowait");
    assertThat(new IowaitExperiment().summary()).isNotBlank().doesNotEndWith(".");
  }
}
