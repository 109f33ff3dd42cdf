package dev.platter.emulator.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.devices.block.CacheMode;
import dev.platter.devices.block.ImageOptions;
import dev.platter.emulator.export.ClientSession;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One export whose disk does not answer, so that it cannot end, among others. */
@Timeout(60)
class StalledExportTest {
  private static final ImageOptions CACHED = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);
  private static final long LONG = TimeUnit.MINUTES.toNanos(5);
  private static final ServerOptions TELLS_SOON =
      ServerOptions.DEFAULT.withTellAfter(TimeUnit.MILLISECONDS.toNanos(1));

  @TempDir private Path directory;
  private final RecordingLog log = new RecordingLog();
  private final CountDownLatch answers = new CountDownLatch(1);
  private final CountDownLatch ending = new CountDownLatch(1);
  private final Map<String, CountDownLatch> ended = new ConcurrentHashMap<>();
  private Server server;

  /** Serves nobody, and ends when its disk answers. */
  private final class Session implements ClientSession {
    private final String name;

    Session(String name) {
      this.name = name;
    }

    @Override
    public void serve(UnixConnection connection) {}

    @Override
    public void close() {
      if (name.equals("stalled")) {
        ending.countDown();
        try {
          answers.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
      latch(name).countDown();
    }
  }

  private CountDownLatch latch(String name) {
    return ended.computeIfAbsent(name, _ -> new CountDownLatch(1));
  }

  private ExportConfig disk(String name) throws IOException {
    Path image = directory.resolve(name + ".img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    return ExportConfig.VirtioBlk.at(
        directory.resolve(name + ".sock"), name, image.toString(), CACHED);
  }

  @BeforeEach
  void start() throws IOException {
    server =
        Server.start(
            ServeConfig.of(disk("stalled"), disk("well")),
            log,
            SystemdSockets.none(),
            TELLS_SOON,
            (export, _) -> new Session(export.name()),
            StartListener.NOBODY);
  }

  @AfterEach
  void stop() {
    answers.countDown();
    server.close();
  }

  /** On a thread of its own: it waits. */
  private static <T> CompletableFuture<T> async(Supplier<T> what) {
    return CompletableFuture.supplyAsync(what, task -> Thread.ofPlatform().start(task));
  }

  private CompletableFuture<Boolean> closeLater() {
    return async(() -> {
      server.close();
      return true;
    });
  }

  private CompletableFuture<Boolean> removeStalled() throws InterruptedException {
    CompletableFuture<Boolean> removed = async(() -> server.removeExport("stalled", true));
    ending.await();
    return removed;
  }

  private RecordingLog.Event awaitTold(String event, String operation) throws InterruptedException {
    return log.await(each ->
        each.name().equals(event)
            && each.export().equals("stalled")
            && operation.equals(each.fields().get("operation")));
  }

  @Test
  void itsRemovalHoldsUpNobodyAndIsTold() throws Exception {
    CompletableFuture<Boolean> removed = removeStalled();
    assertThat(awaitTold("waiting-for-disk", "remove").fields())
        .containsKeys("in_flight", "milliseconds");
    assertThat(server.exports()).extracting(ExportView::name).containsExactly("stalled", "well");
    server.addExport(disk("new"));
    assertThat(server.resize("new", 0, 2 << 20, null).bytes()).isEqualTo(2 << 20);
    assertThat(server.drain("new", LONG, true).flushed()).isTrue();
    assertThat(server.removeExport("new", false)).isTrue();
    assertThat(server.removeExport("well", false)).isTrue();
    assertThat(server.loops().stream().map(Server.LoopUse::name)).contains("stalled");
    assertThat(removed).isNotDone();
    answers.countDown();
    assertThat(removed.get()).isTrue();
    awaitTold("disk-answered", "remove");
    assertThat(log.names()).endsWith("disk-answered", "removed");
  }

  @Test
  void whatIsDoneToTheSameExportWaits() throws Exception {
    CompletableFuture<Boolean> first = removeStalled();
    CompletableFuture<Boolean> second = async(() -> server.removeExport("stalled", true));
    assertThat(second).isNotDone();
    answers.countDown();
    assertThat(first.get()).isTrue();
    assertThatThrownBy(second::get).cause().hasMessageContaining("there is no export stalled");
  }

  @Test
  void itsStopKeepsNoOtherFromItsOwn() throws Exception {
    CompletableFuture<Boolean> closed = closeLater();
    latch("well").await();
    awaitTold("waiting-for-disk", "stop");
    assertThat(closed).isNotDone();
    answers.countDown();
    closed.get();
    awaitTold("disk-answered", "stop");
    assertThat(server.flushed()).isTrue();
  }

  /** Also if it was being removed already; what waits for its turn is given up. */
  @Test
  void aStopDuringItsRemovalEndsTheOthers() throws Exception {
    CompletableFuture<Boolean> removed = removeStalled();
    CompletableFuture<Resized> waits = async(() -> server.resize("stalled", 0, 2 << 20, null));
    CompletableFuture<Boolean> closed = closeLater();
    latch("well").await();
    assertThatThrownBy(waits::get).cause().hasMessage("the server is stopping");
    assertThat(closed).isNotDone();
    answers.countDown();
    assertThat(removed.get()).isTrue();
    closed.get();
    assertThat(log.names()).doesNotContain("flush-failed");
  }

  @Test
  void twoThatWantTheSameNameOrSocketAtOnceDoNotBothGetIt() throws Exception {
    ExportConfig config = disk("new");
    CountDownLatch go = new CountDownLatch(1);
    int done = 0;
    CompletableFuture<?>[] adds = new CompletableFuture<?>[4];
    for (int i = 0; i < adds.length; i++) {
      adds[i] =
          async(() -> {
            try {
              go.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
            return server.addExport(config);
          });
    }
    go.countDown();
    for (CompletableFuture<?> add : adds) {
      try {
        add.get();
        done++;
      } catch (ExecutionException e) {
        assertThat(e.getCause()).isInstanceOf(PlatterException.class);
      }
    }
    assertThat(done).isEqualTo(1);
  }
}
