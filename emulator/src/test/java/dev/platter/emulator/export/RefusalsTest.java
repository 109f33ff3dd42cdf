package dev.platter.emulator.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.export.EventLog.Level;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RefusalsTest {
  /** A guest whose memory was refused for one reason may be refused more for another. */
  @Test
  void eachReasonIsToldOnceAndFewOfThem() {
    List<Object> reasons = new ArrayList<>();
    Refusals refusals =
        new Refusals((_, _, _, fields) -> reasons.add(fields.get("reason")), "disk");
    for (int round = 0; round < 2; round++) {
      refusals.tell(Level.WARNING, "ADD_MEM_REG", "", "overlap");
      refusals.tell(Level.WARNING, "ADD_MEM_REG", "", "too much");
    }
    assertThat(reasons).containsExactly("overlap", "too much");
    for (int i = 0; i < 100; i++) {
      refusals.tell(Level.WARNING, "ADD_MEM_REG", "", "reason " + i);
    }
    assertThat(reasons).as("no client fills the log").hasSize(5);
    refusals.tell(Level.WARNING, "SET_STATUS", "", "another message");
    refusals.newClient();
    refusals.tell(Level.WARNING, "ADD_MEM_REG", "", "overlap");
    assertThat(reasons).hasSize(7);
  }

  @Test
  void howMuchMemoryIsTooMuchIsSaidInWhole() {
    assertThat(LentMemory.tooMuch(1L << 30, 3L << 29, 2L << 30))
        .isEqualTo(
            "1024 MiB more than the 1536 MiB that the client lends already would exceed the 2048"
                + " MiB that it may lend: guest-memory= of the export, by default the memory limit"
                + " of the server's cgroup");
    assertThat(LentMemory.tooMuch(4096, 0, 1)).startsWith("4096 bytes more than the 0 MiB");
  }
}
