package dev.platter.emulator.export.vhostuser;

import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.IoThread;
import dev.platter.aio.loop.MainLoop;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.raw.RawImage;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.virtio.blk.VirtioBlk;
import dev.platter.emulator.export.EventLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A vhost-user disk on two IOThreads, over a file, as a server has it. */
final class VhostUserRig implements AutoCloseable {
  static final long DISK_BYTES = 16 << 20;
  static final int QUEUE_SIZE = 64;
  static final long MAX_GUEST_BYTES = 1L << 30;

  final Path file;
  final RawImage image;
  final GatedDisk disk;
  final MainLoop mainLoop = new MainLoop(AioConfig.mainLoop().withPollMaxNanos(0));
  final List<IoThread> threads;
  final GuestMemory memory = new GuestMemory(List.of());
  final List<String> events = new CopyOnWriteArrayList<>();
  final VhostUserSession session;
  private @Nullable Thread sessionThread;

  VhostUserRig(Path directory) throws IOException {
    this(directory, ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK));
  }

  VhostUserRig(Path directory, ImageOptions options) throws IOException {
    this(directory, options, QUEUE_SIZE);
  }

  VhostUserRig(Path directory, ImageOptions options, int queueSize) throws IOException {
    this(directory, options, queueSize, LongWaits.PATIENCE_NANOS);
  }

  VhostUserRig(Path directory, ImageOptions options, int queueSize, long patienceNanos)
      throws IOException {
    file = Files.createTempFile(directory, "disk", ".img");
    resizeFile(DISK_BYTES);
    image = RawImage.open(file.toString(), options);
    disk = new GatedDisk(image);
    AioConfig config = AioConfig.ioThread().withPollMaxNanos(0);
    threads = List.of(new IoThread("io0", config), new IoThread("io1", config));
    VirtioBlk blk =
        new VirtioBlk(
            disk,
            new VirtioBlk.Options(2, queueSize, "rig"),
            threads.stream().map(IoThread::context).toList());
    session =
        new VhostUserSession(
            blk, memory, mainLoop.lock(), MAX_GUEST_BYTES, "rig", this::event, patienceNanos);
  }

  private void event(EventLog.Level level, String export, String name, Map<String, Object> facts) {
    events.add(name);
  }

  /** Makes the file larger or smaller. */
  void resizeFile(long bytes) throws IOException {
    try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
      channel.truncate(bytes);
      if (channel.size() < bytes) {
        channel.position(bytes - 1);
        channel.write(java.nio.ByteBuffer.allocate(1));
      }
    }
  }

  /** Has the image look at its file's size, as the housekeeping of a server does. */
  void checkForResize() {
    mainLoop.context().invoke(image::checkForResize);
  }

  /** What a session came to. */
  static final class Served {
    private final CompletableFuture<@Nullable Exception> end = new CompletableFuture<>();

    /** Waits for the end: null if the client has just left. */
    @Nullable Exception await() throws InterruptedException {
      try {
        return end.get(20, TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        throw new AssertionError("the session does not end", e);
      } catch (ExecutionException e) {
        throw new AssertionError("the session died", e.getCause());
      }
    }
  }

  /** Serves a connection on a thread of its own and closes it. */
  Served serve(UnixConnection connection) {
    Served served = new Served();
    sessionThread =
        Thread.ofPlatform()
            .name("export-rig")
            .daemon()
            .start(() -> {
              Exception end = null;
              try (connection) {
                session.serve(connection);
              } catch (IOException e) {
                end = e;
              } catch (RuntimeException | Error e) {
                served.end.completeExceptionally(e);
              }
              served.end.complete(end); // the connection is closed
            });
    return served;
  }

  /** The thread that serves, or has served last. */
  Thread sessionThread() {
    return Objects.requireNonNull(sessionThread);
  }

  @Override
  public void close() {
    session.close();
    disk.close();
    threads.forEach(IoThread::close);
    mainLoop.close();
  }
}
