package dev.platter.aio;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KernelVersionTest {
  @Test
  void readsReleases() {
    assertThat(KernelVersion.parse("6.18.44-fc-v669")).isEqualTo(new KernelVersion(6, 18, 44));
    assertThat(KernelVersion.parse("5.14.0-503.el9.x86_64")).isEqualTo(new KernelVersion(5, 14, 0));
    assertThat(KernelVersion.parse("7.0-rc3+")).isEqualTo(new KernelVersion(7, 0, 0));
    assertThat(KernelVersion.parse("6.1\n")).isEqualTo(new KernelVersion(6, 1, 0));
    assertThat(KernelVersion.parse("?")).isNull();
    assertThat(KernelVersion.parse("")).isNull();
    assertThat(KernelVersion.parse("99999999999.1")).isNull();
  }

  @Test
  void compares() {
    KernelVersion version = new KernelVersion(6, 18, 11);
    assertThat(version.atLeast(6, 18)).isTrue();
    assertThat(version.atLeast(6, 18, 11)).isTrue();
    assertThat(version.atLeast(6, 18, 12)).isFalse();
    assertThat(version.atLeast(5, 19)).isTrue();
    assertThat(version.atLeast(7, 0)).isFalse();
  }
}
