package dev.platter.emulator.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WriteLedgerTest {
  @TempDir private Path directory;

  @Test
  void aFlushMakesStableWhatHadCompletedWhenItBegan() {
    Path state = directory.resolve("state");
    WriteLedger ledger = new WriteLedger(8 * 512, state);
    ledger.completed(0, 2, 1);
    ledger.flushStarts();
    ledger.completed(2, 1, 2); // too late for this flush
    assertThat(WriteLedger.readState(state).generations()).containsOnly(0);
    ledger.flushCompleted();
    assertThat(WriteLedger.readState(state).generations()).containsExactly(1, 1, 0, 0, 0, 0, 0, 0);
    ledger.flushStarts();
    ledger.flushCompleted();
    assertThat(WriteLedger.readState(state).generations()).containsExactly(1, 1, 2, 0, 0, 0, 0, 0);
    assertThat(ledger.completed()).containsExactly(1, 1, 2, 0, 0, 0, 0, 0);
  }

  @Test
  void overlappingWritesAreNotInFlightTogether() {
    WriteLedger ledger = new WriteLedger(8 * 512, null);
    assertThat(ledger.reserve(2, 3)).isTrue();
    assertThat(ledger.reserve(4, 2)).isFalse();
    assertThat(ledger.reserve(0, 3)).isFalse();
    assertThat(ledger.reserve(5, 3)).isTrue();
    ledger.completed(2, 3, 1);
    assertThat(ledger.reserve(4, 1)).isTrue();
  }

  @Test
  void aStateNamesItsRunAndEveryLedgerIsOfARunOfItsOwn() {
    Path state = directory.resolve("state");
    WriteLedger ledger = new WriteLedger(8 * 512, state);
    assertThat(WriteLedger.readState(state).run()).isEqualTo(ledger.run());
    assertThat(new WriteLedger(8 * 512, null).run()).isNotEqualTo(ledger.run());
  }

  /** As earlier versions wrote it: without the run's identity. */
  @Test
  void aStateOfTheFirstFormatIsRefusedWithARemedyAndMayBeReplaced() throws IOException {
    ByteBuffer first = ByteBuffer.allocate(4096 + 8 * 4).order(ByteOrder.LITTLE_ENDIAN);
    first.putLong(0, 0x5645_5249_4659_5031L).putInt(8, 8).putInt(4096, 1);
    Path state = Files.write(directory.resolve("state"), first.array());
    assertThatThrownBy(() -> WriteLedger.readState(state))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT);
              assertThat(e).hasMessageContaining("a verify state of an earlier Platter");
              assertThat(e.remedy()).startsWith("Write the image again: platter bench ");
            });
    RunIdentity run = new WriteLedger(8 * 512, state).run();
    assertThat(WriteLedger.readState(state).run()).isEqualTo(run);
  }

  @Test
  void nonsenseIsNoState() throws IOException {
    Path state = Files.writeString(directory.resolve("state"), "nonsense".repeat(1000));
    assertThatThrownBy(() -> WriteLedger.readState(state))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT));
  }
}
