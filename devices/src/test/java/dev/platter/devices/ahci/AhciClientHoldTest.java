package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.ata.TrimRanges;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A controller that is held back from its backends, or has its memory or its power taken away. */
class AhciClientHoldTest {
  @Test
  @DisplayName("What is issued while held is accepted, and begun after resume")
  void holdBeginsNothing() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.controller.hold();
      long buffer = f.buffer(512);
      f.disk.poke(0, AhciFixture.pattern(1, 512));
      f.issueQueuedRead(3, 0, buffer);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isEqualTo(8);
      assertThat(f.controller.inFlight()).isZero();
      f.controller.resume();
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      assertThat(f.port.read(AhciRegisters.PX_SACT)).isZero();
      assertThat(f.dump(buffer, 512)).isEqualTo(AhciFixture.pattern(1, 512));
      assertThat(f.irq.asserted()).isTrue();
    }
  }

  @Test
  @DisplayName("IDENTIFY, SET FEATURES, READ LOG and resets are answered while held")
  void othersAreAnswered() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.controller.hold();
      f.issue(0, 0xea, 0, 0, 0, 0, 0);
      assertThat(f.port.read(AhciRegisters.PX_CI)).as("a flush waits").isEqualTo(1);
      f.port.stop();
      assertThat(f.port.busy()).as("nothing of it has begun").isFalse();
      f.driver.bringUp();
      long page = f.buffer(512);
      assertThat(f.driver.executePolled(0x2f, 0, 0x10, 1, 0, page, 512, false)).isZero();
      assertThat(f.driver.executePolled(0xe5, 0, 0, 0, 0, 0, 0, false)).isZero();
      assertThat(f.controller.inFlight()).isZero();
      f.controller.resume();
    }
  }

  @Test
  @DisplayName("Commands in flight complete while held; the idle action runs once, at the last")
  void idleAction() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      long buffer = f.buffer(1024);
      f.issueQueuedRead(0, 0, buffer);
      f.issueQueuedRead(1, 1, buffer + 512);
      f.controller.hold();
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
  @DisplayName("The idle action waits for what a stop has let go of")
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
  @DisplayName("A long command is parked between two of its pieces, a TRIM between two ranges")
  void longCommandsAreParked() {
    try (AhciFixture f = AhciFixture.ready()) {
      f.disk.hold();
      long ranges = f.buffer(512);
      f.cpu.memory().writeLong(ranges, TrimRanges.encode(0, 8));
      f.cpu.memory().writeLong(ranges + 8, TrimRanges.encode(100, 8));
      f.issue(0, 0x06, 1, 0, 1, AhciRegisters.HEADER_WRITE, f.tables.prds(0, ranges, 512));
      f.controller.hold();
      f.disk.release(0);
      assertThat(f.controller.inFlight()).isZero();
      assertThat(f.port.read(AhciRegisters.PX_CI)).isEqualTo(1);
      f.controller.resume();
      assertThat(f.controller.inFlight()).isEqualTo(1);
      f.disk.release(0);
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();

      // 8 MiB: twice as much as there are buffers.
      byte[] data = AhciFixture.pattern(2, 512);
      f.disk.poke((8 << 20) - 512, data);
      f.issue(0, 0x25, 0, 0, 16384, 0, f.tables.prds(0, AhciFixture.HIGH_RAM, 8 << 20));
      assertThat(f.controller.inFlight()).isEqualTo(32);
      f.controller.hold();
      f.disk.releaseAll();
      assertThat(f.controller.inFlight()).isZero();
      assertThat(f.port.read(AhciRegisters.PX_CI)).isEqualTo(1);
      f.controller.resume();
      f.disk.releaseAll();
      assertThat(f.port.read(AhciRegisters.PX_CI)).isZero();
      assertThat(f.dump(AhciFixture.HIGH_RAM + (8 << 20) - 512, 512)).isEqualTo(data);
    }
  }

  @Test
  @DisplayName("A power cycle gives all registers their first values, also with requests in flight")
  void powerCycle() {
    try (AhciFixture f = new AhciFixture()) {
      int[] fresh = registers(f);
      f.driver.bringUp();
      f.issueQueuedRead(1, 0, f.buffer(512));
      assertThat(f.irq.asserted()).isTrue();
      f.disk.hold();
      f.disk.poke(0, AhciFixture.pattern(1, 512));
      long buffer = f.buffer(512);
      f.issueQueuedRead(0, 0, buffer);
      f.controller.powerCycle();
      assertThat(f.irq.asserted()).isFalse();
      assertThat(registers(f)).isEqualTo(fresh);
      f.disk.release(0);
      assertThat(registers(f)).isEqualTo(fresh);
      assertThat(f.dump(buffer, 512)).containsOnly(0);
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
