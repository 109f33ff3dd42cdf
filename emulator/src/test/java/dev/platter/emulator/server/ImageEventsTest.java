package dev.platter.emulator.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.meter.Operation;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ImageEventsTest {
  private final List<String> told = new ArrayList<>();
  private long now = 7;
  private final ImageEvents events =
      new ImageEvents(
          (level, export, event, fields) ->
              told.add(level + " " + export + " " + event + " " + fields),
          "vda",
          "a.img",
          () -> now);

  private void fail(int times) {
    for (int i = 0; i < times; i++) {
      events.failed(Operation.READ, 4096L * i, 512, Errno.EIO);
    }
  }

  @Test
  void aDiskThatIsGoneDoesNotFloodTheLog() {
    fail(1000);
    assertThat(told).hasSize(ImageEvents.BURST);
    assertThat(told.getFirst())
        .isEqualTo(
            "ERROR vda io-error {image=a.img, operation=read, offset=0, length=512, reason=EIO,"
                + " untold=0}");
    now += ImageEvents.PAUSE_NANOS - 1;
    fail(1);
    assertThat(told).hasSize(ImageEvents.BURST);
    now++;
    fail(1000);
    assertThat(told).hasSize(ImageEvents.BURST + 1);
    assertThat(told.getLast()).endsWith("untold=996}");
    now += ImageEvents.PAUSE_NANOS;
    fail(1);
    assertThat(told.getLast()).endsWith("untold=999}");
    now += ImageEvents.PAUSE_NANOS;
    fail(1000);
    assertThat(told).as("after a quiet time").hasSize(2 * ImageEvents.BURST + 2);
  }

  @Test
  void saysWhatTheHostKeepsAndWhatItLost() {
    events.slow(Operation.WRITE, 8192, 4096, 5, 3);
    events.noLongerSlow(44, 17);
    events.slow(Operation.FLUSH, 0, 0, 5, 1);
    events.flushFailed(Errno.EIO);
    events.discardRefused(0, 512, Errno.EOPNOTSUPP);
    assertThat(told)
        .containsExactly(
            "WARNING vda io-slow {image=a.img, operation=write, offset=8192, length=4096,"
                + " seconds=5, requests=3}",
            "INFO vda io-slow-ended {image=a.img, seconds=44, requests=17}",
            "WARNING vda io-slow {image=a.img, operation=flush, seconds=5, requests=1}",
            "ERROR vda flush-failed {image=a.img, reason=EIO}",
            "WARNING vda discard-refused {image=a.img, operation=discard, offset=0, length=512,"
                + " reason=EOPNOTSUPP}");
  }
}
