package dev.platter.devices.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** When an index that moves wants the other side told (2.7.7.2, 2.7.10.1). */
class VringTest {
  @Test
  void needEventIsWhetherTheAwaitedEntryWasWritten() {
    Random random = new Random(1);
    for (int i = 0; i < 100_000; i++) {
      int old = random.nextInt(65536);
      int moved = random.nextBoolean() ? random.nextInt(300) : random.nextInt(65536);
      int event = (old + random.nextInt(-300, 600)) & 0xffff;
      int steps = (event - old) & 0xffff;
      assertThat(Vring.needEvent(event, (old + moved) & 0xffff, old))
          .as("old %d moved %d event %d", old, moved, event)
          .isEqualTo(steps < moved);
    }
  }

  @Test
  void needEventAcrossTheWrap() {
    assertThat(Vring.needEvent(65535, 0, 65535)).isTrue();
    assertThat(Vring.needEvent(0, 1, 65535)).isTrue();
    assertThat(Vring.needEvent(1, 1, 65535)).isFalse();
    assertThat(Vring.needEvent(65534, 0, 65535)).isFalse();
  }
}
