package dev.platter.aio.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.event.EventNotifier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** Clients held back until what they have in flight has completed. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class LoopDrainTest {
  private static final AioConfig NO_POLLING = AioConfig.ioThread().withPollMaxNanos(0);

  /** Has a request in flight that ends when its eventfd is signalled. */
  private static final class Device implements LoopClient, AutoCloseable {
    final EventNotifier end = new EventNotifier();
    final TestOp op = TestOp.poll(true, end.fd());
    boolean held;

    @Override
    public void hold() {
      held = true;
    }

    @Override
    public int inFlight() {
      return op.inFlight() ? 1 : 0;
    }

    @Override
    public void resume() {
      held = false;
    }

    @Override
    public void close() {
      end.close();
    }
  }

  @Test
  void itEndsWithTheLastRequestAndClientsGoOn() throws Exception {
    try (IoThread thread = new IoThread("io0", NO_POLLING);
        Device busy = new Device();
        Device late = new Device()) {
      AioContext context = thread.context();
      context.invoke(() -> {
        context.addClient(busy);
        context.addSqe(busy.op);
      });
      try (LoopDrain drain = LoopDrain.begin(context)) {
        assertThat(drain.begunWith()).isEqualTo(1);
        context.invoke(() -> assertThat(busy.held).isTrue());
        context.invoke(() -> context.addClient(late));
        context.invoke(() -> assertThat(late.held).as("one that comes meanwhile").isTrue());
        assertThat(drain.await(0)).isFalse();
        busy.end.signal();
        assertThat(drain.await(TimeUnit.SECONDS.toNanos(50))).isTrue();
        assertThat(drain.inFlight()).isZero();
        context.invoke(() -> assertThat(busy.held).as("until it is closed").isTrue());
      }
      context.invoke(() -> {
        assertThat(busy.held || late.held).isFalse();
        context.removeClient(busy);
        context.removeClient(late);
      });
    }
  }

  @Test
  void onAMainLoopThatHasNothingToDoItIsDoneAtOnce() throws Exception {
    try (MainLoop loop = new MainLoop(AioConfig.mainLoop().withPollMaxNanos(0));
        LoopDrain drain = LoopDrain.begin(loop.context())) {
      assertThat(drain.await(0)).isTrue();
      assertThat(drain.begunWith()).isZero();
    }
  }

  @Test
  void oneThatIsGivenUpLeavesNothingBehind() throws Exception {
    try (IoThread thread = new IoThread("io0", NO_POLLING);
        Device busy = new Device()) {
      AioContext context = thread.context();
      context.invoke(() -> {
        context.addClient(busy);
        context.addSqe(busy.op);
      });
      LoopDrain drain = LoopDrain.begin(context);
      assertThat(drain.await(0)).isFalse();
      assertThat(drain.inFlight()).isEqualTo(1);
      drain.close();
      drain.close();
      context.invoke(() -> assertThat(busy.held).isFalse());
      busy.end.signal();
      busy.op.done.await();
      thread.suspend();
      thread.resume();
      context.invoke(() -> context.removeClient(busy));
    }
  }
}
