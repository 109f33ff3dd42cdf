package dev.platter.emulator.result;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.host.ThreadTime;
import dev.platter.emulator.measure.workload.UnansweredRequests;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.Records;
import dev.platter.emulator.result.document.Warning;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WarningsTest {
  private static Map<String, Object> environment(
      String filesystem, long size, long allocated, @Nullable Map<String, Object> extents) {
    Map<String, @Nullable Object> image = new HashMap<>();
    image.put("type", "regular");
    image.put("filesystem", filesystem);
    image.put("size_bytes", size);
    image.put("allocated_bytes", allocated);
    image.put("extents", extents);
    return Map.of("image", image);
  }

  private static List<String> kinds(Map<String, Object> environment, boolean reads) {
    return Warnings.of(
            Records.read(EnvironmentFacts.class, environment, ""), reads, false, null, List.of())
        .stream()
        .map(Warning::kind)
        .toList();
  }

  private static String text(Map<String, Object> environment) {
    return Warnings.of(
            Records.read(EnvironmentFacts.class, environment, ""), true, false, null, List.of())
        .getFirst()
        .text();
  }

  @ParameterizedTest
  @CsvSource({
    "1000, 0, 100 % of the image lies in holes:",
    "0, 250, 25 % of the image lies in unwritten extents:",
    "200, 200, 40 % of the image lies in holes and unwritten extents:",
  })
  void readsThatReachNoDisk(long holes, long unwritten, String begin) {
    Map<String, Object> environment =
        environment("ext4", 1000, 0, Map.of("hole_bytes", holes, "unwritten_bytes", unwritten));
    assertThat(text(environment)).startsWith(begin).contains("without the disk");
    assertThat(kinds(environment, false)).isEmpty();
  }

  /** It comes first: the image may not be used on. */
  @Test
  void whatTheDiskHasNotAnsweredIsTold() {
    Map<String, Object> memory = environment("tmpfs", 1000, 0, null);
    assertThat(Warnings.text(of(memory, true, new UnansweredRequests(4, 0, 12_300_000_000L))))
        .startsWith(
            """
            warning: The disk has not answered 4 requests, the oldest for 12s: the run has
              ended without them, and no figure counts them. What the image holds is
              unknown: they may still be carried out.
            """)
        .contains("tmpfs");
    assertThat(Warnings.text(of(Map.of(), false, new UnansweredRequests(1, 0, 70_000_000_000L))))
        .isEqualTo(
            """
            warning: The disk has not answered a request for 1m 10s: the run has ended
              without it, and no figure counts it.
            """);
  }

  private static List<Warning> of(
      Map<String, Object> environment, boolean writes, UnansweredRequests unanswered) {
    return Warnings.of(
        Records.read(EnvironmentFacts.class, environment, ""), true, writes, unanswered, List.of());
  }

  @Test
  void aWrittenImageNeedsNoWarning() {
    assertThat(
            kinds(
                environment("ext4", 1000, 1000, Map.of("hole_bytes", 9L, "unwritten_bytes", 0L)),
                true))
        .isEmpty();
    assertThat(kinds(environment("nfs", 1000, 1000, null), true)).isEmpty();
    assertThat(kinds(Map.of(), true)).isEmpty();
  }

  @Test
  void whereTheFileSystemHasNoMapItsBlocksTell() {
    assertThat(text(environment("nfs", 1000, 400, null)))
        .startsWith("60 % of the image has no blocks on the disk (holes, or compressed data):");
  }

  @Test
  void memoryIsNoDisk() {
    assertThat(kinds(environment("tmpfs", 1000, 0, null), true)).containsExactly("image_in_memory");
  }

  @Test
  void neitherIsADiskThatLiesInMemory() {
    Map<String, ?> image = Map.of("path", "ram:1G", "type", "memory", "size_bytes", 1L << 30);
    assertThat(kinds(Map.of("image", image), true)).containsExactly("image_in_memory");
  }

  private static SchedulingReport.OfRow row(String name, double share, @Nullable Double stolen) {
    return new SchedulingReport.OfRow(
        name,
        new Scheduling(
            1_000_000_000,
            List.of(new ThreadTime("vcpu0", 1, Math.round(share * 1e9))),
            stolen,
            null,
            null,
            null));
  }

  @Test
  void onlyRowsThatSufferedAreNamedWithTheirShares() {
    String text =
        SchedulingReport.sentence(
            List.of(row("raw", 0.01, 0.0), row("ahci", 0.124, 0.0), row("virtio", 0.05, 0.0)));
    assertThat(text)
        .isEqualTo(
            "This host had no CPU for threads that could have run (ahci: vcpu0 for 12 % of the run;"
                + " virtio: vcpu0 for 5 % of the run). The figures are those of a busy host: repeat"
                + " the run when the host is idle.");
    assertThat(SchedulingReport.sentence(List.of(row("raw", 0.049, null)))).isNull();
    assertThat(SchedulingReport.sentence(List.of(row("raw", 0, 0.08))))
        .startsWith(
            "Other virtual machines had CPU time that this host wanted. Meanwhile other virtual"
                + " machines had 8 % of the CPU time (steal).");
  }

  @Test
  void textFitsATerminal() {
    String text =
        Warnings.text(List.of(new Warning("busy_host", "word ".repeat(60).strip() + ".")));
    assertThat(text).startsWith("warning: word").endsWith("word.\n");
    assertThat(text.lines()).allMatch(line -> line.length() <= 80);
  }
}
