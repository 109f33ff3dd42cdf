package dev.platter.emulator.guest;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class QemuVersionTest {
  @Test
  void readsWhatDistributionsPrint() {
    assertThat(
            QemuVersion.parse(
                """
                QEMU emulator version 11.1.3 (Debian 1:11.1.3+ds-1~bpo13+1)
                Copyright (c) 2003-2026 Fabrice Bellard and the QEMU Project developers
                """))
        .isEqualTo(new QemuVersion(11, 1, 3));
    assertThat(QemuVersion.parse("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)"))
        .isEqualTo(new QemuVersion(7, 2, 22));
    assertThat(QemuVersion.parse("QEMU emulator version 10.1.50 (v10.1.0-1234-gdeadbeef)"))
        .isEqualTo(new QemuVersion(10, 1, 50));
    assertThat(QemuVersion.parse("QEMU emulator version 9.0")).hasToString("9.0.0");
  }

  @Test
  void readsNothingFromAnythingElse() {
    assertThat(QemuVersion.parse("")).isNull();
    assertThat(QemuVersion.parse("qemu-img version 11.1.3")).isNull();
    assertThat(QemuVersion.parse("QEMU emulator version 99999999999.1")).isNull();
  }

  @Test
  void comparesNumbersAndNotText() {
    assertThat(new QemuVersion(10, 0, 9).atLeast(QemuVersion.VFIO_USER)).isFalse();
    assertThat(new QemuVersion(10, 1, 0).atLeast(QemuVersion.VFIO_USER)).isTrue();
    assertThat(new QemuVersion(10, 10, 0).atLeast(new QemuVersion(10, 9, 5))).isTrue();
    assertThat(new QemuVersion(9, 2, 0).atLeast(QemuVersion.VFIO_USER)).isFalse();
    assertThat(new QemuVersion(6, 2, 0).atLeast(QemuVersion.VHOST_USER)).isFalse();
    assertThat(new QemuVersion(7, 0, 0).atLeast(QemuVersion.VHOST_USER)).isTrue();
  }
}
