package dev.platter.aio.socket;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QueueWatchTest {
  /** A closed one is ready at once, each time: the watch would not sleep any more. */
  @Test
  void aListenerThatIsClosedIsWatchedNoMore(@TempDir Path directory) throws Exception {
    Path socket = directory.resolve("open.sock");
    AtomicInteger told = new AtomicInteger();
    try (QueueWatch queues = new QueueWatch();
        UnixListener open = UnixListener.bind(socket)) {
      UnixListener closed = UnixListener.bind(directory.resolve("closed.sock"));
      closed.close();
      queues.add(closed, told::incrementAndGet);
      UnixConnection.connect(socket).close();
      for (int look = 0; look < 2; look++) {
        CountDownLatch found = new CountDownLatch(1);
        queues.add(open, found::countDown);
        assertThat(found.await(30, TimeUnit.SECONDS)).isTrue();
      }
      assertThat(queues.size()).isZero();
      assertThat(told).hasValue(0);
    }
  }
}
