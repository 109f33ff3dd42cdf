package dev.platter.devices.virtio.mmio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.testkit.RecordingIrq;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;

/** The interrupt status and its line, with one side raising and the other acknowledging. */
class InterruptStatusTest {
  @Test
  void lineIsHighWhileABitIsSet() {
    RecordingIrq irq = new RecordingIrq();
    InterruptStatus status = new InterruptStatus(irq);
    status.raise(1);
    status.raise(2);
    status.acknowledge(1);
    assertThat(irq.asserted()).isTrue();
    status.acknowledge(2);
    assertThat(irq.asserted()).isFalse();
    status.acknowledge(3);
    assertThat(irq.asserted()).isFalse();
    assertThat(irq.edges()).isEqualTo(1);
  }

  /** After both sides have stopped, line and register agree, however they met. */
  @Test
  void lineAgreesWithTheRegisterAfterEveryRace() throws Exception {
    int rounds = 20_000;
    RecordingIrq irq = new RecordingIrq();
    InterruptStatus status = new InterruptStatus(irq);
    CyclicBarrier barrier = new CyclicBarrier(2);
    Throwable[] failure = new Throwable[1];
    Thread device =
        Thread.ofPlatform()
            .start(() -> {
              try {
                for (int i = 0; i < rounds; i++) {
                  barrier.await();
                  status.raise(1);
                  barrier.await();
                }
              } catch (Exception e) {
                failure[0] = e;
              }
            });
    int disagreements = 0;
    for (int i = 0; i < rounds; i++) {
      status.raise(2);
      barrier.await();
      status.acknowledge(3);
      barrier.await();
      if (irq.asserted() != (status.get() != 0)) {
        disagreements++;
      }
      status.acknowledge(3);
    }
    device.join();
    assertThat(failure[0]).isNull();
    assertThat(disagreements).isZero();
  }
}
