package dev.platter.emulator.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.PlatterException.Kind;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.file.LockTimeout;
import dev.platter.aio.sys.Mapping;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.ServerOptions;
import dev.platter.emulator.server.config.VirtioBlkExport;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A server whose image is still in use by requests of a dead one. A mapping keeps an open file and
 * its locks without a descriptor, as a request in flight does.
 */
@Timeout(60)
class LockWaitTest {
  private static final ImageOptions CACHED = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);
  private static final ServerOptions IMPATIENT = ServerOptions.DEFAULT.withLockWait(30_000_000);

  @TempDir private Path directory;
  private final RecordingLog log = new RecordingLog();

  private String image(String name) throws IOException {
    Path path = directory.resolve(name);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    return path.toString();
  }

  private ExportConfig disk(String name, String image, ImageOptions options) {
    return VirtioBlkExport.at(directory.resolve(name + ".sock"), name, image, options);
  }

  /** What a dead server's requests hold. */
  private Mapping remains(String image, boolean writer, String export) throws Exception {
    String place = directory.toRealPath().resolve(export + ".sock").toString();
    try (FileHandle dead = FileHandle.open(image, writer, false)) {
      dead.lock(writer, place, LockTimeout.noWait());
      return Mapping.shared(dead.fd(), 0, 4096, false);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aStartWaitsForRequestsOfADeadServer(boolean writable) throws Exception {
    String image = image("a.img");
    ImageOptions options = ImageOptions.READ_ONLY.withCache(CacheMode.WRITEBACK);
    ExportConfig export = disk("vda", image, writable ? CACHED : options);
    Mapping inFlight = remains(image, writable, "vda");
    List<String> told = Collections.synchronizedList(new ArrayList<>());
    StartListener listener =
        new StartListener() {
          @Override
          public void waitsForLock(String path, long nanos) {
            told.add("waits " + (nanos > 0));
          }

          @Override
          public void hasLock(String path) {
            told.add("has it");
          }
        };
    CompletableFuture<Server> started =
        CompletableFuture.supplyAsync(() ->
            Server.start(
                ServeConfig.of(export),
                log,
                SystemdSockets.none(),
                ServerOptions.DEFAULT,
                listener));
    RecordingLog.Event waiting = log.await("waiting-for-lock");
    assertThat(waiting.fields())
        .containsEntry("image", image)
        .containsEntry("at_most_milliseconds", 60_000L)
        .containsKey("holder");
    assertThat(directory.resolve("vda.sock")).as("no client sees it").doesNotExist();
    assertThat(started).isNotDone();
    inFlight.close();
    try (Server server = started.get()) {
      assertThat(server.exports()).hasSize(1);
    }
    assertThat(log.names()).startsWith("waiting-for-lock", "locked", "disk", "serving");
    assertThat(told).containsExactly("waits true", "has it");
  }

  /** Exit code 1: the next try may be luckier, and systemd makes it. */
  @Test
  void aStartDoesNotWaitForEver() throws Exception {
    String image = image("a.img");
    try (Mapping _ = remains(image, true, "vda")) {
      assertThatThrownBy(() ->
              Server.start(
                  ServeConfig.of(disk("vda", image, CACHED)),
                  log,
                  SystemdSockets.none(),
                  IMPATIENT,
                  StartListener.NOBODY))
          .isInstanceOfSatisfying(
              PlatterException.class, e -> assertThat(e.kind()).isEqualTo(Kind.FAILED))
          .hasMessageContaining("export vda: " + image + " was still locked after 30 ms");
    }
  }

  /** Others of the same golden image have guests of their own. */
  @Test
  void readersAtOtherSocketsStartAtOnce() throws Exception {
    String image = image("golden.img");
    ImageOptions options = ImageOptions.READ_ONLY.withCache(CacheMode.WRITEBACK);
    try (Mapping _ = remains(image, false, "vda");
        Server server = Server.start(ServeConfig.of(disk("vdb", image, options)), log);
        Server living = Server.start(ServeConfig.of(disk("vdc", image, options)), log)) {
      assertThat(server.exports()).hasSize(1);
      assertThat(living.exports()).hasSize(1);
    }
    assertThat(log.names()).doesNotContain("waiting-for-lock");
  }

  @Test
  void anAdditionWaitsAndIsGivenUpWhenTheServerStops() throws Exception {
    String image = image("b.img");
    try (Server server = Server.start(ServeConfig.of(disk("vda", image("a.img"), CACHED)), log)) {
      ExportConfig added = disk("vdb", image, CACHED);
      Mapping inFlight = remains(image, true, "vdb");
      CompletableFuture<ExportView> adds =
          CompletableFuture.supplyAsync(() -> server.addExport(added));
      log.await("waiting-for-lock");
      inFlight.close();
      assertThat(adds.get(30, TimeUnit.SECONDS).name()).isEqualTo("vdb");
      server.removeExport("vdb", true);

      Mapping again = remains(image, true, "vdb");
      CompletableFuture<ExportView> later =
          CompletableFuture.supplyAsync(() -> server.addExport(added));
      log.await(_ -> log.names().stream().filter("waiting-for-lock"::equals).count() == 2);
      server.beginStop();
      assertThatThrownBy(later::get)
          .cause()
          .hasMessageContaining("stopped while it waited for the lock of " + image);
      again.close();
    }
  }
}
