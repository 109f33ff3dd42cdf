package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.devices.ata.TrimRanges;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A controller that is held back while its memory or its state is taken away. */
class AhciPauseTest {
  @Test
  @DisplayName("What is issued while paused stays in PxCI, and is fetched after resume")
  void pauseHoldsBack() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.controller.pause();
      long buffer = f.buffer(512);
      f.disk.poke(0, AhciFixture.pattern(1, 512));
      f.issueQueuedRead(3, 0, buffer);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isEqualTo(8);
      assertThat(f.controller.inFlight()).isZero();
      f.controller.resume();
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
      assertThat(f.dump(buffer, 512)).isEqualTo(AhciFixture.pattern(1, 512));
      assertThat(f.irq.asserted()).isTrue();
    }
  }

  @Test
  @DisplayName("Commands in flight complete while paused; the idle action runs once, at the last")
  void idleAction() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      long buffer = f.buffer(1024);
      f.issueQueuedRead(0, 0, buffer);
      f.issueQueuedRead(1, 1, buffer + 512);
      f.controller.pause();
      AtomicInteger idle = new AtomicInteger();
      f.controller.whenIdle(idle::incrementAndGet);
      f.disk.release(1);
      assertThat(idle).hasValue(0);
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isEqualTo(1);
      f.disk.release(0);
      assertThat(idle).hasValue(1);
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
      f.controller.whenIdle(idle::incrementAndGet);
      assertThat(idle).as("at once").hasValue(2);
      f.controller.resume();
      f.disk.stopHolding();
      f.issueQueuedRead(0, 0, buffer);
      assertThat(idle).as("once").hasValue(2);
    }
  }

  @Test
  @DisplayName("The idle action comes also when a stopped port's last transfer is over")
  void idleAfterOrphans() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      f.issueQueuedRead(0, 0, f.buffer(512));
      f.port.requestStop();
      AtomicInteger idle = new AtomicInteger();
      f.controller.whenIdle(idle::incrementAndGet);
      assertThat(idle).hasValue(0);
      f.disk.release(0);
      assertThat(idle).hasValue(1);
    }
  }

  @Test
  @DisplayName("A TRIM that was begun goes on to its last range while paused")
  void trimGoesOn() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      long ranges = f.buffer(512);
      f.cpu.memory().writeLong(ranges, TrimRanges.encode(0, 8));
      f.cpu.memory().writeLong(ranges + 8, TrimRanges.encode(100, 8));
      f.issue(0, 0x06, 1, 0, 1, AhciRegisters.HEADER_WRITE, f.tables.prds(0, ranges, 512));
      f.controller.pause();
      f.disk.release(0);
      assertThat(f.controller.inFlight()).isEqualTo(1);
      f.disk.release(0);
      assertThat(f.controller.inFlight()).isZero();
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
    }
  }

  @Test
  @DisplayName("A power cycle gives all registers their first values, and refuses while in flight")
  void powerCycle() {
    try (AhciFixture f = new AhciFixture()) {
      int[] fresh = registers(f);
      f.driver.bringUp();
      f.disk.hold();
      f.issueQueuedRead(0, 0, f.buffer(512));
      assertThatThrownBy(f.controller::powerCycle).isInstanceOf(IllegalStateException.class);
      f.disk.release(0);
      assertThat(f.irq.asserted()).isTrue();
      f.controller.powerCycle();
      assertThat(f.irq.asserted()).isFalse();
      assertThat(registers(f)).isEqualTo(fresh);
      f.disk.stopHolding();
      f.driver.bringUp();
    }
  }

  private static int[] registers(AhciFixture f) {
    int[] values = new int[(AhciRegisters.PORT_BASE + 6 * AhciRegisters.PORT_STRIDE) / 4];
    for (int i = 0; i < values.length; i++) {
      values[i] = f.register(4 * i);
    }
    return values;
  }
}
