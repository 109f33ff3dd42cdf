package dev.platter.emulator.server;

import static dev.platter.emulator.server.StalledServer.async;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.emulator.server.config.ExportConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server that is to be quiesced, and one of whose disks does not answer. */
@Timeout(60)
class QuiesceStalledTest {
  @TempDir private Path directory;
  private StalledServer stalled;
  private Server server;
  private RecordingLog log;

  @BeforeEach
  void start() throws IOException {
    stalled = new StalledServer(directory);
    server = stalled.server;
    log = stalled.log;
  }

  @AfterEach
  void stop() {
    stalled.close();
  }

  private StalledServer.Disk disk(String name) {
    return stalled.disk(name);
  }

  private CompletableFuture<QuiesceResult> quiesceThatWaits() throws InterruptedException {
    CompletableFuture<QuiesceResult> quiesced = async(server::quiesce);
    log.await("waiting-for-disk");
    while (!disk("well").loop.isSuspended()) {
      Thread.onSpinWait();
    }
    assertThat(quiesced).isNotDone();
    return quiesced;
  }

  @Test
  void whoLooksSeesThatGuestsAreHeldBack() throws Exception {
    assertThat(server.isQuiesced()).isFalse();
    CompletableFuture<QuiesceResult> quiesced = quiesceThatWaits();
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
    CompletableFuture<QuiesceResult> quiesced = quiesceThatWaits();
    CompletableFuture<Boolean> closed = stalled.closeLater();
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
    CompletableFuture<QuiesceResult> quiesced = quiesceThatWaits();
    assertThat(disk("well").isPaused()).isTrue();
    server.resume();
    assertThatThrownBy(quiesced::get).cause().hasMessageContaining("resumed meanwhile");
    assertThat(server.isQuiesced()).isFalse();
    for (StalledServer.Disk disk : stalled.disks.values()) {
      assertThat(disk.loop.isSuspended()).isFalse();
      disk.loop.invoke(() -> {}); // it turns
      assertThat(disk.isPaused()).isFalse();
    }
    assertThat(log.names()).contains("quiesce-given-up", "resumed").doesNotContain("quiesced");
    assertThat(server.resize("well", 0, 2 << 20, null).bytes()).isEqualTo(2 << 20);
    CompletableFuture<QuiesceResult> again = async(server::quiesce);
    disk("stalled").answer();
    assertThat(again.get().flushed()).isTrue();
  }

  @Test
  void whoAsksForAChangeIsAnsweredAtOnce() throws Exception {
    CompletableFuture<QuiesceResult> quiesced = quiesceThatWaits();
    ExportConfig late = stalled.config("late");
    assertThatThrownBy(() -> server.addExport(late)).hasMessageContaining("quiesced");
    assertThatThrownBy(() -> server.resize("well", 0, 2 << 20, null))
        .hasMessageContaining("quiesced");
    assertThatThrownBy(() -> server.drain(null, StalledServer.LONG, false))
        .hasMessageContaining("quiesced");
    assertThat(server.removeExport("well", false)).isTrue();
    assertThat(quiesced).isNotDone();
    disk("stalled").answer();
    assertThat(quiesced.get().flushed()).isTrue();
    assertThat(server.exports()).extracting(ExportView::name).containsExactly("stalled");
  }

  /** Its own removal lets the server be quiesced. */
  @Test
  void theOneThatIsWaitedForMayGo() throws Exception {
    CompletableFuture<QuiesceResult> quiesced = quiesceThatWaits();
    CompletableFuture<Boolean> removed = async(() -> server.removeExport("stalled", true));
    disk("stalled").closing.await();
    assertThat(removed).isNotDone();
    disk("stalled").answer();
    assertThat(removed.get()).isTrue();
    assertThat(quiesced.get().flushed()).isTrue();
    server.resume();
    assertThat(server.isQuiesced()).isFalse();
  }

  /** Also before it has begun: it waits for the lock of an export that is being removed. */
  @Test
  void aStopIsHeardByWhoWaitsForItsTurn() throws Exception {
    CompletableFuture<Boolean> removed = async(() -> server.removeExport("stalled", true));
    disk("stalled").closing.await();
    CompletableFuture<QuiesceResult> quiesced = async(server::quiesce);
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
