package dev.platter.emulator.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
            "SATA takes 1.02 times virtio's time: 1.283 s against 1.259 s (medians of 5 runs);"
                + " their runs overlap, so this may be noise.",
            "SATA without notify takes 25.4 times virtio's time: 31.952 s against 1.259 s (medians"
                + " of 5 runs).");
    assertThat(plain(headline.reasons()))
        .containsExactly(
            "At p50 a request to SATA takes 2.38 ms, 60.6 µs more than one to virtio; 2.24 ms of"
                + " it (94 %) in the kernel and the disk. The largest difference is in stage"
                + " 'queue' (SQE waits for its loop to submit): 61.4 µs against 21.2 µs.",
            "At p99 a request to SATA takes 3.93 ms, 919 µs more than one to virtio; 3.31 ms of it"
                + " (84 %) in the kernel and the disk, against 2.90 ms.",
            "At p50 a request to SATA without notify takes 483 ms, 481 ms more than one to virtio;"
                + " 481 ms of it (99 %) in stage 'queue' (SQE waits for its loop to submit),"
                + " against 21.2 µs.",
            // 0.5 % of SATA's time were stalls: nothing to begin with.
            "5,104 requests of 5,120 to SATA without notify stalled because nobody told the loop,"
                + " for up to 499 ms.");
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> row(Map<String, Object> json, int index) {
    return (Map<String, Object>) ((List<?>) Pages.at(json, "rows")).get(index);
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
  void benchIsAboutIops() {
    Headline.Sentences headline = of(Pages.json("bench"));
    assertThat(plain(headline.found()))
        .containsExactly(
            "SATA makes 0.87 times the IOPS of the ring itself: 17,921 against 20,546 (medians of 3"
                + " runs).",
            "Virtio makes 1.02 times the IOPS of the ring itself: 20,865 against 20,546 (medians of"
                + " 3 runs); their runs overlap, so this may be noise.");
    assertThat(plain(headline.reasons()).getFirst())
        .startsWith("At p50 a request to SATA takes 55.9 µs, 7.20 µs more than one to virtio;")
        .endsWith("in stage 'queue' (SQE waits for its loop to submit): 4.80 µs against 0.40 µs.");
  }

  @Test
  void aGuestIsComparedWithItsOwnVirtioAndWithQemu() {
    Headline.Sentences headline = of(Pages.json("guest"));
    assertThat(plain(headline.found()))
        .containsExactly(
            "iotest in the guest: Platter's SATA takes 0.99 times the time of its virtio; QEMU's"
                + " SATA takes 0.99 times the time of its virtio; to QEMU's own disks: Platter's"
                + " SATA 1.01, Platter's virtio 1.01 (medians of 5 runs).",
            "fio-like in the guest: Platter's SATA takes 1.71 times the median latency of its"
                + " virtio; QEMU's SATA takes 1.09 times the median latency of its virtio; to"
                + " QEMU's own disks: Platter's SATA 1.62, Platter's virtio 1.03 (medians of 5"
                + " runs).");
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
    assertThat(plain(headline.found())).containsExactly("SATA takes 1.28 s (medians of 5 runs).");
    assertThat(plain(headline.reasons()).getFirst())
        .isEqualTo(
            "At p50 a request to SATA takes 2.38 ms; 2.24 ms of it (94 %) in the kernel and the"
                + " disk.");
    json.put("rows", List.of());
    assertThat(of(json).found()).isEmpty();
  }
}
