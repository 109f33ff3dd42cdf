package dev.platter.emulator.measure.workload;

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
  void whereARunHasLeftAWriteNothingIsKnown() {
    WriteLedger ledger = new WriteLedger(4 * 512, null);
    ledger.completed(0, 3, 1);
    assertThat(ledger.reserve(2, 2)).isTrue();
    assertThat(ledger.completedAtEnd()).containsExactly(1, 1, 0, 0);
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

  /** At the limit, and where the collector has the room in no one piece. */
  @Test
  void whatTheHeapIsTooSmallForIsRefusedWithTheRemedy() {
    assertThat(WriteLedger.inHeap(800, 900, () -> "made")).isEqualTo("made");
    assertThatThrownBy(() -> WriteLedger.inHeap(800 << 20, 899 << 20, () -> "made"))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(PlatterException.Kind.HOST_LACKS);
              assertThat(e)
                  .hasMessageEndingWith(
                      "needs 900 MiB of Java heap for this image, and"
                          + " the heap has at most 899");
              assertThat(e.remedy()).startsWith("Raise it: PLATTER_JAVA_OPTS=-Xmx1414m, or ");
            });
    assertThatThrownBy(() ->
            WriteLedger.inHeap(
                800 << 20,
                1000 << 20,
                () -> {
                  throw new OutOfMemoryError("planted");
                }))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> assertThat(e.remedy()).startsWith("Raise it: PLATTER_JAVA_OPTS=-Xmx1564m, or "));
  }

  /** Of a disk of the same size, of a larger one, and of a smaller one. */
  @Test
  void theLedgerOfAStateKnowsWhatWasStable() {
    WriteLedger.State state = new WriteLedger.State(new RunIdentity(1), new int[] {1, 2, 0, 0});
    assertThat(WriteLedger.of(state, 4 * 512).completed()).containsExactly(1, 2, 0, 0);
    assertThat(WriteLedger.of(state, 5 * 512).completed()).containsExactly(1, 2, 0, 0, 0);
    assertThat(WriteLedger.of(state, 2 * 512).completed()).containsExactly(1, 2);
    assertThatThrownBy(() -> WriteLedger.of(state, 512))
        .isInstanceOf(PlatterException.class)
        .hasMessageEndingWith("the sector at 512 is lost");
  }

  @Test
  void aStateOfFewerSectorsThanNoneIsNoState() throws IOException {
    ByteBuffer state = ByteBuffer.allocate(4096 - 4).order(ByteOrder.LITTLE_ENDIAN);
    state.putLong(0, 0x3259_4649_5245_5650L).putInt(8, -1);
    Path file = Files.write(directory.resolve("state"), state.array());
    assertThatThrownBy(() -> WriteLedger.readState(file))
        .isInstanceOf(PlatterException.class)
        .hasMessageEndingWith(" is not a verify state");
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
