package dev.platter.emulator.measure.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.loop.BigLock;
import dev.platter.devices.bus.MmioDevice;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MmioBusTest {
  private final BigLock lock = new BigLock();
  private final MmioBus bus = new MmioBus(lock);
  private final List<String> accesses = new ArrayList<>();

  private final MmioDevice device =
      new MmioDevice() {
        @Override
        public long read(long offset, int sizeBytes) {
          lock.checkHeld();
          accesses.add("read " + offset + "/" + sizeBytes);
          return 0x1234;
        }

        @Override
        public void write(long offset, int sizeBytes, long value) {
          lock.checkHeld();
          accesses.add("write " + offset + "/" + sizeBytes + "=" + value);
        }
      };

  @Test
  void accessesReachTheDeviceUnderTheBigLock() {
    bus.map(0x1000, 0x100, device);
    assertThat(bus.load(0x1010, 4)).isEqualTo(0x1234);
    bus.store(0x10fc, 4, 7);
    assertThat(accesses).containsExactly("read 16/4", "write 252/4=7");
    assertThat(bus.exits()).isEqualTo(2);
    assertThat(lock.isHeldByCurrentThread()).isFalse();
  }

  @Test
  void whereNoDeviceIsLoadsReadAllOnesAndAreCounted() {
    bus.map(0x1000, 0x100, device);
    assertThat(bus.load(0x2000, 4)).isEqualTo(0xffff_ffffL);
    assertThat(bus.load(0x1100, 1)).isEqualTo(0xff);
    assertThat(bus.load(0xfff, 8)).isEqualTo(-1L);
    bus.store(0x2000, 4, 1);
    assertThat(bus.unmapped()).isEqualTo(4);
    assertThat(bus.exits()).isZero();
    assertThat(accesses).isEmpty();
  }

  @Test
  void aMatchingIoEventFdTakesNoLockAndCallsNoDevice() {
    bus.map(0x1000, 0x100, device);
    try (EventNotifier doorbell = new EventNotifier()) {
      bus.addIoEventFd(0x1050, 3, doorbell);
      bus.store(0x1050, 4, 3);
      assertThat(bus.ioEventFds()).isEqualTo(1);
      assertThat(lock.stats().acquisitions()).isZero();
      assertThat(accesses).isEmpty();
      bus.store(0x1050, 4, 2); // another value
      bus.store(0x1050, 2, 3); // another width
      assertThat(accesses).containsExactly("write 80/4=2", "write 80/2=3");
    }
  }

  @Test
  void overlappingDevicesAreRefused() {
    bus.map(0x1000, 0x100, device);
    assertThatThrownBy(() -> bus.map(0x10ff, 1, device))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
