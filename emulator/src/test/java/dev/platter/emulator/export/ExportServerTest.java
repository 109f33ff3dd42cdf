package dev.platter.emulator.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.socket.QueueWatch;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.socket.UnixListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportServerTest {
  /** Each client makes another thing go wrong. */
  private static final class Faulty implements ClientSession {
    private final BlockingQueue<Throwable> faults =
        new LinkedBlockingQueue<>(
            List.of(
                new OutOfMemoryError("planted"),
                new StackOverflowError("planted"),
                new NoClassDefFoundError("planted"),
                new AssertionError("planted"),
                new InternalError("planted"),
                new IllegalStateException("planted")));

    @Override
    public void serve(UnixConnection connection) {
      switch (faults.poll()) {
        case Error e -> throw e;
        case RuntimeException e -> throw e;
        case null, default -> {}
      }
    }

    @Override
    public void close() {}
  }

  @Test
  void whateverAClientMakesGoWrongTheNextIsServed(@TempDir Path directory) throws Exception {
    Path socket = directory.resolve("export.sock");
    BlockingQueue<Map.Entry<String, Map<String, Object>>> events = new LinkedBlockingQueue<>();
    Faulty session = new Faulty();
    try (QueueWatch queues = new QueueWatch();
        ExportServer server =
            new ExportServer(
                "disk",
                UnixListener.bind(socket),
                session,
                queues,
                (_, _, event, fields) -> events.add(Map.entry(event, fields)))) {
      for (Throwable fault : List.copyOf(session.faults)) {
        connect(socket);
        assertThat(next(events).getKey()).isEqualTo("client-connected");
        Map.Entry<String, Map<String, Object>> event = next(events);
        assertThat(event.getKey()).isEqualTo("client-failed");
        assertThat(event.getValue())
            .containsEntry("reason", fault.toString())
            .containsKeys("trace", "pid");
      }
      connect(socket);
      assertThat(next(events).getKey()).isEqualTo("client-connected");
      assertThat(next(events).getKey()).isEqualTo("client-left");
      assertThat(server.droppedConnections()).isEqualTo(6);
    }
  }

  /** Else it would come back at once, and do it again. */
  @Test
  void whoHasHeldUpOthersIsNotServedForAWhile(@TempDir Path directory) throws Exception {
    Path socket = directory.resolve("export.sock");
    BlockingQueue<Map.Entry<String, Map<String, Object>>> events = new LinkedBlockingQueue<>();
    ClientSession session =
        new ClientSession() {
          @Override
          public void serve(UnixConnection connection) throws IOException {
            throw ProtocolViolation.byFullEventFd();
          }

          @Override
          public void close() {}
        };
    try (QueueWatch queues = new QueueWatch();
        ExportServer server =
            new ExportServer(
                "disk",
                UnixListener.bind(socket),
                session,
                queues,
                (_, _, event, fields) -> events.add(Map.entry(event, fields)))) {
      connect(socket);
      assertThat(next(events).getKey()).isEqualTo("client-connected");
      Map.Entry<String, Map<String, Object>> event = next(events);
      assertThat(event.getKey()).isEqualTo("client-dropped");
      assertThat(event.getValue()).containsEntry("pause_seconds", 10);
      Thread export =
          Thread.getAllStackTraces().keySet().stream()
              .filter(thread -> thread.getName().equals("export-disk"))
              .findFirst()
              .orElseThrow();
      connect(socket);
      while (export.getState() != Thread.State.TIMED_WAITING) {
        Thread.onSpinWait();
      }
      assertThat(server.connections()).isEqualTo(1);
    } // and does not wait for the rest of it
    assertThat(events).isEmpty();
  }

  /** A client would wait without a word, and its user for it. */
  @Test
  void aClientThatWaitsForAnotherIsTold(@TempDir Path directory) throws Exception {
    Path socket = directory.resolve("export.sock");
    BlockingQueue<Map.Entry<String, Map<String, Object>>> events = new LinkedBlockingQueue<>();
    BlockingQueue<String> leave = new LinkedBlockingQueue<>();
    ClientSession session =
        new ClientSession() {
          @Override
          public void serve(UnixConnection connection) throws IOException {
            try {
              leave.take();
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
          }

          @Override
          public void close() {}
        };
    try (QueueWatch queues = new QueueWatch();
        ExportServer server =
            new ExportServer(
                "disk",
                UnixListener.bind(socket),
                session,
                queues,
                (_, _, event, fields) -> events.add(Map.entry(event, fields)))) {
      connect(socket);
      assertThat(next(events).getKey()).isEqualTo("client-connected");
      assertThat(server.hasWaiting()).isFalse();
      connect(socket);
      Map.Entry<String, Map<String, Object>> queued = next(events);
      assertThat(queued.getKey()).isEqualTo("client-queued");
      assertThat(queued.getValue())
          .containsEntry("served_pid", (int) ProcessHandle.current().pid());
      connect(socket); // of whom nothing more is told
      assertThat(server.hasWaiting()).isTrue();
      leave.add("");
      assertThat(next(events).getKey()).isEqualTo("client-left");
      assertThat(next(events).getKey()).isEqualTo("client-connected");
      assertThat(next(events).getKey()).as("the third").isEqualTo("client-queued");
      leave.add("");
      leave.add("");
      assertThat(next(events).getKey()).isEqualTo("client-left");
      assertThat(next(events).getKey()).isEqualTo("client-connected");
      assertThat(next(events).getKey()).isEqualTo("client-left");
    }
    assertThat(events).isEmpty();
  }

  private static void connect(Path socket) throws IOException {
    UnixConnection.connect(socket).close();
  }

  private static <T> T next(BlockingQueue<T> events) throws InterruptedException {
    T event = events.poll(30, TimeUnit.SECONDS);
    if (event == null) {
      throw new AssertionError("nothing happens");
    }
    return event;
  }
}
