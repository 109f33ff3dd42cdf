package dev.platter.emulator.lab.punting;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.block.image.Preallocation;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.result.Summary;
import dev.platter.emulator.result.Variant;
import dev.platter.emulator.result.document.Records;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PuntLatencyTest {
  @Test
  void aRowSaysItsDepth() {
    Summary none = new Summary(DeviceKind.RAW, Variant.ORDINARY);
    assertThat(
            Records.toMap(
                new PuntLatency.LatencyRow(DeviceKind.RAW, 8, Preallocation.OFF, none, null).row()))
        .containsEntry("iodepth", 8)
        .containsEntry("device", "raw");
  }

  @Test
  void theOrderChangesFromRoundToRound() {
    List<String> rows = List.of("a", "b", "c", "d", "e", "f");
    assertThat(PuntLatency.turns(rows, 1)).containsExactly("f", "e", "d", "c", "b", "a");
    assertThat(PuntLatency.turns(rows, 4)).containsExactly("b", "c", "d", "e", "f", "a");
    Set<List<String>> orders = new HashSet<>();
    int before = 0;
    for (int round = 1; round <= 12; round++) {
      List<String> order = PuntLatency.turns(rows, round);
      assertThat(order).containsExactlyInAnyOrderElementsOf(rows);
      orders.add(order);
      before += order.indexOf("a") < order.indexOf("b") ? 1 : 0;
    }
    assertThat(orders).hasSize(12);
    assertThat(before).as("of two each is first as often").isEqualTo(6);
  }
}
