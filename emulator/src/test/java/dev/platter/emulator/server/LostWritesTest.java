package dev.platter.emulator.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.raw.LosingHost;
import dev.platter.devices.block.raw.RawImage;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.VirtioBlkExport;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** A server whose host has lost writes once does not say at its end that all is well. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class LostWritesTest {
  @TempDir private Path directory;
  private final RecordingLog log = new RecordingLog();

  private ExportConfig export(String name) throws IOException {
    Path image = directory.resolve(name + ".img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    return VirtioBlkExport.at(
        directory.resolve(name + ".sock"),
        name,
        image.toString(),
        ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK));
  }

  private static BlockBackend imageOf(Server server, int export) {
    return server.exports().get(export).images().getFirst();
  }

  @Test
  void aServerThatStopsSaysSo() throws Exception {
    ServeConfig config = new ServeConfig(List.of(), List.of(export("good"), export("bad")));
    Server server = Server.start(config, log);
    LosingHost.failOneSync((RawImage) imageOf(server, 1));
    assertThat(imageOf(server, 1).hostFigures().flushFailed()).isTrue();
    assertThat(imageOf(server, 0).hostFigures().flushFailed()).isFalse();
    assertThat(log.names()).as("at once, and not only at the end").contains("flush-failed");
    assertThat(server.quiesce().flushed()).as("each time").isFalse();
    server.resume();
    server.close();
    assertThat(server.flushed()).as("what the exit code rests on").isFalse();
  }

  @Test
  void anExportThatIsRemovedSaysSoAndItsImageIsFineWhenItIsOpenedAgain() throws Exception {
    ServeConfig config = new ServeConfig(List.of(), List.of(export("good"), export("bad")));
    try (Server server = Server.start(config, log)) {
      LosingHost.failOneSync((RawImage) imageOf(server, 1));
      assertThat(server.removeExport("bad", false)).isFalse();
      server.addExport(export("bad"));
      assertThat(imageOf(server, 1).hostFigures().flushFailed()).isFalse();
      assertThat(server.removeExport("bad", false)).isTrue();
    }
  }
}
