package dev.platter.emulator.cli.serve;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.socket.ReceivedFds;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.RequestTracing;
import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.HttpText;
import dev.platter.emulator.cli.Cli;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.measure.stages.Observations;
import dev.platter.emulator.measure.stages.TracedDevice;
import dev.platter.emulator.result.Environment;
import dev.platter.emulator.result.Origin;
import dev.platter.emulator.result.ServeReport;
import dev.platter.emulator.result.document.Records;
import dev.platter.emulator.result.document.ServeDocument;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.StartListener;
import dev.platter.emulator.server.StreamEventLog;
import dev.platter.emulator.server.SystemdSockets;
import dev.platter.emulator.server.config.DeviceParts;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ExportKind;
import dev.platter.emulator.server.config.ExportKinds;
import dev.platter.emulator.server.config.ExportLoop;
import dev.platter.emulator.server.config.ExportOptions;
import dev.platter.emulator.server.config.ImageConfig;
import dev.platter.emulator.server.config.IoThreadConfig;
import dev.platter.emulator.server.config.Mistakes;
import dev.platter.emulator.server.config.ServerOptions;
import dev.platter.emulator.server.control.ControlServer;
import dev.platter.emulator.server.metrics.MetricsServer;
import dev.platter.emulator.server.options.ServeFile;
import dev.platter.emulator.server.options.ServeOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.jr.ob.JSON;

/**
 * A kind of device that only this test has, from its options to the page of its report: nothing of
 * the server asks which kind it serves.
 */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class AddedKindTest {
  private static final int BLOCK = 4096;

  /** Reads a block for each byte that a client sends, and answers with the block's first byte. */
  private static final class BlockReader implements ClientSession {
    private final BlockBackend image;
    private final AioContext loop;
    private final int added;
    private final @Nullable RequestTracing stages;
    private final Arena memory = Arena.ofShared();
    private final MemorySegment block = memory.allocate(BLOCK, BLOCK);
    private final Read read = new Read();
    private CountDownLatch done = new CountDownLatch(0);
    private boolean closed;

    private final class Read extends BlockRequest {
      Read() {
        super(1);
      }

      @Override
      protected void completed(int result) {
        assertThat(result).isZero();
        Timeline timeline = timeline();
        if (timeline != null && stages != null) {
          timeline.stamp(Stamp.COMPLETED, System.nanoTime());
          stages.completed(timeline, Operation.READ, offsetBytes(), BLOCK, 0);
        }
        done.countDown();
      }
    }

    BlockReader(DeviceParts parts, int added, @Nullable RequestTracing stages) {
      this.image = parts.images().getFirst();
      this.loop = parts.loops().getFirst();
      this.added = added;
      this.stages = stages;
      read.setTimeline(stages == null ? null : stages.timeline(0, 0));
      read.vector().add(block.address(), BLOCK);
    }

    @Override
    public void serve(UnixConnection connection) throws IOException {
      MemorySegment message = Arena.ofAuto().allocate(1);
      try (ReceivedFds fds = new ReceivedFds()) {
        while (connection.receive(message, 0, 1, fds)) {
          int number = message.get(JAVA_BYTE, 0);
          done = new CountDownLatch(1);
          loop.invoke(() -> submit(number));
          loop.waitFor(done);
          message.set(JAVA_BYTE, 0, (byte) (block.get(JAVA_BYTE, 0) + added));
          connection.send(message, 0, 1);
        }
      }
    }

    private void submit(int number) {
      Timeline timeline = read.timeline();
      if (timeline != null) {
        timeline.clear();
        loop.stampHandled(timeline);
      }
      read.prepareRead((long) number * BLOCK);
      image.submit(read);
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        loop.invoke(read::close);
        memory.close();
      }
    }
  }

  /** What such an export is told. */
  private record BlockReaderExport(String name, Endpoint endpoint, ImageConfig image, int added)
      implements ExportConfig {
    static final ExportKind KIND = new Kind();

    @Override
    public ExportKind kind() {
      return KIND;
    }

    @Override
    public List<ImageConfig> images() {
      return List.of(image);
    }

    @Override
    public OptionalLong guestMemoryBytes() {
      return OptionalLong.empty();
    }

    @Override
    public ExportLoop loop() {
      return new ExportLoop.OwnIoThread(IoThreadConfig.named(name));
    }

    @Override
    public int descriptors() {
      return 0;
    }

    @Override
    public long heapBytes() {
      return 0;
    }

    @Override
    public long nativeBytes() {
      return BLOCK;
    }

    @Override
    public Map<String, @Nullable Object> parameters() {
      return Map.of("added", added);
    }

    @Override
    public ClientSession open(DeviceParts parts, @Nullable RequestTracing stages) {
      return new BlockReader(parts, added, stages);
    }
  }

  private static final class Kind implements ExportKind {
    @Override
    public String name() {
      return "block-reader";
    }

    @Override
    public String device() {
      return "reader";
    }

    @Override
    public String loop() {
      return "iothread";
    }

    @Override
    public TracedDevice stages() {
      return new TracedDevice(
          TracedDevice.Entry.EVENTFD,
          Stamp.HANDLED,
          "iothread",
          "the IOThread",
          "the export's thread",
          Map.of(Stamp.QUEUED, "reader takes the byte"));
    }

    @Override
    public List<String> keys() {
      return List.of("added");
    }

    @Override
    public ExportConfig make(ExportOptions options) {
      return new BlockReaderExport(
          options.name(),
          options.endpoint(),
          options.images().getFirst().image(),
          options.number("added", 0));
    }
  }

  @TempDir private Path directory;
  private final StringWriter events = new StringWriter();

  private static List<ExportKind> kinds() {
    List<ExportKind> kinds = new ArrayList<>(ExportKinds.ALL);
    kinds.add(BlockReaderExport.KIND);
    return kinds;
  }

  private Path image(String name) throws IOException {
    byte[] content = new byte[4 * BLOCK];
    for (int i = 0; i < content.length; i++) {
      content[i] = (byte) (10 * (i / BLOCK));
    }
    return Files.write(directory.resolve(name), content);
  }

  private ServeOptions options() throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("serve.yaml"),
            """
            export:
              - device: block-reader
                image: %s
                socket: %s
                cache: writeback
                added: 3
            """
                .formatted(image("a.img"), directory.resolve("ra.sock")));
    Mistakes mistakes = new Mistakes();
    ServeOptions options = ServeOptions.of(file, ServeFile.read(file, kinds(), mistakes));
    mistakes.refuse();
    return options;
  }

  private byte ask(String socket, int block) throws IOException {
    try (UnixConnection client = UnixConnection.connect(directory.resolve(socket));
        ReceivedFds fds = new ReceivedFds()) {
      MemorySegment message = Arena.ofAuto().allocate(1);
      message.set(JAVA_BYTE, 0, (byte) block);
      client.send(message, 0, 1);
      assertThat(client.receive(message, 0, 1, fds)).isTrue();
      return message.get(JAVA_BYTE, 0);
    }
  }

  private Cli ctl(String... words) {
    List<Object> all =
        new ArrayList<>(List.of("ctl", "--socket", directory.resolve("ctl.sock").toString()));
    all.addAll(List.of(words));
    return Cli.run(all.toArray());
  }

  private static String scrape(MetricsServer metrics) throws IOException {
    return HttpText.get(metrics.address().getPort(), "/metrics", 200);
  }

  @Test
  void isServedLikeAnyOther() throws Exception {
    ServeOptions options = options();
    StreamEventLog log = StreamEventLog.text(new PrintWriter(events));
    InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (log;
        Server server =
            Server.start(
                options.config(),
                log,
                SystemdSockets.none(),
                new ServerOptions(true, true),
                StartListener.NOBODY);
        ControlServer _ =
            ControlServer.start(directory.resolve("ctl.sock"), server, log, kinds(), null);
        MetricsServer metrics = MetricsServer.start(anyPort, server, log)) {
      assertThat(ask("ra.sock", 2)).isEqualTo((byte) 23);
      assertThat(ctl("list").out()).contains("ra", "block-reader", "16 KiB");
      assertThat(
              ctl(
                      "add",
                      "block-reader,cache=writeback,image="
                          + image("b.img")
                          + ",socket="
                          + directory
                          + "/rb")
                  .out())
          .contains("export rb listens on");
      assertThat(ask("rb", 1)).isEqualTo((byte) 10);
      assertThat(scrape(metrics))
          .contains(
              "platter_requests_total{export=\"ra\",kind=\"block-reader\",operation=\"read\"} 1");
      report(
          ServeReport.document(
              Origin.now("x"),
              Environment.ofHost().facts(),
              ServedOptions.of(options),
              ServedStages.recorded(server),
              Scheduling.UNKNOWN,
              Observations.NONE));
    }
    assertThat(events.toString()).contains("serving", "device=block-reader");
  }

  private void report(ServeDocument served) throws IOException {
    Map<String, @Nullable Object> document = Records.toMap(served);
    Path file = directory.resolve("s.json");
    JSON.std.write(document, file.toFile());
    assertThat(document.toString())
        .contains("device=reader", "label=ra", "loop=iothread", "reader takes the byte")
        .contains("device=block-reader", "added=3");
    Cli page = Cli.run("report", file);
    assertThat(page.err()).isEmpty();
    assertThat(page.exitCode()).isZero();
  }

  @Test
  void whatIsWrongWithItIsToldAsOfAnyOther() throws IOException {
    StreamEventLog log = StreamEventLog.text(new PrintWriter(events));
    try (log;
        Server server = Server.start(options().config(), log);
        ControlServer _ =
            ControlServer.start(directory.resolve("ctl.sock"), server, log, kinds(), null)) {
      assertThat(ctl("add", "block-reader,imgae=x").err())
          .contains("there is no 'imgae' here", "Did you mean image?", "added=");
      assertThat(ctl("add", "tape,image=x").err())
          .contains("the kind of device comes first", "or --export ahci,... or block-reader,...");
      assertThat(ctl("add", "virtio-blk,added=1,image=x").err())
          .contains("there is no 'added' here");
    }
  }
}
