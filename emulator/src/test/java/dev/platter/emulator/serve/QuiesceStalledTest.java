package dev.platter.emulator.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.LoopClient;
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
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server that is to be quiesced, and one of whose disks does not answer. */
@Timeout(60)
class QuiesceStalledTest {
  private static final ImageOptions CACHED = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);
  private static final long LONG = TimeUnit.MINUTES.toNanos(5);
  private static final ServerOptions TELLS_SOON =
      ServerOptions.DEFAULT.withTellAfter(TimeUnit.MILLISECONDS.toNanos(1));

  @TempDir private Path directory;
  private final RecordingLog log = new RecordingLog();
  private final Map<String, Disk> disks = new ConcurrentHashMap<>();
  private Server server;

  /** Has one request in flight, until it answers. */
  private static final class Disk implements ClientSession, LoopClient {
    private final AioContext loop;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final CountDownLatch idle = new CountDownLatch(1);
    private volatile int inFlight = 1;
    private volatile boolean paused;

    Disk(SessionFactory.Parts parts) {
      loop = parts.loops().getFirst();
      loop.invoke(() -> loop.addClient(this));
    }

    @Override
    public void serve(UnixConnection connection) {}

    void answer() {
      loop.invoke(() -> inFlight = 0);
      idle.countDown();
    }

    @Override
    public void pause() {
      paused = true;
    }

    @Override
    public int inFlight() {
      return inFlight;
    }

    @Override
    public void resume() {
      paused = false;
    }

    @Override
    public void close() {
      closing.countDown();
      try {
        idle.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      loop.invoke(() -> loop.removeClient(this));
    }
  }

  private Disk disk(String name) {
    Disk disk = disks.get(name);
    assertThat(disk).isNotNull();
    return disk;
  }

  private ExportConfig config(String name) throws IOException {
    Path image = directory.resolve(name + ".img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    return ExportConfig.VirtioBlk.at(
        directory.resolve(name + ".sock"), name, image.toString(), CACHED);
  }

  private ClientSession open(ExportConfig export, SessionFactory.Parts parts) {
    Disk disk = new Disk(parts);
    disks.put(export.name(), disk);
    if (!export.name().equals("stalled")) {
      disk.answer();
    }
    return disk;
  }

  @BeforeEach
  void start() throws IOException {
    server =
        Server.start(
            ServeConfig.of(config("stalled"), config("well")),
            log,
            SystemdSockets.none(),
            TELLS_SOON,
            this::open,
            StartListener.NOBODY);
  }

  @AfterEach
  void stop() {
    if (disk("stalled").inFlight() > 0) {
      disk("stalled").answer();
    }
    server.close();
  }

  /** On a thread of its own: it waits. */
  private static <T> CompletableFuture<T> async(Supplier<T> what) {
    return CompletableFuture.supplyAsync(what, task -> Thread.ofPlatform().start(task));
  }

  private CompletableFuture<Quiesced> quiesceThatWaits() throws InterruptedException {
    CompletableFuture<Quiesced> quiesced = async(server::quiesce);
    log.await("waiting-for-disk");
    while (!disk("well").loop.isSuspended()) {
      Thread.onSpinWait();
    }
    assertThat(quiesced).isNotDone();
    return quiesced;
  }

  private CompletableFuture<Boolean> closeLater() {
    return async(() -> {
      server.close();
      return true;
    });
  }

  @Test
  void whoLooksSeesThatGuestsAreHeldBack() throws Exception {
    assertThat(server.isQuiesced()).isFalse();
    CompletableFuture<Quiesced> quiesced = quiesceThatWaits();
    assertThat(server.isQuiesced()).isTrue();
    assertThat(server.quiesceWaitNanos()).isPositive();
    disk("stalled").answer();
    assertThat(quiesced.get().drained()).isEqualTo(1);
    assertThat(quiesced.get().flushed()).isTrue();
    assertThat(server.isQuiesced()).isTrue();
    assertThat(server.quiesceWaitNanos()).isZero();
    assertThat(server.quiesce().drained()).isZero();
    server.resume();
    assertThat(server.isQuiesced()).isFalse();
    assertThat(log.names()).containsSubsequence("disk-answered", "quiesced", "quiesced", "resumed");
  }

  @Test
  void aStopEndsTheOthers() throws Exception {
    CompletableFuture<Quiesced> quiesced = quiesceThatWaits();
    CompletableFuture<Boolean> closed = closeLater();
    disk("well").closing.await();
    assertThatThrownBy(quiesced::get).cause().hasMessage("the server is stopping");
    assertThat(closed).isNotDone();
    disk("stalled").answer();
    closed.get();
    assertThat(server.flushed()).isTrue();
    assertThat(log.names()).doesNotContain("quiesced");
  }

  @Test
  void aResumeGivesItUp() throws Exception {
    CompletableFuture<Quiesced> quiesced = quiesceThatWaits();
    assertThat(disk("well").paused).isTrue();
    server.resume();
    assertThatThrownBy(quiesced::get).cause().hasMessageContaining("resumed meanwhile");
    assertThat(server.isQuiesced()).isFalse();
    for (Disk disk : disks.values()) {
      assertThat(disk.loop.isSuspended()).isFalse();
      disk.loop.invoke(() -> {}); // it turns
      assertThat(disk.paused).isFalse();
    }
    assertThat(log.names()).contains("quiesce-given-up", "resumed").doesNotContain("quiesced");
    assertThat(server.resize("well", 0, 2 << 20, null).bytes()).isEqualTo(2 << 20);
    CompletableFuture<Quiesced> again = async(server::quiesce);
    disk("stalled").answer();
    assertThat(again.get().flushed()).isTrue();
  }

  @Test
  void whoAsksForAChangeIsAnsweredAtOnce() throws Exception {
    CompletableFuture<Quiesced> quiesced = quiesceThatWaits();
    ExportConfig late = config("late");
    assertThatThrownBy(() -> server.addExport(late)).hasMessageContaining("quiesced");
    assertThatThrownBy(() -> server.resize("well", 0, 2 << 20, null))
        .hasMessageContaining("quiesced");
    assertThatThrownBy(() -> server.drain(null, LONG, false)).hasMessageContaining("quiesced");
    assertThat(server.removeExport("well", false)).isTrue();
    assertThat(quiesced).isNotDone();
    disk("stalled").answer();
    assertThat(quiesced.get().flushed()).isTrue();
    assertThat(server.exports()).extracting(ExportView::name).containsExactly("stalled");
  }

  /** Its own removal lets the server be quiesced. */
  @Test
  void theOneThatIsWaitedForMayGo() throws Exception {
    CompletableFuture<Quiesced> quiesced = quiesceThatWaits();
    CompletableFuture<Boolean> removed = async(() -> server.removeExport("stalled", true));
    disk("stalled").closing.await();
    assertThat(removed).isNotDone();
    disk("stalled").answer();
    assertThat(removed.get()).isTrue();
    assertThat(quiesced.get().flushed()).isTrue();
    server.resume();
    assertThat(server.isQuiesced()).isFalse();
  }

  /** Also before it has begun: it waits for the turn of an export that is being removed. */
  @Test
  void aStopIsHeardByWhoWaitsForItsTurn() throws Exception {
    CompletableFuture<Boolean> removed = async(() -> server.removeExport("stalled", true));
    disk("stalled").closing.await();
    CompletableFuture<Quiesced> quiesced = async(server::quiesce);
    CompletableFuture<Boolean> resumed =
        async(() -> {
          server.resume();
          return true;
        });
    server.beginStop();
    assertThatThrownBy(quiesced::get).cause().hasMessage("the server is stopping");
    resumed.get();
    assertThat(removed).isNotDone();
  }
}
