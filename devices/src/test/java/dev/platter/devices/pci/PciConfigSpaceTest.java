package dev.platter.devices.pci;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class PciConfigSpaceTest {
  @Test
  @DisplayName("PCI 6.2.3: errors in STATUS are cleared by writing 1 and by nothing else")
  void writeOneToClear() {
    PciConfigSpace space = new PciConfigSpace();
    space.define(PciConfig.STATUS, 2, 0x0210, 0);
    space.defineClearable(PciConfig.STATUS, 2, PciConfig.STATUS_ERRORS);
    space.set(PciConfig.STATUS, 0xa000, true);
    space.write(PciConfig.STATUS, 2, 0);
    assertThat(space.read(PciConfig.STATUS, 2)).isEqualTo(0xa210);
    space.write(PciConfig.STATUS, 2, 0x2010);
    assertThat(space.read(PciConfig.STATUS, 2)).isEqualTo(0x8210);
    space.write(PciConfig.STATUS + 1, 1, 0x80);
    assertThat(space.read(PciConfig.STATUS, 2)).isEqualTo(0x0210);
    space.write(PciConfig.STATUS, 2, 0xffff);
    assertThat(space.read(PciConfig.STATUS, 2)).as("1 sets nothing").isEqualTo(0x0210);
  }

  @Test
  @DisplayName("Accesses of any size and alignment; what is beyond the end reads as ones")
  void accesses() {
    PciConfigSpace space = new PciConfigSpace();
    space.define(0x40, 4, 0x44332211, 0x00ffff00);
    assertThat(space.read(0x3f, 4)).isEqualTo(0x33221100L);
    assertThat(space.read(0x40, 8)).isEqualTo(0x44332211L);
    space.write(0x41, 4, 0xaabbccddL);
    assertThat(space.read(0x40, 4)).isEqualTo(0x44ccdd11L);
    space.write(0x3c, 8, -1);
    assertThat(space.read(0x40, 4)).isEqualTo(0x44ffff11L);
    assertThat(space.read(0xfe, 4)).isEqualTo(0xffff0000L);
    space.write(0xfe, 4, 0);
    space.reset();
    assertThat(space.read(0x40, 4)).isEqualTo(0x44332211L);
  }
}
