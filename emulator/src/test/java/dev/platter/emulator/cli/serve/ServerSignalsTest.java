package dev.platter.emulator.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.VirtioBlkExport;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is asked of a server, in which order, and that a stop overtakes what waits. */
@Timeout(60)
class ServerSignalsTest {
  @TempDir private Path directory;

  @Test
  void aStopIsHeardBeforeAnybodyTakesTheNext() throws Exception {
    ServerSignals signals = new ServerSignals();
    AtomicInteger stopped = new AtomicInteger();
    signals.onStop(stopped::incrementAndGet);
    signals.request(ServerSignals.QUIESCE);
    assertThat(stopped).hasValue(0);
    signals.stopWith("SIGTERM");
    assertThat(stopped).hasValue(1);
    assertThat(signals.next()).isEqualTo(ServerSignals.QUIESCE);
    assertThat(signals.next()).isEqualTo("SIGTERM");
  }

  /** Who takes them may be waiting for a disk, so as to quiesce. */
  @Test
  void aResumeIsHeardBeforeAnybodyTakesTheNext() throws Exception {
    ServerSignals signals = new ServerSignals();
    AtomicInteger resumed = new AtomicInteger();
    signals.onResume(resumed::incrementAndGet);
    signals.request(ServerSignals.QUIESCE);
    assertThat(resumed).hasValue(0);
    signals.request(ServerSignals.RESUME);
    assertThat(resumed).hasValue(1);
    assertThat(signals.next()).isEqualTo(ServerSignals.QUIESCE);
    assertThat(signals.next()).isEqualTo(ServerSignals.RESUME);
  }

  @Test
  void aStopThatCameFirstIsNotForgotten() {
    ServerSignals signals = new ServerSignals();
    signals.stopWith("SIGINT");
    AtomicInteger stopped = new AtomicInteger();
    signals.onStop(stopped::incrementAndGet);
    assertThat(stopped).hasValue(1);
  }

  @Test
  void whatIsRefusedBecauseTheServerStopsDoesNotKeepItFromStopping() throws Exception {
    Path image = directory.resolve("disk.img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    ImageOptions cached = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);
    ExportConfig disk =
        VirtioBlkExport.at(directory.resolve("vda.sock"), "vda", image.toString(), cached);
    try (Server server = Server.start(ServeConfig.of(disk), (_, _, _, _) -> {})) {
      ServerSignals signals = new ServerSignals();
      signals.onStop(server::beginStop);
      signals.request(ServerSignals.QUIESCE);
      signals.request(ServerSignals.RESUME);
      signals.stopWith("SIGTERM");
      assertThat(server.isStopping()).isTrue();
      assertThat(ServeRun.awaitStop(server, signals)).isEqualTo("SIGTERM");
      assertThat(server.isQuiesced()).isFalse();
    }
  }
}
