package dev.platter.emulator.export.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.event.HeldUpPipes;
import dev.platter.aio.loop.Threads;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Sockets;
import dev.platter.emulator.export.PipeHolder;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

class EventSlotTest {
  /**
   * A Unix socket whose queue has the last descriptor of a pipe: whoever closes the socket waits
   * for the pipe's lock, and the loop that signals must not wait for that thread.
   */
  @Test
  @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
  void aSocketThatCannotBeClosedHoldsUpNoSignal() throws Exception {
    EventSlot slot = new EventSlot();
    Thread replacing;
    try (PipeHolder holder = new PipeHolder();
        Arena arena = Arena.ofConfined()) {
      MemorySegment pair = arena.allocate(ValueLayout.JAVA_INT, 2);
      assertThat(Sockets.socketpair(LinuxAbi.AF_UNIX, LinuxAbi.SOCK_STREAM, pair)).isZero();
      int call = pair.getAtIndex(ValueLayout.JAVA_INT, 0);
      int pipe = holder.open();
      try (UnixConnection client = new UnixConnection(pair.getAtIndex(ValueLayout.JAVA_INT, 1))) {
        client.send(arena.allocate(8, 8), 0, 8, pipe);
      }
      Libc.close(pipe);
      holder.hold();
      slot.set(EventNotifier.adoptSink(call, () -> {}, new HeldUpPipes()));
      String socket = target(call);
      replacing = Thread.ofPlatform().daemon().start(() -> slot.set(null));
      while (target(call).equals(socket)) {
        LockSupport.parkNanos(1_000_000); // its number is free before the socket is gone
      }
      slot.signal();
      assertThat(replacing.isAlive()).isTrue();
    }
    Threads.joinUninterruptibly(replacing);
  }

  private static String target(int fd) {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString();
    } catch (IOException e) {
      return "";
    }
  }
}
