package dev.platter.emulator.server;

import static dev.platter.emulator.server.StalledServer.async;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.server.config.ExportConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One export whose disk does not answer, so that it cannot end, among others. */
@Timeout(60)
class StalledExportTest {
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

  private CompletableFuture<Boolean> removeStalled() throws InterruptedException {
    CompletableFuture<Boolean> removed = async(() -> server.removeExport("stalled", true));
    stalled.disk("stalled").closing.await();
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
    server.addExport(stalled.config("new"));
    assertThat(server.resize("new", 0, 2 << 20, null).bytes()).isEqualTo(2 << 20);
    assertThat(server.drain("new", StalledServer.LONG, true).flushed()).isTrue();
    assertThat(server.removeExport("new", false)).isTrue();
    assertThat(server.removeExport("well", false)).isTrue();
    assertThat(server.loops().stream().map(Server.LoopUse::name)).contains("stalled");
    assertThat(removed).isNotDone();
    stalled.disk("stalled").answer();
    assertThat(removed.get()).isTrue();
    awaitTold("disk-answered", "remove");
    assertThat(log.names()).endsWith("disk-answered", "removed");
  }

  @Test
  void whatIsDoneToTheSameExportWaits() throws Exception {
    CompletableFuture<Boolean> first = removeStalled();
    CompletableFuture<Boolean> second = async(() -> server.removeExport("stalled", true));
    assertThat(second).isNotDone();
    stalled.disk("stalled").answer();
    assertThat(first.get()).isTrue();
    assertThatThrownBy(second::get).cause().hasMessageContaining("there is no export stalled");
  }

  /** Also before it has begun: guests are not held back when the disk answers. */
  @Test
  void aQuiesceThatWaitsForItsRemovalIsGivenUp() throws Exception {
    CompletableFuture<Boolean> removed = removeStalled();
    CompletableFuture<QuiesceResult> quiesced = async(server::quiesce);
    while (!isDoneSoon(quiesced)) {
      server.giveUpQuiesce();
    }
    assertThatThrownBy(quiesced::get).cause().hasMessageContaining("resumed meanwhile");
    assertThat(removed).isNotDone();
    assertThat(server.isQuiesced()).isFalse();
  }

  /** A look that an interrupt ends. */
  private static boolean isDoneSoon(CompletableFuture<?> future) throws InterruptedException {
    try {
      future.get(1, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      // It is done.
    }
    return true;
  }

  @Test
  void aDrainWaitsForItsRemovalNoLongerThanItsTime() throws Exception {
    CompletableFuture<Boolean> removed = removeStalled();
    CompletableFuture<DrainResult> drained = async(() -> server.drain("stalled", 1, false));
    assertThatThrownBy(() -> drained.get(30, TimeUnit.SECONDS))
        .cause()
        .hasMessage("the time is up, and another change is not done yet");
    assertThat(removed).isNotDone();
  }

  @Test
  void itsStopKeepsNoOtherFromItsOwn() throws Exception {
    CompletableFuture<Boolean> closed = stalled.closeLater();
    stalled.disk("well").closed.await();
    awaitTold("waiting-for-disk", "stop");
    assertThat(closed).isNotDone();
    stalled.disk("stalled").answer();
    closed.get();
    awaitTold("disk-answered", "stop");
    assertThat(server.flushed()).isTrue();
  }

  /** Also if it was being removed already; what waits for its lock is given up. */
  @Test
  void aStopDuringItsRemovalEndsTheOthers() throws Exception {
    CompletableFuture<Boolean> removed = removeStalled();
    CompletableFuture<ResizeResult> waits = async(() -> server.resize("stalled", 0, 2 << 20, null));
    CompletableFuture<Boolean> closed = stalled.closeLater();
    stalled.disk("well").closed.await();
    assertThatThrownBy(waits::get).cause().hasMessage("the server is stopping");
    assertThat(closed).isNotDone();
    stalled.disk("stalled").answer();
    assertThat(removed.get()).isTrue();
    closed.get();
    assertThat(log.names()).doesNotContain("flush-failed");
  }

  @Test
  void twoThatWantTheSameNameOrSocketAtOnceDoNotBothGetIt() throws Exception {
    ExportConfig config = stalled.config("new");
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
