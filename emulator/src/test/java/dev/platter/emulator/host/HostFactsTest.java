package dev.platter.emulator.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What files of the host say, and what the JVM calls its collectors. */
class HostFactsTest {
  @TempDir private Path directory;

  @Test
  void readsTheHostsFiles() throws IOException {
    List<String> cpuinfo = List.of("processor\t: 0", "model name\t: A: B", "model name\t: C");
    assertThat(HostFacts.field(cpuinfo, "model name")).isEqualTo("A: B");
    assertThat(HostFacts.field(cpuinfo, "bogomips")).isNull();
    assertThat(HostFacts.kibibytes("16384 kB")).isEqualTo(16384 * 1024);
    assertThat(HostFacts.kibibytes("16384")).isNull();
    assertThat(HostFacts.kibibytes(null)).isNull();

    Files.writeString(directory.resolve("spectre_v2"), "Mitigation: IBRS\n");
    Files.writeString(directory.resolve("meltdown"), "Not affected\n");
    assertThat(HostFacts.mitigations(directory))
        .isEqualTo(Map.of("spectre_v2", "Mitigation: IBRS"));
    assertThat(HostFacts.mitigations(directory.resolve("none"))).isNull();
  }

  @Test
  void knowsTheCollectors() {
    assertThat(HostFacts.collector(List.of("G1 Young Generation", "G1 Old Generation")))
        .isEqualTo("G1");
    assertThat(HostFacts.collector(List.of("ZGC Minor Cycles", "ZGC Minor Pauses")))
        .isEqualTo("ZGC");
    assertThat(HostFacts.collector(List.of("Copy", "MarkSweepCompact"))).isEqualTo("Serial");
    assertThat(HostFacts.collector(List.of("PS MarkSweep", "PS Scavenge"))).isEqualTo("Parallel");
    assertThat(HostFacts.collector(List.of("Epsilon Heap"))).isEqualTo("Epsilon Heap");
  }
}
