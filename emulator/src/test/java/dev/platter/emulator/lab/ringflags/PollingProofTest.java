package dev.platter.emulator.lab.ringflags;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.access.RingAccess;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.ring.SetupFlag;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the ring-flags experiment says of polling, on this kernel. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PollingProofTest {
  private static final int TRIES = 20;
  private static final Set<SetupFlag> HIDDEN =
      EnumSet.of(SetupFlag.SINGLE_ISSUER, SetupFlag.DEFER_TASKRUN);
  private static final Set<SetupFlag> TOLD =
      EnumSet.of(SetupFlag.SINGLE_ISSUER, SetupFlag.DEFER_TASKRUN, SetupFlag.TASKRUN_FLAG);
  private static final Set<SetupFlag> COOPERATIVE =
      EnumSet.of(SetupFlag.COOP_TASKRUN, SetupFlag.TASKRUN_FLAG);

  @BeforeEach
  void needsTwoCpusAndAllFlags() {
    assumeTrue(PinnedPair.possible(), "needs two CPUs");
    try (Ring ring = RingAccess.open(1, EnumSet.allOf(SetupFlag.class))) {
      assumeTrue(ring.refused().isEmpty(), () -> "this kernel refuses " + ring.refused());
    }
  }

  private static TaskWork.Seen see(Set<SetupFlag> flags) {
    TaskWork.Seen seen = TaskWork.with(flags, TRIES, () -> false);
    assertThat(seen.flags()).isEqualTo(flags);
    assertThat(seen.tries()).isPositive();
    assertThat(seen.lost()).isZero();
    return seen;
  }

  @Test
  void memoryTellsOfTaskWorkWithTaskrunFlag() {
    TaskWork.Seen seen = see(TOLD);
    assertThat(seen.flagged()).isEqualTo(seen.tries());
    assertThat(seen.medianNanos()).isPositive();
    assertThat(see(COOPERATIVE).nothing()).isZero();
  }

  @Test
  void memoryDoesNotTellWithoutIt() {
    TaskWork.Seen seen = see(HIDDEN);
    assertThat(seen.nothing()).isEqualTo(seen.tries());
    assertThat(seen.medianNanos()).isZero();
  }

  @Test
  void withoutAnyFlagTheCqeComesByItself() {
    TaskWork.Seen seen = see(EnumSet.noneOf(SetupFlag.class));
    assertThat(seen.completed()).isEqualTo(seen.tries());
  }

  @Test
  void theLoopTakesEverySignalWithWhateverFlags() {
    for (Set<SetupFlag> flags : List.of(EnumSet.noneOf(SetupFlag.class), HIDDEN, TOLD)) {
      LoopPolls.Polled polled = LoopPolls.with(flags, TRIES, () -> false);
      assertThat(polled.signals()).isEqualTo(TRIES);
      assertThat(polled.taken()).isEqualTo(TRIES);
      assertThat(polled.medianNanos()).isBetween(1L, polled.maxNanos());
    }
  }

  @Test
  void anInterruptedProofIsShort() {
    assertThat(TaskWork.with(TOLD, 1_000_000, () -> true).tries()).isZero();
    assertThat(LoopPolls.with(TOLD, 1_000_000, () -> true).signals()).isZero();
  }
}
