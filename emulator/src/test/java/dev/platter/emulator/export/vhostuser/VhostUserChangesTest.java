package dev.platter.emulator.export.vhostuser;

import static dev.platter.emulator.export.vhostuser.VhostUserClient.BUFFERS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.socket.UnixConnection;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.virtio.blk.BlkAbi;
import dev.platter.emulator.export.vhostuser.VhostUserClient.Queue;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ImageConfig;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.VirtioBlkExport;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** A server that is changed while a guest is at work on it. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class VhostUserChangesTest {
  private static final ImageOptions CACHED = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(50);
  private static final long MIB = 1 << 20;

  @TempDir private Path directory;

  private Path socket(String name) {
    return directory.resolve(name + ".sock");
  }

  private ExportConfig disk(String name) throws IOException {
    Path path = directory.resolve(name + ".img");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(16 * MIB);
    }
    return new VirtioBlkExport(
        name,
        new Endpoint.SocketPath(socket(name)),
        new ImageConfig(path.toString(), CACHED),
        name,
        2,
        List.of(),
        OptionalLong.empty());
  }

  /** Writes and reads back until it is told to stop. */
  private static final class Load {
    private final AtomicBoolean over = new AtomicBoolean();
    private final CountDownLatch begun = new CountDownLatch(1);
    private final FutureTask<Integer> task;

    Load(VhostUserClient client, Queue queue) {
      task =
          new FutureTask<>(() -> {
            int rounds = 0;
            while (!over.get() || rounds < 20) {
              client.checkDisk(queue, 16L * (rounds % 100), rounds);
              rounds++;
              begun.countDown();
            }
            return rounds;
          });
      Thread.ofPlatform().name("guest").start(task);
    }

    void awaitBegun() throws InterruptedException {
      begun.await();
    }

    int stop() throws Exception {
      over.set(true);
      return task.get();
    }
  }

  @Test
  void aGuestAtWorkSeesNothingOfItButTheNewSize() throws Exception {
    ExportConfig other = disk("vdb");
    try (Server server = Server.start(ServeConfig.of(disk("vda")), (_, _, _, _) -> {});
        VhostUserClient client = new VhostUserClient(UnixConnection.connect(socket("vda")))) {
      Load load = new Load(client, client.bringUp());
      load.awaitBegun();
      for (int i = 1; i <= 20; i++) {
        server.addExport(other);
        assertThat(server.drain("vda", PATIENCE, i % 2 == 0).flushed()).isEqualTo(i % 2 == 0);
        assertThat(server.resize("vda", 0, (16 + i) * MIB, null).bytes()).isEqualTo((16 + i) * MIB);
        server.quiesce();
        server.resume();
        server.removeExport("vdb", false);
      }
      assertThat(load.stop()).isGreaterThanOrEqualTo(20);
      assertThat(
              server.exports().getFirst().images().getFirst().meter().usage().of(Operation.WRITE))
          .satisfies(writes -> assertThat(writes.requests()).isGreaterThanOrEqualTo(20));
      ByteBuffer config =
          client.ask(VhostUserRequest.GET_CONFIG, VhostUserClient.bytes(0, 8, 0, 0L));
      assertThat(config.getLong(12)).as("the capacity").isEqualTo(36 * MIB / 512);
    }
  }

  @Test
  void aGuestAtWorkIsCutOffByForceAndItsDiskIsWhole() throws Exception {
    ExportConfig disk = disk("vda");
    try (Server server = Server.start(ServeConfig.of(disk), (_, _, _, _) -> {})) {
      for (int round = 0; round < 5; round++) {
        try (VhostUserClient client = new VhostUserClient(UnixConnection.connect(socket("vda")))) {
          Queue queue = client.bringUp();
          client.checkDisk(queue, 8, round);
          for (int i = 0; i < 4; i++) {
            long buffer = BUFFERS + 0x10000 + i * 0x2000L;
            client.fill(buffer, 4096, 100 * round + i);
            client.offer(queue, BlkAbi.T_OUT, 64 + 8L * i, buffer, 4096);
          }
          client.kick(queue);
          assertThat(server.removeExport("vda", true)).isTrue();
        }
        server.addExport(disk);
      }
      try (VhostUserClient client = new VhostUserClient(UnixConnection.connect(socket("vda")))) {
        Queue queue = client.bringUp();
        long in = BUFFERS + 0x4000;
        assertThat(client.run(queue, BlkAbi.T_IN, 8, in, 8192)).isEqualTo(BlkAbi.S_OK);
        client.check(in, 8192, 4);
      }
    }
  }
}
