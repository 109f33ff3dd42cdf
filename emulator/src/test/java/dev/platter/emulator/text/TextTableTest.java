package dev.platter.emulator.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;

class TextTableTest {
  @Test
  void alignsTextLeftAndNumbersRight() {
    TextTable table = new TextTable().left("device").right("p50 us").right("x").left("note");
    table.row("ahci", "67.3", "1.04", "").row("virtio-blk", "9.01", "1.00", "the base");
    assertThat(table.render())
        .isEqualTo(
            """
            device      p50 us     x  note
            ahci          67.3  1.04
            virtio-blk    9.01  1.00  the base
            """);
  }

  @Test
  void whatCanBeMissedIsLeftOutUntilItFits() {
    TextTable table =
        new TextTable().left("device").right("IOPS").right("p99.9 us", 1).left("thread", 2);
    table.row("ahci", "1,204", "67.3", "main loop");
    assertThat(table.render(36))
        .isEqualTo("device   IOPS  p99.9 us  thread\nahci    1,204      67.3  main loop\n");
    assertThat(table.render(33)).isEqualTo("device   IOPS  p99.9 us\nahci    1,204      67.3\n");
    assertThat(table.render(20)).isEqualTo("device   IOPS\nahci    1,204\n");
    assertThat(table.render(TextTable.WIDE)).isEqualTo(table.render());
  }

  @Test
  void whatCannotBeMissedGoesOnBelow() {
    TextTable table = new TextTable().left("stage").right("raw p50").right("raw p99").right("max");
    table.row("queue", "1", "2", "3").row("kernel", "40", "50", "60");
    assertThat(table.render(16))
        .isEqualTo(
            """
            stage   raw p50
            queue         1
            kernel       40

            stage   raw p99
            queue         2
            kernel       50

            stage   max
            queue     3
            kernel   60
            """);
    assertThat(table.keys(2).render(24))
        .isEqualTo(
            """
            stage   raw p50  raw p99
            queue         1        2
            kernel       40       50

            stage   raw p50  max
            queue         1    3
            kernel       40   60
            """);
    assertThat(table.render(3)).as("no room at all").startsWith("stage   raw p50  raw p99\n");
  }

  @Test
  void withoutRowsThereAreHeadings() {
    assertThat(new TextTable().left("a").right("b").render()).isEqualTo("a  b\n");
  }

  @Test
  void refusesWhatDoesNotFit() {
    TextTable table = new TextTable().left("a").right("b");
    assertThatIllegalArgumentException().isThrownBy(() -> table.row("1"));
    table.row("1", "2");
    assertThatIllegalStateException().isThrownBy(() -> table.left("c"));
  }
}
