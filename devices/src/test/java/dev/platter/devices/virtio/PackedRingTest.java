package dev.platter.devices.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The packed layout's numbers (2.8) and positions. */
class PackedRingTest {
  /** 2.8.1: available and used differ from each other, and from those of the lap before. */
  @Test
  void flagsOfALap() {
    assertThat(PackedRing.availableBits(true)).isEqualTo(0x0080);
    assertThat(PackedRing.availableBits(false)).isEqualTo(0x8000);
    assertThat(PackedRing.usedBits(true)).isEqualTo(0x8080);
    assertThat(PackedRing.usedBits(false)).isZero();
    assertThat(PackedRing.lapBits(0xffff)).isEqualTo(0x8080);
  }

  /** Every event, place and move of a small ring, against counting. */
  @Test
  void wantedIsWhetherTheDescriptorWasPassed() {
    int size = 5;
    for (int place = 2 * size; place < 4 * size; place++) {
      for (int moved = 1; moved <= size; moved++) {
        for (int event = place - moved - 1; event < place + size - moved; event++) {
          boolean eventLap = event / size % 2 == 0;
          int word = event % size | (eventLap ? 0x8000 : 0) | PackedRing.EVENT_AT_DESC << 16;
          boolean lap = place / size % 2 == 0;
          assertThat(PackedRing.wanted(word, true, size, place % size, lap, moved))
              .as("at %d, moved %d, event %d", place, moved, event)
              .isEqualTo(event >= place - moved && event < place);
        }
      }
    }
  }

  /** GET_VRING_BASE and SET_VRING_BASE of the vhost-user protocol. */
  @ParameterizedTest
  @CsvSource({
    "0, 0, false, 0, false",
    "-2147450880, 0, true, 0, true",
    "-2147450879, 1, true, 0, true",
    "-2147385343, 1, true, 1, true",
    "2147418110, 32766, true, 32766, false",
  })
  void baseOfAPackedQueue(int base, int avail, boolean availWrap, int used, boolean usedWrap) {
    QueueConfig config = QueueConfig.fresh(32768, 0, 0, 0).withPackedBase(base);
    assertThat(config).isEqualTo(new QueueConfig(32768, 0, 0, 0, avail, availWrap, used, usedWrap));
  }

  @Test
  void baseOfASplitQueue() {
    QueueConfig config = QueueConfig.fresh(256, 1, 2, 3).withSplitBase(0x1_fffe);
    assertThat(config.availIndex()).isEqualTo(0xfffe);
    assertThat(config.usedIndex()).isEqualTo(QueueConfig.FROM_RING);
    assertThat(config.descriptorArea()).isEqualTo(1);
  }
}
