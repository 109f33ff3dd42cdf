package dev.platter.emulator.measure.machine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.BigLock;
import dev.platter.devices.bus.IrqLine;
import dev.platter.devices.memory.GuestMemory;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class VcpuTest {
  private static final long FOREVER = 60_000_000_000L;

  private static Vcpu vcpu(long haltPollNanos) {
    return new Vcpu(new MmioBus(new BigLock()), new GuestMemory(List.of()), haltPollNanos);
  }

  @Test
  void anAssertedLineIsTakenAtOnce() {
    Vcpu cpu = vcpu(0);
    IrqLine line = cpu.line(3);
    AtomicInteger taken = new AtomicInteger();
    cpu.setInterruptHandler(
        3,
        () -> {
          taken.incrementAndGet();
          line.lower();
        });
    line.raise();
    assertThat(cpu.halt(System.nanoTime() + FOREVER)).isTrue();
    assertThat(taken).hasValue(1);
    assertThat(cpu.takeInterrupts()).isFalse();
  }

  @Test
  void aLineThatStaysAssertedInterruptsAgain() {
    Vcpu cpu = vcpu(0);
    AtomicInteger taken = new AtomicInteger();
    cpu.setInterruptHandler(0, taken::incrementAndGet);
    cpu.line(0).raise();
    cpu.takeInterrupts();
    cpu.takeInterrupts();
    assertThat(taken).hasValue(2);
  }

  @Test
  void aLineWithoutAHandlerIsMasked() {
    Vcpu cpu = vcpu(0);
    cpu.line(5).raise();
    long start = System.nanoTime();
    assertThat(cpu.halt(start + 1_000_000)).isFalse();
    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(1_000_000);
  }

  @Test
  void haltEndsAtItsDeadlineWithoutAnInterrupt() {
    Vcpu cpu = vcpu(0);
    long start = System.nanoTime();
    assertThat(cpu.halt(start + 1_000_000)).isFalse();
    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(1_000_000);
  }

  @Test
  void pauseTakesInterruptsAndStillLastsItsTime() throws InterruptedException {
    Vcpu cpu = vcpu(0);
    IrqLine line = cpu.line(0);
    AtomicInteger taken = new AtomicInteger();
    cpu.setInterruptHandler(
        0,
        () -> {
          line.lower();
          taken.incrementAndGet();
        });
    Thread device = new Thread(line::raise);
    device.start();
    long start = System.nanoTime();
    cpu.pause(20_000_000);
    device.join();
    cpu.takeInterrupts();
    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(20_000_000);
    assertThat(taken).hasValue(1);
  }

  /** Ping-pong: if one wake-up were lost, both sides would wait for ever. */
  @ParameterizedTest
  @ValueSource(longs = {0, 20_000})
  void noInterruptIsEverLost(long haltPollNanos) throws InterruptedException {
    int rounds = 20_000;
    Vcpu ping = vcpu(haltPollNanos);
    Vcpu pong = vcpu(haltPollNanos);
    IrqLine toPing = ping.line(0);
    IrqLine toPong = pong.line(0);
    AtomicInteger pings = new AtomicInteger();
    AtomicInteger pongs = new AtomicInteger();
    ping.setInterruptHandler(
        0,
        () -> {
          toPing.lower();
          pings.incrementAndGet();
        });
    pong.setInterruptHandler(
        0,
        () -> {
          toPong.lower();
          pongs.incrementAndGet();
        });
    Thread other =
        new Thread(() -> {
          for (int i = 1; i <= rounds; i++) {
            while (pongs.get() < i) {
              pong.halt(System.nanoTime() + FOREVER);
            }
            toPing.raise();
          }
        });
    other.start();
    for (int i = 1; i <= rounds; i++) {
      toPong.raise();
      while (pings.get() < i) {
        ping.halt(System.nanoTime() + FOREVER);
      }
    }
    other.join();
    assertThat(pings).hasValue(rounds);
    assertThat(pongs).hasValue(rounds);
  }
}
