package dev.platter.emulator.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.LoopClient;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.server.config.DeviceParts;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.ServerOptions;
import dev.platter.emulator.server.config.VirtioBlkExport;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A server with the exports {@code stalled} and {@code well}, which serve nobody. The disk of the
 * first has a request in flight until it answers, and can neither pause nor end before.
 */
final class StalledServer implements AutoCloseable {
  static final long LONG = TimeUnit.MINUTES.toNanos(5);

  private static final ImageOptions CACHED = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);
  private static final ServerOptions TELLS_SOON =
      ServerOptions.DEFAULT.withTellAfter(TimeUnit.MILLISECONDS.toNanos(1));

  final RecordingLog log = new RecordingLog();
  final Map<String, Disk> disks = new ConcurrentHashMap<>();
  final Server server;
  private final Path directory;

  StalledServer(Path directory) throws IOException {
    this.directory = directory;
    server =
        Server.start(
            ServeConfig.of(config("stalled"), config("well")),
            log,
            SystemdSockets.none(),
            TELLS_SOON,
            this::open,
            StartListener.NOBODY);
  }

  /** Has one request in flight, until it answers. */
  static final class Disk implements ClientSession, LoopClient {
    final AioContext loop;
    final CountDownLatch closing = new CountDownLatch(1);
    final CountDownLatch closed = new CountDownLatch(1);
    private final CountDownLatch idle = new CountDownLatch(1);
    private volatile int inFlight = 1;
    private volatile boolean paused;

    Disk(DeviceParts parts) {
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
    public void hold() {
      paused = true;
    }

    boolean isPaused() {
      return paused;
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
      closed.countDown();
    }
  }

  private ClientSession open(ExportConfig export, DeviceParts parts) {
    Disk disk = new Disk(parts);
    disks.put(export.name(), disk);
    if (!export.name().equals("stalled")) {
      disk.answer();
    }
    return disk;
  }

  Disk disk(String name) {
    Disk disk = disks.get(name);
    assertThat(disk).isNotNull();
    return disk;
  }

  /** An export with a fresh image of 1 MiB. */
  ExportConfig config(String name) throws IOException {
    Path image = directory.resolve(name + ".img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    return VirtioBlkExport.at(directory.resolve(name + ".sock"), name, image.toString(), CACHED);
  }

  /** On a thread of its own: it waits. */
  static <T> CompletableFuture<T> async(Supplier<T> what) {
    return CompletableFuture.supplyAsync(what, task -> Thread.ofPlatform().start(task));
  }

  CompletableFuture<Boolean> closeLater() {
    return async(() -> {
      server.close();
      return true;
    });
  }

  @Override
  public void close() {
    if (disk("stalled").inFlight() > 0) {
      disk("stalled").answer();
    }
    server.close();
  }
}
