package dev.platter.emulator.result.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.platter.emulator.text.PairedRatio;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HeadlineTest {
  private static Headline.Sentences of(Map<String, ?> json) {
    Fields document = Fields.of(1, json);
    return Headline.of(Schemas.of(document), Row.of(document.requiredObjects("rows")));
  }

  private static List<String> plain(List<String> sentences) {
    return sentences.stream().map(sentence -> sentence.replace('\u00a0', ' ')).toList();
  }

  @Test
  void saysWhatWasFoundAndInWhichStageItLies() {
    Headline.Sentences headline = of(Pages.json("iotest-deaf"));
    assertThat(plain(headline.found()))
        .containsExactly(
            // The reason stands first, in the same sentence.
            "SATA without notify takes 31.952 s against 1.283 s of SATA (medians of 5 runs), 24.9"
                + " times as long, because nobody told the loop: 5,104 requests of 5,120 to SATA"
                + " without notify stalled, for up to 499 ms.",
            "SATA takes 1.283 s against 1.259 s of virtio (medians of 5 runs), 1.02 times as long;"
                + " their runs overlap, so this may be noise.");
    assertThat(plain(headline.reasons()))
        .containsExactly(
            "At p50 a request to SATA takes 2.38 ms, 60.6 µs more than one to virtio; 2.24 ms of"
                + " it (94 %) in the kernel and the disk. The largest difference is in stage"
                + " 'queue' (SQE waits for its loop to submit): 61.4 µs of SATA against 21.2 µs of"
                + " virtio.",
            "At p99 a request to SATA takes 3.93 ms, 919 µs more than one to virtio; 3.31 ms of it"
                + " (84 %) in the kernel and the disk, against 2.90 ms.",
            "At p50 a request to SATA without notify takes 483 ms, 481 ms more than one to virtio;"
                + " 481 ms of it (99 %) in stage 'queue' (SQE waits for its loop to submit),"
                + " against 21.2 µs.");
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> row(Map<String, Object> json, int index) {
    return (Map<String, Object>) ((List<?>) Pages.at(json, "rows")).get(index);
  }

  @Test
  void whatTheHostDidIsNoReasonOfAnAblation() {
    Map<String, Object> json = Pages.json("iotest-deaf");
    @SuppressWarnings("unchecked")
    Map<String, Object> stages = (Map<String, Object>) Pages.at(row(json, 2), "stages");
    stages.put(
        "stalls",
        List.of(
            Map.of("cause", "not_scheduled", "requests", 9, "total_us", 1e10, "max_us", 5000.0)));
    assertThat(plain(of(json).found()).getFirst())
        .contains(
            "24.9 times as long; but this host may have had no CPU for the thread: 9 requests of");
    // What is faster needs no excuse.
    row(json, 2).put("total_seconds", Map.of("median", 1.0));
    assertThat(plain(of(json).found()).getFirst())
        .isEqualTo(
            "SATA without notify takes 1.000 s against 1.283 s of SATA (medians of 5 runs), 0.78"
                + " times as long.");
  }

  private static final String WHY = "Stages do not tell why: this host had no CPU for ";

  @Test
  void onABusyHostNoLockAndNoLoopIsBlamed() {
    Map<String, Object> json = Pages.json("iotest-deaf");
    Map<String, Object> idle =
        Map.of("busy", false, "threads", List.of(Map.of("thread", "vcpu0", "waited_share", 0.01)));
    row(json, 1).put("scheduling", idle);
    assertThat(String.join(" ", plain(of(json).reasons()))).contains("'queue'");
    row(json, 1)
        .put(
            "scheduling",
            Map.of(
                "busy",
                true,
                "threads",
                List.of(
                    Map.of("thread", "main-loop", "waited_share", 0.124),
                    Map.of("thread", "vcpu0", "waited_share", 0.01))));
    assertThat(plain(of(json).reasons()).subList(0, 2))
        .allSatisfy(reason ->
            assertThat(reason)
                .endsWith(WHY + "main-loop of SATA for 12 % of the run.")
                .doesNotContain("'queue'"));
  }

  @Test
  void timeThatOtherMachinesHadIsNotTheThreads() {
    Map<String, Object> json = Pages.json("iotest-deaf");
    row(json, 1)
        .put(
            "scheduling",
            Map.of(
                "busy",
                true,
                "stolen_share",
                0.124,
                "threads",
                List.of(Map.of("thread", "main-loop", "waited_share", 0.004))));
    assertThat(plain(of(json).reasons()).getFirst())
        .endsWith(
            "Stages do not tell why: other virtual machines had 12 % of the CPU time (steal).")
        .doesNotContain("main-loop");
  }

  private static Map<String, Object> manyStalls(String cause) {
    Map<String, Object> json = Pages.json("iotest-deaf");
    Map<String, Object> row = row(json, 2);
    row.put("scheduling", new HashMap<>(Map.of("busy", true)));
    @SuppressWarnings("unchecked")
    Map<String, Object> stages = (Map<String, Object>) Pages.at(row, "stages");
    stages.put("stalls_unmatched", 900);
    stages.put(
        "stalls",
        List.of(Map.of("cause", cause, "requests", 4996, "total_us", 1e10, "max_us", 5000.0)));
    return json;
  }

  /** Only the first stalls are held against what the host did. */
  @Test
  void onABusyHostStallsThatWereNotMatchedHaveNoCause() {
    Map<String, Object> json = manyStalls("loop_busy");
    assertThat(plain(of(json).found()).getFirst())
        .endsWith("; the cause of 900 stalls is not known, because this host was busy.");
    assertThat(plain(of(json).reasons()))
        .contains(
            "The cause of 900 stalls of SATA without notify is not known: this host was busy, and"
                + " only the first stalls of a run are matched with that.")
        .noneMatch(reason -> reason.contains("the loop was busy"));
    row(json, 2).put("scheduling", Map.of("busy", false));
    assertThat(plain(of(json).found()).getFirst()).contains("because the loop was busy");
    assertThat(of(json).reasons()).noneMatch(reason -> reason.contains("is not known: this host"));
    // A missing CPU cannot look like these.
    assertThat(plain(of(manyStalls("not_notified")).found()).getFirst())
        .contains("because nobody told the loop");
    assertThat(plain(of(manyStalls("not_scheduled")).found()).getFirst())
        .contains("but this host may have had no CPU");
  }

  @Test
  void benchIsAboutIops() {
    Headline.Sentences headline = of(Pages.json("bench"));
    assertThat(plain(headline.found()))
        .containsExactly(
            "SATA makes 17,921 IOPS against 20,546 IOPS of the ring itself (medians of 3 runs),"
                + " 0.87 times as many.",
            "Virtio makes 20,865 IOPS against 20,546 IOPS of the ring itself (medians of 3 runs),"
                + " 1.02 times as many; their runs overlap, so this may be noise.");
    assertThat(plain(headline.reasons()).getFirst())
        .startsWith("At p50 a request to SATA takes 55.9 µs, 7.20 µs more than one to virtio;")
        .endsWith(
            "in stage 'queue' (SQE waits for its loop to submit): 4.80 µs of SATA against 0.40 µs"
                + " of virtio.");
  }

  @Test
  void aGuestIsComparedWithItsOwnVirtioAndWithQemu() {
    Headline.Sentences headline = of(Pages.json("guest"));
    assertThat(plain(headline.found()))
        .hasSize(8)
        .allMatch(sentence -> sentence.matches("(iotest|fio-like) in the guest: .*"))
        .contains(
            "iotest in the guest: Platter's SATA takes 1.429 s against 1.441 s of Platter's virtio"
                + " (medians of 5 runs), 0.99 times as long; their runs overlap, so this may be"
                + " noise.",
            "fio-like in the guest: Platter's SATA has a median latency of 349 µs against 224 µs of"
                + " QEMU's SATA (medians of 5 runs), 1.56 times that.");
    assertThat(headline.reasons())
        .isNotEmpty()
        .allMatch(reason -> reason.contains("iotest") || reason.contains("fio-like"));
  }

  @Test
  void whatTheServerDoesNotSeeOfAGuestsTimeIsTold() {
    Map<String, Object> json = Pages.json("guest");
    Map<String, Object> row = row(json, 4);
    row.put("latency_us", Map.of("p50", 349.2, "p99", 663.48));
    Map<?, ?> at = (Map<?, ?>) Pages.at(row, "stages.at_p50");
    double server = ((Number) Pages.at(at, "end_to_end_us")).doubleValue();
    String reason =
        plain(of(json).reasons()).stream()
            .filter(text -> text.startsWith("fio-like in the guest: at p50 a request to Platter's"))
            .findFirst()
            .orElseThrow();
    Matcher told =
        Pattern.compile(
                ".* takes the server ([0-9.]+) µs.* The guest waits 349 µs for it: ([0-9.]+) µs of"
                    + " that \\(([0-9]+) %\\) are guest, VMM and traps\\.")
            .matcher(reason);
    assertThat(told.matches()).as(reason).isTrue();
    assertThat(parsed(told.group(1))).isCloseTo(server, within(0.51));
    assertThat(parsed(told.group(2))).isCloseTo(349.2 - server, within(0.51));
    assertThat(parsed(told.group(3))).isCloseTo(100 * (349.2 - server) / 349.2, within(0.51));
    // A guest that polls may see a percentile earlier than the server: then there is nothing.
    row.put("latency_us", Map.of("p50", server - 1, "p99", 1.0));
    assertThat(String.join(" ", of(json).reasons()))
        .doesNotContain("The guest waits " + Quantity.time(server));
  }

  @Test
  void oneRunIsNotToBeReliedOn() {
    Map<String, Object> json = Pages.json("iotest-old");
    for (Object row : (List<?>) Pages.at(json, "rows")) {
      @SuppressWarnings("unchecked")
      Map<String, Object> fields = (Map<String, Object>) row;
      fields.put("runs", 1);
    }
    assertThat(of(json).found().getFirst()).contains("one run; take `--runs 5`");
  }

  @Test
  void withoutStagesItSaysSo() {
    assertThat(of(Pages.json("iotest-old")).reasons())
        .containsExactly(
            "Where the time went is not known: stages were not recorded; add `--stages` or"
                + " `--report`.");
  }

  @Test
  void aRowAloneIsSaidToo() {
    Map<String, Object> json = new HashMap<>(Pages.json("iotest"));
    json.put("rows", List.of(((List<?>) Pages.at(json, "rows")).get(1)));
    Headline.Sentences headline = of(json);
    assertThat(plain(headline.found())).containsExactly("SATA takes 1.283 s (medians of 5 runs).");
    assertThat(plain(headline.reasons()).getFirst())
        .isEqualTo(
            "At p50 a request to SATA takes 2.38 ms; 2.24 ms of it (94 %) in the kernel and the"
                + " disk.");
    json.put("rows", List.of());
    assertThat(of(json).found()).isEmpty();
  }

  // ---- made-up figures -------------------------------------------------------------------------

  private static final Pattern SHOWN =
      Pattern.compile(
          "SATA takes ([0-9.,]+) s against ([0-9.,]+) s of virtio \\(.*\\)(?:, ([0-9.,]+) times as"
              + " long|; ratio: median of (\\d+) pairs ([0-9.,]+) \\(([0-9.,]+) to"
              + " ([0-9.,]+)(?: with 95 %)?\\))(.*)\\.");

  private static double parsed(String text) {
    return Double.parseDouble(text.replace(",", ""));
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  private static Map<String, Object> madeUp(String device, double[] seconds) {
    Map<String, Object> row = new HashMap<>();
    row.put("device", device);
    row.put("runs", seconds.length);
    row.put("total_seconds", Map.of("median", median(seconds)));
    row.put(
        "samples",
        Arrays.stream(seconds)
            .mapToObj(value -> Map.of("partial", false, "total_seconds", value))
            .toList());
    return row;
  }

  @Test
  void aSentenceNeverContradictsItsFigures() {
    SplittableRandom random = new SplittableRandom(20261130);
    int noise = 0;
    for (int round = 0; round < 500; round++) {
      int runs = 1 + random.nextInt(20);
      double[] sata = random.doubles(runs, 0.5, 2).toArray();
      double[] virtio = random.doubles(runs, 0.5, 1 + 0.05 * random.nextInt(20)).toArray();
      Map<String, Object> json =
          Map.of(
              "schema",
              "platter.iotest/1",
              "rows",
              List.of(madeUp("ahci", sata), madeUp("virtio", virtio)));
      String sentence = plain(of(json).found()).getFirst();
      Matcher shown = SHOWN.matcher(sentence);
      assertThat(shown.matches()).as(sentence).isTrue();
      double mine = parsed(shown.group(1));
      double theirs = parsed(shown.group(2));
      assertThat(mine).isCloseTo(median(sata), within(0.0006));
      assertThat(theirs).isCloseTo(median(virtio), within(0.0006));
      double[] ratios = IntStream.range(0, runs).mapToDouble(i -> sata[i] / virtio[i]).toArray();
      if (runs == 1) {
        assertThat(parsed(shown.group(3))).as(sentence).isCloseTo(mine / theirs, within(0.01));
        assertThat(sentence).contains("one run");
        continue;
      }
      assertThat(shown.group(4)).isEqualTo(Integer.toString(runs));
      assertThat(parsed(shown.group(5))).isCloseTo(median(ratios), within(0.006));
      PairedRatio interval = PairedRatio.of(ratios, 0.95);
      assertThat(sentence.contains("with 95 %")).as(sentence).isEqualTo(interval.sufficient());
      assertThat(parsed(shown.group(6))).isCloseTo(interval.low(), within(0.006));
      assertThat(parsed(shown.group(7))).isCloseTo(interval.high(), within(0.006));
      boolean open = interval.low() <= 1 && interval.high() >= 1;
      assertThat(shown.group(8).contains("noise")).as(sentence).isEqualTo(open);
      if (runs > 4) {
        assertThat(sentence).doesNotContain("too few");
      }
      noise += open ? 1 : 0;
    }
    assertThat(noise).isBetween(1, 499);
  }

  private static String ofPairs(double... ratios) {
    double[] ones = new double[ratios.length];
    Arrays.fill(ones, 1);
    return found(ratios, ones);
  }

  private static String found(double[] sata, double[] virtio) {
    return plain(
            of(Map.of(
                    "schema",
                    "platter.iotest/1",
                    "rows",
                    List.of(madeUp("ahci", sata), madeUp("virtio", virtio))))
                .found())
        .getFirst();
  }

  @Test
  void fewPairsTellLittleAndOneOfManyDecidesNothing() {
    assertThat(ofPairs(1.02, 1.04)).endsWith("(1.02 to 1.04); these are too few pairs to tell.");
    assertThat(ofPairs(0.9, 0.8, 0.95, 0.85)).endsWith("; these are too few pairs to tell.");
    assertThat(ofPairs(24, 26)).endsWith("median of 2 pairs 25.0 (24.0 to 26.0).");
    assertThat(ofPairs(1.02, 1.04, 1.1, 1.2, 1.3)).endsWith("(1.02 to 1.30).");
    double[] many = new double[20];
    Arrays.setAll(many, i -> 1.1 + i * 0.01);
    many[7] = 0.99;
    assertThat(ofPairs(many)).endsWith(" with 95 %).");
    assertThat(ofPairs(0.9, 1.1, 1.2)).endsWith(", so this may be noise.");
  }

  /** A run of less than 50 us has 0 seconds in a document. */
  @Test
  void againstNoTimeThereIsNoRatio() {
    assertThat(found(new double[] {0.1}, new double[1]))
        .isEqualTo(
            "SATA takes 0.100 s against 0.000 s of virtio (one run; take `--runs 5` before relying"
                + " on it).");
    assertThat(found(new double[] {0.1, 0.2, 0.3}, new double[3]))
        .isEqualTo("SATA takes 0.200 s against 0.000 s of virtio (medians of 3 runs).");
  }

  /** A cause is one of something: noise has none. */
  @Test
  void noiseIsNotBecauseOfAnything() {
    Map<String, Object> json = Pages.json("iotest-deaf");
    double[] ratios = {1.02, 0.98, 1.05, 1.04, 1.01};
    row(json, 2).putAll(madeUp("ahci", ratios));
    row(json, 1).putAll(madeUp("ahci", new double[] {1, 1, 1, 1, 1}));
    assertThat(plain(of(json).found()).getFirst())
        .startsWith("SATA without notify takes 1.020 s")
        .endsWith("(0.98 to 1.05), so this may be noise.");
  }

  private static Map<String, Object> staged(String device, String[] labels, double... micros) {
    Map<String, Object> at = new HashMap<>();
    List<Object> stages = new ArrayList<>();
    Map<String, Object> times = new LinkedHashMap<>();
    String[] keys = {"dispatch", "queue", "kernel"};
    for (int i = 0; i < keys.length; i++) {
      times.put(keys[i], micros[i]);
      stages.add(Map.of("stage", keys[i], "lane", "x", "label", labels[i]));
    }
    at.put("end_to_end_us", Arrays.stream(micros).sum());
    at.put("requests", 50);
    at.put("stages_us", times);
    Map<String, Object> row = madeUp(device, new double[] {1});
    row.put("stages", new HashMap<>(Map.of("stages", stages, "at_p50", at, "requests", 100)));
    return row;
  }

  private static String difference(double[] sata, double[] virtio) {
    Map<String, Object> json =
        Map.of(
            "schema",
            "platter.iotest/1",
            "rows",
            List.of(
                staged("ahci", new String[] {"waits for the lock", "main loop", "disk"}, sata),
                staged("virtio", new String[] {"IOThread wakes", "IOThread", "disk"}, virtio)));
    String reason = plain(of(json).reasons()).getFirst();
    return reason.substring(reason.indexOf("The largest"));
  }

  @Test
  void aStageHasTheWordsOfTheSideThatHasTheTime() {
    assertThat(difference(new double[] {30, 1, 40}, new double[] {1, 2, 40}))
        .isEqualTo(
            "The largest difference is in stage 'dispatch' (waits for the lock): 30.0 µs of SATA"
                + " against 1.00 µs of virtio.");
    assertThat(difference(new double[] {1, 2, 40}, new double[] {30, 1, 40}))
        .isEqualTo(
            "The largest difference is in stage 'dispatch' (IOThread wakes): 30.0 µs of virtio"
                + " against 1.00 µs of SATA.");
  }

  @Test
  void timeWithoutAKnownCauseIsSaidToBeWithout() {
    Map<String, Object> sata =
        staged("ahci", new String[] {"waits for the lock", "main loop", "disk"}, 30, 1, 20);
    @SuppressWarnings("unchecked")
    Map<String, Object> stages = Objects.requireNonNull((Map<String, Object>) sata.get("stages"));
    stages.put("end_to_end_us", Map.of("mean", 60.0));
    stages.put(
        "unexplained",
        List.of(
            Map.of("stage", "queue", "requests", 3, "total_us", 5000.0, "max_us", 2400.0),
            Map.of("stage", "dispatch", "requests", 1, "total_us", 59.0, "max_us", 59.0)));
    Map<String, Object> json = Map.of("schema", "platter.iotest/1", "rows", List.of(sata));
    assertThat(plain(of(json).reasons()))
        .contains(
            "3 requests of 100 to SATA took longest in stage 'queue' (main loop), for up to 2.40"
                + " ms, and the cause is not known.")
        .noneMatch(reason -> reason.contains("'dispatch'") && reason.contains("not known"));
  }
}
