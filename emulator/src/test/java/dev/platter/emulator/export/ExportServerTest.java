package dev.platter.emulator.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.event.HeldUpPipes;
import dev.platter.aio.loop.Threads;
import dev.platter.aio.socket.QueueWatch;
import dev.platter.aio.socket.ReceivedFds;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.socket.UnixListener;
import dev.platter.aio.sys.Libc;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
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

  /** Pipes that a client has still sent when it goes count together with those that were taken. */
  @Test
  @Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
  void pipesOfTheGoodbyeCountWithTheOthers(@TempDir Path directory) throws Exception {
    Path socket = directory.resolve("export.sock");
    BlockingQueue<Map.Entry<String, Map<String, Object>>> events = new LinkedBlockingQueue<>();
    MemorySegment message = Arena.ofAuto().allocate(Long.BYTES, 8);
    HeldUpPipes pipes = new HeldUpPipes();
    ClientSession session =
        new ClientSession() {
          @Override
          public HeldUpPipes heldUpPipes() {
            return pipes;
          }

          @Override
          public void serve(UnixConnection connection) throws IOException {
            pipes.checkClient();
            try (ReceivedFds fds = new ReceivedFds(pipes)) {
              boolean _ = connection.receive(message, 0, Long.BYTES, fds);
            }
          }

          @Override
          public void close() {}
        };
    try (PipeHolder holder = new PipeHolder();
        UnixListener listener = UnixListener.bind(socket);
        UnixConnection client = UnixConnection.connect(socket)) {
      for (int i = 0; i < 2; i++) { // the session's message, and that of the goodbye
        int[] fds = IntStream.generate(holder::open).limit(8).toArray();
        client.send(message, 0, Long.BYTES, fds);
        IntStream.of(fds).forEach(Libc::close); // those in the message are the last
      }
      holder.hold();
      try (QueueWatch queues = new QueueWatch();
          ExportServer _ =
              new ExportServer(
                  "disk",
                  listener,
                  session,
                  queues,
                  (_, _, event, fields) -> events.add(Map.entry(event, fields)))) {
        assertThat(next(events).getKey()).isEqualTo("client-connected");
        assertThat(next(events).getKey()).isEqualTo("client-left");
        connect(socket);
        assertThat(next(events).getKey()).isEqualTo("client-connected");
        Map.Entry<String, Map<String, Object>> event = next(events);
        assertThat(event.getKey()).isEqualTo("client-dropped");
        assertThat(event.getValue().get("reason")).asString().contains("still hold up 16 pipes");
      }
    }
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

  /** Its descriptor's number may be another file's by then, which is ready for other reasons. */
  @Test
  void whoStopsIsNotToldOfClientsWhileTheDiskIsStalled(@TempDir Path directory) throws Exception {
    Path socket = directory.resolve("export.sock");
    BlockingQueue<Map.Entry<String, Map<String, Object>>> events = new LinkedBlockingQueue<>();
    CountDownLatch answered = new CountDownLatch(1);
    ClientSession session =
        new ClientSession() {
          @Override
          public void serve(UnixConnection connection) {
            Threads.awaitUninterruptibly(answered);
          }

          @Override
          public void close() {}
        };
    MemorySegment word = Arena.ofAuto().allocate(Long.BYTES, 8);
    List<UnixConnection> ready = new ArrayList<>();
    try (QueueWatch queues = new QueueWatch();
        UnixListener other = UnixListener.bind(directory.resolve("other.sock"))) {
      ExportServer server =
          new ExportServer(
              "disk",
              UnixListener.bind(socket),
              session,
              queues,
              (_, _, event, fields) -> events.add(Map.entry(event, fields)));
      connect(socket);
      assertThat(next(events).getKey()).isEqualTo("client-connected");
      look(queues, other, directory); // at the export's queue, too
      Thread closing = Thread.ofPlatform().start(server::close);
      try {
        while (closing.getState() != Thread.State.WAITING) {
          Thread.onSpinWait(); // for the export's thread, with its listener closed
        }
        assertThat(socket).doesNotExist();
        for (int i = 0; i < 64; i++) { // the lowest numbers that are free
          for (UnixConnection end : UnixConnection.pair()) {
            end.send(word, 0, Long.BYTES);
            ready.add(end);
          }
        }
        look(queues, other, directory);
        look(queues, other, directory);
        assertThat(events).isEmpty();
      } finally {
        answered.countDown();
        Threads.joinUninterruptibly(closing);
        ready.forEach(UnixConnection::close);
      }
      assertThat(next(events).getKey()).isEqualTo("client-disconnected");
    }
  }

  /** Has the watch look at all of its queues. */
  private static void look(QueueWatch queues, UnixListener other, Path directory) throws Exception {
    if (!other.hasWaiting()) {
      connect(directory.resolve("other.sock"));
    }
    CountDownLatch told = new CountDownLatch(1);
    queues.add(other, told::countDown);
    assertThat(told.await(30, TimeUnit.SECONDS)).isTrue();
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
