package dev.platter.emulator.export.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.memory.MemoryDisk;
import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.Launcher;
import dev.platter.emulator.export.vhostuser.VhostUserClient.Queue;
import dev.platter.emulator.server.StreamEventLog;
import dev.platter.emulator.server.embed.DiskServer;
import dev.platter.emulator.server.embed.OwnDisk;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** Disks that a program has made itself, with a guest at their other end. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class EmbeddedDiskTest {
  @TempDir private Path directory;

  private static StreamEventLog silent() {
    return StreamEventLog.text(new PrintWriter(Writer.nullWriter()));
  }

  @Test
  void theSampleServesAGuestAlsoAfterAQuiesce() throws Exception {
    Path socket = directory.resolve("vda.sock");
    try (StreamEventLog log = silent();
        DiskServer server = OwnDisk.serve(socket, log);
        VhostUserClient client = new VhostUserClient(UnixConnection.connect(socket))) {
      Queue queue = client.bringUp();
      for (int round = 0; round < 20; round++) {
        client.checkDisk(queue, 16L * round, round);
      }
      assertThat(server.server().quiesce().flushed()).isTrue();
      server.server().resume();
      client.checkDisk(queue, 8, 1);
      BlockBackend disk = server.server().exports().getFirst().images().getFirst();
      assertThat(disk.meter().usage().of(Operation.WRITE).requests()).isEqualTo(21);
      assertThat(disk.description().name()).isEqualTo("own");
    }
  }

  @Test
  void whatIsWantedComesAlongAndTheDiskStaysTheProgrammes() throws Exception {
    Path socket = directory.resolve("vda.sock");
    Path control = directory.resolve("ctl.sock");
    try (StreamEventLog log = silent();
        MemoryDisk disk = MemoryDisk.create("mine", 1 << 20, ImageOptions.WRITABLE);
        MemoryDisk other = MemoryDisk.create("other", 1 << 20, ImageOptions.READ_ONLY)) {
      DiskServer server =
          DiskServer.with(log)
              .virtioBlk("vda", socket, disk, 2)
              .ahci("sata", directory.resolve("sata.sock"), List.of(other))
              .control(control)
              .metrics(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .stages()
              .start();
      try (server;
          VhostUserClient client = new VhostUserClient(UnixConnection.connect(socket))) {
        client.checkDisk(client.bringUp(), 8, 1);
        assertThat(control).exists();
        assertThat(server.server().takeStages("vda")).isNotNull();
        assertThat(disk.meter().measuresLatencies()).isTrue();
      }
      assertThat(control).doesNotExist();
      try (DiskServer again = DiskServer.with(log).virtioBlk("vda", socket, disk, 2).start();
          VhostUserClient client = new VhostUserClient(UnixConnection.connect(socket))) {
        client.checkDisk(client.bringUp(), 8, 2);
        assertThat(again.server().exports()).hasSize(1);
      }
    }
  }

  @Test
  void whatCannotBeStartedHasServedNobodyAndLeavesNothing() {
    Path socket = directory.resolve("vda.sock");
    StringWriter told = new StringWriter();
    try (StreamEventLog log = StreamEventLog.text(new PrintWriter(told));
        MemoryDisk disk = MemoryDisk.create("mine", 1 << 20, ImageOptions.WRITABLE)) {
      DiskServer.Builder server =
          DiskServer.with(log)
              .virtioBlk("vda", socket, disk, 2)
              .metrics(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .control(directory.resolve("none/ctl.sock"));
      assertThatThrownBy(server::start).isInstanceOf(PlatterException.class);
      assertThat(socket).doesNotExist();
      server.control(directory.resolve("ctl.sock")).start().close();
    }
    assertThat(told.toString()).containsOnlyOnce("vda: serving");
  }

  /** What the page shows is what is compiled and run here. */
  @Test
  void thePageShowsTheSample() throws IOException {
    Path checkout = Launcher.checkout();
    String page = Files.readString(checkout.resolve("docs/embedding.md"));
    String source =
        Files.readString(
            checkout.resolve(
                "emulator/src/test/java/dev/platter/emulator/server/embed/OwnDisk.java"));
    String begin = "```java\n";
    int from = page.indexOf(begin) + begin.length();
    assertThat(source).contains(page.substring(from, page.indexOf("```", from)));
  }
}
