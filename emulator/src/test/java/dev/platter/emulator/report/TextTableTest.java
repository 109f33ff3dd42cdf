package dev.platter.emulator.report;

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
