package dev.platter.emulator.export.vhostuser;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.socket.ReceivedFds;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Sockets;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The front-end's end of the channel for requests of the back-end. */
final class BackEndRequests implements AutoCloseable {
  private final UnixConnection connection;
  private final ReceivedFds fds = new ReceivedFds();

  /** Gives the back-end its end. */
  BackEndRequests(VhostUserClient client) throws IOException {
    int[] ends = pair();
    connection = new UnixConnection(ends[0]);
    client.must(VhostUserRequest.SET_BACKEND_REQ_FD, new byte[0], ends[1]);
    Libc.close(ends[1]);
  }

  static int[] pair() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ends = arena.allocate(JAVA_INT, 2);
      assertThat(Sockets.socketpair(LinuxAbi.AF_UNIX, LinuxAbi.SOCK_STREAM, ends)).isZero();
      return new int[] {ends.get(JAVA_INT, 0), ends.get(JAVA_INT, 4)};
    }
  }

  /** Waits for a request and gives its number. */
  int next() throws IOException {
    MemorySegment message = Arena.ofAuto().allocate(VhostUserMessage.HEADER_BYTES, 4);
    assertThat(connection.receive(message, 0, VhostUserMessage.HEADER_BYTES, fds)).isTrue();
    assertThat(message.get(JAVA_INT, VhostUserMessage.FLAGS)).isEqualTo(VhostUserMessage.VERSION);
    assertThat(message.get(JAVA_INT, VhostUserMessage.SIZE)).isZero();
    return message.get(JAVA_INT, VhostUserMessage.REQUEST);
  }

  @Override
  public void close() {
    connection.close();
  }
}
