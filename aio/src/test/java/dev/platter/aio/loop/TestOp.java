package dev.platter.aio.loop;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.ring.Sqe;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/** A request that remembers how it ended, and may do something then. */
final class TestOp extends RingOp {
  final CountDownLatch done = new CountDownLatch(1);
  private final Consumer<Sqe> prep;
  private final Runnable then;
  int result;

  TestOp(boolean blockIo, Consumer<Sqe> prep, Runnable then) {
    super(blockIo);
    this.prep = prep;
    this.then = then;
  }

  static TestOp nop() {
    return nop(() -> {});
  }

  static TestOp nop(Runnable then) {
    return new TestOp(false, Sqe::prepNop, then);
  }

  static TestOp poll(boolean blockIo, int fd) {
    return new TestOp(blockIo, sqe -> sqe.prepPollAdd(fd, LinuxAbi.POLLIN, false), () -> {});
  }

  static TestOp timeout(long nanos, Runnable then) {
    MemorySegment timespec = Arena.ofAuto().allocate(16, 8);
    timespec.set(JAVA_LONG, 0, nanos / 1_000_000_000);
    timespec.set(JAVA_LONG, 8, nanos % 1_000_000_000);
    return new TestOp(false, sqe -> sqe.prepTimeout(timespec.address(), false), then);
  }

  boolean isDone() {
    return done.getCount() == 0;
  }

  @Override
  protected void prepare(Sqe sqe) {
    prep.accept(sqe);
  }

  @Override
  protected void complete(int result, int cqeFlags) {
    this.result = result;
    done.countDown();
    then.run();
  }
}
