package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** AHCI 10.7: two levels of status, two levels of enable, one line. */
class AhciInterruptTest {
  private static final int DHRS = AhciRegisters.IS_DHRS;

  private static AhciFixture quiet() {
    AhciFixture f = AhciFixture.ready();
    f.port.write(AhciRegisters.PX_IE, 0);
    f.port.writeHba(AhciRegisters.GHC, AhciRegisters.GHC_AE);
    return f;
  }

  private static void event(AhciFixture f) {
    f.issue(0, 0xe5, 0, 0, 0, 0, 0);
  }

  @Test
  @DisplayName("AHCI 3.3.5, 3.3.6: an event is recorded while masked, and reported once enabled")
  void portEnable() {
    try (AhciFixture f = quiet()) {
      f.port.enableInterrupts();
      event(f);
      assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(DHRS);
      assertThat(f.register(AhciRegisters.IS)).isZero();
      assertThat(f.irq.asserted()).isFalse();
      f.port.write(AhciRegisters.PX_IE, DHRS);
      assertThat(f.register(AhciRegisters.IS)).isEqualTo(1);
      assertThat(f.irq.asserted()).isTrue();
    }
  }

  @Test
  @DisplayName("AHCI 3.1.2: GHC.IE gates the line and not the status")
  void globalEnable() {
    try (AhciFixture f = quiet()) {
      f.port.write(AhciRegisters.PX_IE, DHRS);
      event(f);
      assertThat(f.register(AhciRegisters.IS)).isEqualTo(1);
      assertThat(f.irq.asserted()).isFalse();
      f.port.enableInterrupts();
      assertThat(f.irq.asserted()).isTrue();
      f.port.writeHba(AhciRegisters.GHC, AhciRegisters.GHC_AE);
      assertThat(f.irq.asserted()).isFalse();
    }
  }

  @Test
  @DisplayName("AHCI 10.7.2: the line falls once PxIS and then IS are cleared, in that order")
  void acknowledgement() {
    try (AhciFixture f = quiet()) {
      f.port.write(AhciRegisters.PX_IE, DHRS);
      f.port.enableInterrupts();
      event(f);
      f.port.writeHba(AhciRegisters.IS, 1);
      assertThat(f.register(AhciRegisters.IS)).as("the port still wants one").isEqualTo(1);
      assertThat(f.irq.asserted()).isTrue();
      f.port.write(AhciRegisters.PX_IS, 0);
      assertThat(f.port.read(AhciRegisters.PX_IS)).as("0 clears nothing").isEqualTo(DHRS);
      f.port.write(AhciRegisters.PX_IS, DHRS);
      assertThat(f.irq.asserted()).as("IS is its own register").isTrue();
      f.port.writeHba(AhciRegisters.IS, 1);
      assertThat(f.irq.asserted()).isFalse();
    }
  }

  @Test
  @DisplayName("AHCI 10.7: what comes between clearing PxIS and clearing IS makes a new edge")
  void noLostInterrupt() {
    try (AhciFixture f = quiet()) {
      f.port.write(AhciRegisters.PX_IE, DHRS);
      f.port.enableInterrupts();
      event(f);
      assertThat(f.irq.edges()).isEqualTo(1);
      f.port.write(AhciRegisters.PX_IS, DHRS);
      event(f);
      assertThat(f.irq.edges()).isEqualTo(1);
      f.port.writeHba(AhciRegisters.IS, 1);
      assertThat(f.irq.asserted()).isTrue();
      assertThat(f.irq.edges()).isEqualTo(2);
    }
  }

  @Test
  @DisplayName("AHCI 3.3.5: a byte access clears the bits of that byte only")
  void byteAccess() {
    try (AhciFixture f = quiet()) {
      event(f);
      f.controller.write(0x100 + AhciRegisters.PX_IS + 1, 1, 0xff);
      assertThat(f.port.read(AhciRegisters.PX_IS)).isEqualTo(DHRS);
      f.controller.write(0x100 + AhciRegisters.PX_IS, 1, DHRS);
      assertThat(f.port.read(AhciRegisters.PX_IS)).isZero();
    }
  }
}
