package dev.platter.emulator.lab.punting;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PuntCountTest {
  @Test
  void theTracepointComesFirst() {
    assertThat(new PuntCount(8, 3, 5, 50).punts()).isEqualTo(3);
    assertThat(new PuntCount(8, null, 5, 50).punts()).isEqualTo(5);
    assertThat(new PuntCount(8, null, null, 50).punts()).isNull();
    assertThat(new PuntCount(8, 2, null, 50).share()).isEqualTo(0.25);
  }

  @Test
  void aFewAreNotMany() {
    assertThat(new PuntCount(1024, 0, 0, 50).few()).isFalse();
    assertThat(new PuntCount(1024, 30, 0, 50).few()).isTrue();
    assertThat(new PuntCount(1024, 30, 0, 50).many()).isFalse();
    assertThat(new PuntCount(1024, 1024, 0, 50).many()).isTrue();
    assertThat(new PuntCount(1024, null, null, 50).many()).isFalse();
    assertThat(new PuntCount(1024, 300, 0, 50).many()).isTrue();
    assertThat(new PuntCount(1024, 300, 0, 299).few()).as("one in each tick").isTrue();
    assertThat(new PuntCount(1024, 1024, 0, 4000).many()).as("all, on a slow disk").isTrue();
    assertThat(new PuntCount(1024, 1023, 1023, 4000).many()).as("but for one, there").isTrue();
  }

  @Test
  void agreesIfBothSayTheSame() {
    assertThat(new PuntCount(1024, 0, 0, 50).agreement()).isEqualTo("yes");
    assertThat(new PuntCount(1024, 1024, 1024, 50).agreement()).isEqualTo("yes");
    assertThat(new PuntCount(1024, 7, 30, 50).agreement()).isEqualTo("both a few");
    assertThat(new PuntCount(1024, 0, 30, 50).agreement()).isEqualTo("no");
    assertThat(new PuntCount(1024, 1024, 30, 50).agreement()).isEqualTo("no");
    assertThat(new PuntCount(1024, 1024, 1000, 50).agreement()).isEqualTo("no");
    assertThat(new PuntCount(1024, null, 30, 50).agreement()).isNull();
  }
}
