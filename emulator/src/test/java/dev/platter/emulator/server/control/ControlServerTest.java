package dev.platter.emulator.server.control;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.PlatterException.Kind;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.export.OpenFiles;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.StreamEventLog;
import dev.platter.emulator.server.config.ExportKinds;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.VirtioBlkExport;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The control socket of a real server, spoken to by a client, and by one that means harm. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class ControlServerTest {
  private static final ImageOptions CACHED = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);

  @TempDir private Path directory;
  private final StringWriter logged = new StringWriter();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private StreamEventLog log;
  private Server server;
  private ControlServer control;
  private Path socket;

  @BeforeEach
  void start() throws IOException {
    socket = directory.resolve("ctl.sock");
    log = StreamEventLog.json(new PrintWriter(logged));
    server =
        Server.start(
            ServeConfig.of(
                VirtioBlkExport.at(directory.resolve("vda.sock"), "vda", image("a"), CACHED)),
            log);
    control = ControlServer.start(socket, server, log, ExportKinds.ALL, stopped::countDown);
  }

  @AfterEach
  void stop() {
    control.close();
    server.close();
    log.close();
  }

  private String image(String name) throws IOException {
    Path path = directory.resolve(name + ".img");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    return path.toString();
  }

  private ControlReply ask(String command, Map<String, Object> arguments) {
    try (ControlClient client = ControlClient.connect(socket)) {
      return client.execute(command, arguments);
    }
  }

  private void assertRefused(
      Kind kind, String command, Map<String, Object> arguments, String... parts) {
    assertThatThrownBy(() -> ask(command, arguments))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(kind);
              assertThat(e).hasMessageContainingAll(parts);
            });
  }

  // ---- what can be asked ---------------------------------------------------------------------

  @Test
  void theSocketIsItsOwnersAndGoesWithTheServer() throws Exception {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
        .isEqualTo("rw-------");
    assertThatThrownBy(() -> ControlServer.start(socket, server, log).close())
        .hasMessageContaining("somebody listens on " + socket);
    control.close();
    control.close();
    assertThat(socket).doesNotExist();
    assertThatThrownBy(() -> ask("list", Map.of()))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(Kind.HOST_LACKS);
              assertThat(e).hasMessage("nobody serves at " + socket);
            });
  }

  @Test
  void aDiskIsAddedListedResizedDrainedAndRemoved() throws Exception {
    Path vdb = directory.resolve("vdb.sock");
    ControlReply added =
        ask(
            "add",
            Map.of("export", "virtio-blk,cache=writeback,image=" + image("b") + ",socket=" + vdb));
    assertThat(added.text("name")).isEqualTo("vdb");
    assertThat(vdb).exists();

    ControlReply resized = ask("resize", Map.of("export", "vdb", "bytes", 4 << 20));
    assertThat(resized.number("before")).isEqualTo(1 << 20);
    assertThat(resized.number("bytes")).isEqualTo(4 << 20);
    assertThat(resized.text("preallocation")).isEqualTo("off");
    assertThat(resized.text("seen")).isEqualTo("now");

    List<ControlReply> exports = ask("list", Map.of()).parts("exports");
    assertThat(exports).extracting(each -> each.text("name")).containsExactly("vda", "vdb");
    assertThat(exports.getLast().text("device")).isEqualTo("virtio-blk");
    assertThat(exports.getLast().fields()).containsEntry("client_pid", null);
    ControlReply disk = exports.getLast().parts("disks").getFirst();
    assertThat(disk.number("bytes")).isEqualTo(4 << 20);
    assertThat(disk.text("mode")).isEqualTo("writable");

    assertThat(ask("drain", Map.of("flush", true)).flag("flushed")).isTrue();
    assertThat(ask("remove", Map.of("export", "vdb")).flag("flushed")).isTrue();
    assertThat(vdb).doesNotExist();
    assertThat(ask("list", Map.of()).parts("exports")).hasSize(1);

    log.close();
    assertThat(logged.toString())
        .contains("\"event\":\"control\",\"command\":\"add\"")
        .contains("\"pid\":" + ProcessHandle.current().pid())
        .contains("\"command\":\"remove\",\"export\":\"vdb\"")
        .contains("\"outcome\":\"done\"");
  }

  @Test
  void itTellsWhatDisksHaveDone() {
    ControlReply stats = ask("stats", Map.of("export", "vda"));
    ControlReply disk = stats.parts("exports").getFirst().parts("disks").getFirst();
    assertThat(disk.part("read").fields()).containsEntry("requests", 0);
    assertThat(disk.number("in_flight")).isZero();
    assertThat(stats.parts("loops")).extracting(loop -> loop.text("name")).contains("vda");
    ControlReply main = stats.parts("loops").getFirst();
    assertThat(main.text("name")).isEqualTo("main-loop");
    assertThat(main.part("big_lock").number("acquisitions")).isPositive();
    assertThat(main.part("big_lock").number("longest_hold_nanoseconds")).isPositive();
    assertRefused(Kind.BAD_INPUT, "stats", Map.of("export", "vdx"), "there is no export vdx");
  }

  @Test
  void aServerIsQuiescedAndResumed() {
    assertThat(ask("health", Map.of()).text("status")).isEqualTo("serving");
    assertThat(ask("quiesce", Map.of()).fields()).containsEntry("flushed", true);
    assertThat(ask("health", Map.of()).text("status")).isEqualTo("quiesced");
    assertRefused(
        Kind.FAILED, "resize", Map.of("export", "vda", "bytes", 4 << 20), "server is quiesced");
    ask("resume", Map.of());
    assertThat(ask("health", Map.of()).text("status")).isEqualTo("serving");
  }

  @Test
  void theLogCanBeMadeQuieter() {
    assertThat(ask("log-level", Map.of()).text("level")).isEqualTo("info");
    assertThat(ask("log-level", Map.of("level", "error")).text("level")).isEqualTo("error");
    assertThat(log.level()).isEqualTo(Level.ERROR);
    assertRefused(
        Kind.BAD_INPUT, "log-level", Map.of("level", "loud"), "'loud' is not one of info");
  }

  @Test
  void aServerIsToldToStopWhenThatIsAnswered() throws Exception {
    assertThat(ask("stop", Map.of()).flag("stopping")).isTrue();
    stopped.await();
    server.stopServing();
    assertThat(ask("health", Map.of()).text("status")).isEqualTo("stopping");
    assertRefused(Kind.FAILED, "remove", Map.of("export", "vda"), "the server is stopping");
  }

  @Test
  void allCommandsAreListed() {
    assertThat(ask("commands", Map.of()).parts("commands"))
        .extracting(each -> each.text("name"))
        .containsExactly(
            "list",
            "stats",
            "health",
            "add",
            "remove",
            "resize",
            "quiesce",
            "resume",
            "drain",
            "log-level",
            "stop",
            "commands");
  }

  @Test
  void whatIsRefusedSaysWhy() {
    assertRefused(Kind.BAD_INPUT, "dance", Map.of(), "there is no command 'dance'");
    assertRefused(Kind.BAD_INPUT, "add", Map.of(), "add: the argument 'export' is missing");
    assertRefused(
        Kind.BAD_INPUT, "add", Map.of("exprot", "x"), "add: there is no argument 'exprot'");
    assertRefused(
        Kind.BAD_INPUT, "add", Map.of("export", 7), "add: the argument 'export' is not text");
    assertRefused(
        Kind.BAD_INPUT,
        "add",
        Map.of("export", "virtio-blk,image=none.img,socket=" + directory + "/b.sock"),
        "none.img: no such file");
    assertRefused(Kind.BAD_INPUT, "quiesce", Map.of("now", true), "there is no argument 'now'");
    assertThat(server.isQuiesced()).isFalse();
    assertRefused(
        Kind.BAD_INPUT,
        "resize",
        Map.of("export", "vda", "bytes", "1G"),
        "'bytes' is not a whole number");
    assertRefused(
        Kind.BAD_INPUT, "drain", Map.of("timeout_ms", -1), "a time-out of -1 ms cannot be");
    assertRefused(
        Kind.BAD_INPUT,
        "remove",
        Map.of("export", "vda", "force", "yes"),
        "'force' is not true or false");
  }

  @Test
  void aMissingFileIsToldWithWhereItWasLookedFor() throws IOException {
    for (String export :
        List.of(
            "virtio-blk,image=none.img,socket=" + directory + "/b.sock",
            "virtio-blk,cache=writeback,image="
                + image("b")
                + ",socket="
                + directory
                + "/none/b.sock")) {
      assertThatThrownBy(() -> ask("add", Map.of("export", export)))
          .isInstanceOfSatisfying(
              PlatterException.class,
              e -> assertThat(e.remedy()).contains("Paths are the server's, which runs in /"));
    }
  }

  /** A disk that does not come to an end holds up changes, but nobody who only looks. */
  @Test
  void whoLooksDoesNotWaitForWhoChanges() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch over = new CountDownLatch(1);
    Server held = server;
    FutureTask<Void> holds =
        new FutureTask<>(() -> {
          held.onEachLoop(_ -> { // nothing comes to an end, as with a disk that does not answer
            inside.countDown();
            awaitQuietly(over);
          });
          return null;
        });
    Thread.ofPlatform().start(holds);
    inside.await();
    FutureTask<ControlReply> waits = new FutureTask<>(() -> ask("quiesce", Map.of()));
    Thread.ofPlatform().start(waits);
    for (String command : List.of("list", "stats", "health", "commands")) {
      assertThat(ask(command, Map.of()).fields()).isNotEmpty();
    }
    assertThat(waits.isDone()).isFalse();
    over.countDown();
    holds.get();
    assertThat(waits.get().fields()).containsEntry("flushed", true);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- lines -----------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          hello | it is no JSON
          {"execute":"list" | it is no JSON
          [1] | it is no JSON object
          7 | it is no JSON object
          {} | there is no 'execute'
          {"execute":7} | there is no 'execute'
          {"execute":"list","id":[1]} | 'id' is neither
          {"execute":"list","extra":1} | there is no 'extra' in a request
          {"execute":"list"} {} | something comes after
          {"execute":"list","execute":"stop"} | Duplicate
          {"execute":"list","arguments":[]} | 'arguments' is no object
          {"a":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]} | depth
          {"execute":"resize","arguments":{"export":"vda","bytes":1e3}} | not a whole number
          {"execute":"resize","arguments":{"export":"vda","bytes":99999999999999999999}} | whole number
          """)
  void aLineThatIsNoneIsAnsweredAndTheConnectionGoesOn(String line, String why) {
    try (ControlClient client = ControlClient.connect(socket)) {
      String answer = client.raw(line);
      assertThat(answer).contains("\"error\"", "\"bad-input\"", why);
      assertThat(client.isError(answer)).isTrue();
      assertThat(client.execute("health", Map.of()).text("status")).isEqualTo("serving");
    }
  }

  @Test
  void anAnswerCarriesTheIdOfItsRequest() {
    try (ControlClient client = ControlClient.connect(socket)) {
      assertThat(client.raw("{\"id\":17,\"execute\":\"log-level\"}"))
          .isEqualTo("{\"id\":17,\"return\":{\"level\":\"info\"}}");
      assertThat(client.raw("{\"id\":\"x\",\"execute\":\"nothing\"}"))
          .startsWith("{\"id\":\"x\",\"error\":{\"kind\":\"bad-input\",\"message\":");
    }
  }

  private SocketChannel open() throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(socket));
  }

  private static void write(SocketChannel to, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      to.write(buffer);
    }
  }

  private static String rest(SocketChannel from) throws IOException {
    StringBuilder all = new StringBuilder();
    ByteBuffer buffer = ByteBuffer.allocate(4096);
    while (from.read(buffer) >= 0) {
      all.append(UTF_8.decode(buffer.flip()));
      buffer.clear();
    }
    return all.toString();
  }

  @Test
  void aLineInPiecesOrWithoutItsEndIsALine() throws Exception {
    try (SocketChannel channel = open()) {
      byte[] lines = "{\"execute\":\"log-level\"}\n\n{\"execute\":\"log-level\"}".getBytes(UTF_8);
      for (byte each : lines) {
        write(channel, new byte[] {each});
      }
      channel.shutdownOutput();
      assertThat(rest(channel).lines().skip(1))
          .containsExactly(
              "{\"return\":{\"level\":\"info\"}}", "{\"return\":{\"level\":\"info\"}}");
    }
  }

  @Test
  void aLineThatIsTooLongEndsItsConnection() throws Exception {
    try (SocketChannel channel = open()) {
      write(channel, "x".repeat(LineReader.MAX_BYTES + 1).getBytes(UTF_8));
      assertThat(rest(channel)).contains("a line is longer than 65536 bytes");
    }
    assertThat(ask("health", Map.of()).text("status")).isEqualTo("serving");
  }

  @Test
  void bytesThatAreNoTextAreRefused() throws Exception {
    try (SocketChannel channel = open()) {
      write(channel, new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}', '\n'});
      channel.shutdownOutput();
      assertThat(rest(channel)).contains("it is no UTF-8");
    }
  }

  /** A name with a line break, in a log of lines. */
  @Test
  void nobodyWritesIntoTheLog() {
    assertRefused(
        Kind.BAD_INPUT,
        "remove",
        Map.of("export", "x\nfake", "k\ney", 1),
        "there is no argument 'k");
    assertRefused(Kind.BAD_INPUT, "remove", Map.of("export", "x\nfake"), "no export");
    log.close();
    assertThat(logged.toString().lines()).allMatch(line -> line.startsWith("{\"time\":"));
  }

  // ---- many, and hostile -----------------------------------------------------------------

  @Test
  void oneConnectionTooManyIsToldSo() throws Exception {
    List<ControlClient> clients = new ArrayList<>();
    for (int i = 0; i < ControlServer.MAX_CONNECTIONS; i++) {
      clients.add(ControlClient.connect(socket));
    }
    assertRefused(Kind.FAILED, "list", Map.of(), "16 connections already");
    clients.forEach(ControlClient::close);
    awaitNobody();
    assertThat(ask("list", Map.of()).parts("exports")).hasSize(1);
  }

  private void awaitNobody() {
    while (control.connected() > 0) {
      Thread.onSpinWait();
    }
  }

  @Test
  void whateverIsSentTheServerGoesOnAndNothingIsLeft() throws Exception {
    ask("health", Map.of()); // whatever is set up once is
    awaitNobody();
    long descriptors = OpenFiles.count();
    for (int seed = 0; seed < 300; seed++) {
      harm(new Random(seed));
      ask("health", Map.of()); // accepted after it
      awaitNobody();
      assertThat(OpenFiles.count()).as("descriptors after seed " + seed).isEqualTo(descriptors);
    }
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().startsWith("control-"));
    assertThat(server.exports()).extracting(view -> view.name()).containsExactly("vda");
    assertThat(ask("health", Map.of()).text("status")).isEqualTo("serving");
    log.close();
    assertThat(logged.toString()).doesNotContain("control-failed");
  }

  private static final String[] GOOD = {
    "{\"execute\":\"list\"}\n",
    "{\"id\":1,\"execute\":\"stats\",\"arguments\":{\"export\":\"vda\"}}\n",
    "{\"execute\":\"drain\",\"arguments\":{\"timeout_ms\":1}}\n",
    "{\"execute\":\"resize\",\"arguments\":{\"export\":\"vda\",\"disk\":0,\"bytes\":512}}\n",
    "{\"execute\":\"remove\",\"arguments\":{\"export\":\"vdx\",\"force\":true}}\n",
    "{\"execute\":\"add\",\"arguments\":{\"export\":\"virtio-blk,image=/none,socket=/none/x\"}}\n",
  };

  /** Random bytes, requests with some bytes changed, cut off or run together; then it goes. */
  private void harm(Random random) throws IOException {
    try (SocketChannel channel = open()) {
      for (int i = random.nextInt(8); i >= 0; i--) {
        byte[] bytes;
        if (random.nextInt(3) == 0) {
          bytes = new byte[random.nextInt(4000)];
          random.nextBytes(bytes);
        } else {
          bytes = GOOD[random.nextInt(GOOD.length)].getBytes(UTF_8);
          for (int flips = random.nextInt(4); flips > 0; flips--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
          }
          bytes = java.util.Arrays.copyOf(bytes, bytes.length - random.nextInt(2));
        }
        write(channel, bytes);
      }
      switch (random.nextInt(3)) {
        case 0 -> channel.shutdownOutput(); // and nothing is read
        case 1 -> {
          channel.shutdownOutput();
          assertThat(rest(channel)).startsWith("{\"schema\":\"platter.control/1\"");
        }
        default -> {} // gone in the middle
      }
    } catch (IOException e) {
      assertThat(e).hasMessageMatching("Broken pipe|Connection reset.*");
    }
  }

  @Test
  void aBugOutsideACommandCostsOneConnection() {
    Path other = directory.resolve("other.sock");
    Runnable bug =
        () -> {
          throw new StackOverflowError("none of the server's business");
        };
    try (ControlServer _ = ControlServer.start(other, server, log, ExportKinds.ALL, bug)) {
      try (ControlClient client = ControlClient.connect(other)) {
        assertThat(client.execute("stop", Map.of()).flag("stopping")).isTrue();
        assertThatThrownBy(() -> client.execute("health", Map.of()))
            .hasMessageContaining("closed the connection");
      }
      try (ControlClient client = ControlClient.connect(other)) {
        assertThat(client.execute("health", Map.of()).text("status")).isEqualTo("serving");
      }
    } // waits for those that tell the log
    log.close(); // and this for the thread that writes it
    assertThat(logged.toString()).contains("control-failed", "none of the server's business");
  }

  @Test
  void whatTheHostLacksIsAtNoPathOfThePeer() {
    PlatterException lacks =
        PlatterException.hostLacks("cannot open a second time", "Mount /proc")
            .at("/disk.img", Errno.ENOENT);
    assertThat(new Commands(server, log, ExportKinds.ALL, null).explained(lacks, null).remedy())
        .isEqualTo("Mount /proc");
  }

  @Test
  void whereAConfinedServerMayMakeASocketIsSaid() {
    assertThat(Commands.socketRemedy(server.exports()))
        .contains("such as " + directory)
        .doesNotContain("--allow");
    assertThat(Commands.socketRemedy(List.of())).endsWith("when it was started");
  }
}
