package dev.platter.emulator.lab.iowait;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class BlockedTasksTest {
  @Test
  void takesTheLineThatCounts() {
    assertThat(BlockedTasks.parse(List.of("procs_running 3", "procs_blocked 2", "softirq 1")))
        .isEqualTo(2);
    assertThat(BlockedTasks.parse(List.of("procs_blocked", "procs_blocked x", "procs_blocked -1")))
        .isNull();
    assertThat(BlockedTasks.parse(List.of())).isNull();
  }

  @Test
  void theShareOfLooksThatFindOne() {
    BlockedTasks tasks = new BlockedTasks();
    assertThat(tasks.share()).isNull();
    tasks.look(List.of("procs_blocked 0"));
    assertThat(tasks.share()).isZero();
    tasks.look(List.of("procs_blocked 7"));
    assertThat(tasks.share()).isEqualTo(0.5);
    tasks.look(List.of());
    assertThat(tasks.share()).as("one look was not possible").isNull();
  }

  @Test
  void thisHostHasIt() {
    BlockedTasks tasks = new BlockedTasks();
    tasks.look();
    assertThat(tasks.share()).isBetween(0.0, 1.0);
  }
}
