package dev.platter.emulator.lab.ringflags;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.ring.SetupFlag;
import dev.platter.emulator.measure.workload.Bench.Pattern;
import java.util.Collections;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;

class RungTest {
  @Test
  void eachStepAddsToTheOnesBefore() {
    EnumSet<SetupFlag> soFar = EnumSet.of(SetupFlag.SUBMIT_ALL);
    for (Rung rung : Rung.values()) {
      assertThat(Collections.disjoint(soFar, rung.added())).isTrue();
      soFar.addAll(rung.added());
      assertThat(rung.flags()).containsExactlyInAnyOrderElementsOf(soFar);
    }
    assertThat(soFar).containsExactly(SetupFlag.values());
    assertThat(Rung.NONE.flags()).containsExactly(SetupFlag.SUBMIT_ALL);
  }

  @Test
  void knowsWhatWasPublished() {
    assertThat(Rung.NO_SQARRAY.publishedPercent(Pattern.RANDREAD, 1)).isEqualTo(5.7);
    assertThat(Rung.TASKRUN.publishedPercent(Pattern.RANDWRITE, 64)).isEqualTo(-0.29);
    assertThat(Rung.SINGLE_ISSUER.publishedPercent(Pattern.RANDWRITE, 1)).isEqualTo(-0.11);
    assertThat(Rung.NONE.publishedPercent(Pattern.RANDREAD, 1)).isNull();
    assertThat(Rung.DEFER_TASKRUN.publishedPercent(Pattern.RANDREAD, 1)).isNull();
    assertThat(Rung.NO_SQARRAY.publishedPercent(Pattern.RANDREAD, 32)).isNull();
  }
}
