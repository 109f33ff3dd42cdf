package dev.platter.emulator.cli.ctl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.PlatterException;
import dev.platter.aio.access.RingAccess;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.cli.Cli;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.StreamEventLog;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.VirtioBlkExport;
import dev.platter.emulator.server.control.ControlReply;
import dev.platter.emulator.server.control.ControlServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.Writer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.jr.ob.JSON;

/** {@code platter ctl} against a server in this process. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class CtlCommandTest {
  private static final ImageOptions CACHED = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);

  @TempDir private Path directory;
  private StreamEventLog log;
  private Server server;
  private ControlServer control;

  @BeforeEach
  void start() throws IOException {
    log = StreamEventLog.text(new PrintWriter(Writer.nullWriter()));
    server =
        Server.start(
            ServeConfig.of(VirtioBlkExport.at(path("vda.sock"), "vda", image("a.img"), CACHED)),
            log);
    control = ControlServer.start(path("ctl.sock"), server, log);
  }

  @AfterEach
  void stop() {
    control.close();
    server.close();
    log.close();
  }

  private Path path(String name) {
    return directory.resolve(name);
  }

  private String image(String name) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path(name).toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    return path(name).toString();
  }

  private Cli ctl(Object... words) {
    Object[] all = new Object[words.length + 3];
    all[0] = "ctl";
    all[1] = "--socket";
    all[2] = path("ctl.sock");
    System.arraycopy(words, 0, all, 3, words.length);
    return Cli.run(all);
  }

  private static void assertPrints(Cli result, String... parts) {
    assertThat(result.err()).isEmpty();
    assertThat(result.exitCode()).isZero();
    assertThat(result.out()).contains(parts);
  }

  private static void assertFails(Cli result, int exitCode, String... parts) {
    assertThat(result.exitCode()).isEqualTo(exitCode);
    assertThat(result.err()).contains(parts);
    assertThat(result.out()).isEmpty();
  }

  @Test
  void eachCommandPrintsWhatHasCome() throws Exception {
    assertPrints(ctl("list"), "vda", "virtio-blk", "1 MiB", "writable", path("a.img").toString());
    assertPrints(ctl("stats"), "reads", "vda");
    assertPrints(ctl("stats", "vda"), "vda");
    assertPrints(ctl("health"), "serving");
    String added =
        "virtio-blk,cache=writeback,image=" + image("b.img") + ",socket=" + path("vdb.sock");
    assertPrints(ctl("add", added), "export vdb listens on " + path("vdb.sock"));
    assertPrints(ctl("resize", "vdb", "--size", "4M"), "1 MiB -> 4 MiB (preallocation off)");
    assertPrints(ctl("drain"), "drained: 0 requests were in flight\n");
    assertPrints(ctl("drain", "vdb", "--flush", "--timeout", "1s"), ", images are flushed");
    assertPrints(ctl("quiesce"), "quiesced");
    assertPrints(ctl("list"), "The server is quiesced.");
    assertPrints(ctl("resume"), "serving");
    assertPrints(ctl("log-level", "warning"), "warning");
    assertPrints(ctl("log-level"), "warning");
    assertPrints(ctl("remove", "vdb"), "export vdb is gone");
    assertPrints(ctl("raw", "{\"execute\":\"log-level\"}"), "{\"return\":{\"level\":\"warning\"}}");
  }

  @Test
  void aClientThatWaitsIsListed() throws Exception {
    String pid = " for pid " + ProcessHandle.current().pid() + " to leave\n";
    assertThat(ctl("list").out()).doesNotContain("waits");
    try (UnixConnection _ = UnixConnection.connect(path("vda.sock"))) {
      while (!server.exports().getFirst().connected()) {
        Thread.onSpinWait();
      }
      assertThat(ctl("list").out()).doesNotContain("waits");
      try (UnixConnection _ = UnixConnection.connect(path("vda.sock"))) {
        assertPrints(ctl("list"), "vda: another client waits" + pid);
        assertPrints(ctl("list", "--json", "-"), "\"client_waits\" : true");
      }
    }
  }

  @Test
  void anAnswerIsWrittenAsJson() throws Exception {
    Cli result = ctl("list", "--json", "-");
    assertPrints(result, "platter.ctl/1");
    Map<String, Object> document = JSON.std.mapFrom(result.out());
    assertThat(document)
        .containsEntry("schema", "platter.ctl/1")
        .containsEntry("command", "list")
        .containsOnlyKeys("schema", "command", "return");
    Path file = path("stats.json");
    assertPrints(ctl("stats", "--json", file), "vda");
    assertThat(JSON.std.mapFrom(file.toFile())).containsEntry("command", "stats");
    assertFails(ctl("list", "--json", path("none/x.json")), 2, "none");
  }

  @Test
  void failuresHaveTheirExitCodes() throws Exception {
    assertFails(ctl("resize", "vda", "--size", "512"), 2, "never cuts an image short", "try:");
    assertFails(ctl("remove", "vdx"), 2, "there is no export vdx", "One of vda");
    server.quiesce();
    assertFails(
        ctl("add", "virtio-blk,image=" + image("b.img") + ",socket=" + path("vdb.sock")),
        1,
        "while the server is quiesced");
    assertThat(ctl("raw", "{\"execute\":\"dance\"}").exitCode()).isEqualTo(1);
    assertFails(ctl("stop"), 2, "there is no command 'stop'"); // this one cannot be
    assertFails(ctl(), 2, "a command is missing");
  }

  @Test
  void whereNobodyServesIsSaid() {
    Path none = path("none.sock");
    assertFails(Cli.run("ctl", "list", "--socket", none), 3, "nobody serves at " + none);
    assertFails(Cli.run("ctl", "health", "--socket", none), 3, "nobody serves at " + none);
    Cli unless = Cli.run("ctl", "health", "--if-serving", "--socket", none);
    assertPrints(unless, "not serving");
    assertPrints(ctl("health", "--if-serving"), "serving");
  }

  @Test
  void whichServerIsMeantMustBeSaid() {
    assumeTrue(System.getenv("PLATTER_CONTROL") == null, "PLATTER_CONTROL is set here");
    assertFails(Cli.run("ctl", "list"), 2, "which server is meant", "PLATTER_CONTROL");
  }

  @Test
  void helpHasAllCommandsWithExamples() {
    for (String command :
        List.of("list", "stats", "add", "remove", "resize", "quiesce", "resume", "drain")) {
      assertThat(Cli.run("ctl", "--help").out()).contains("  " + command + " ");
      assertThat(Cli.run("ctl", command, "--help").out())
          .contains("--socket", "--json", "Exit codes", "Examples", "platter ctl " + command);
    }
  }

  @Test
  void aCheckpointThatIsNotSafeIsAFailure() {
    // A ring that is none of the server's, in the same process.
    try (Ring _ = RingAccess.open(8, Set.of())) {
      for (Cli result : List.of(ctl("quiesce"), ctl("quiesce", "--json", "-"))) {
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains("not safe", "io_uring descriptors are open", "try:");
        assertThat(result.out()).isNotEmpty();
      }
      Cli full = ctl("quiesce", "--json=/dev/full");
      assertThat(full.exitCode()).isEqualTo(1);
      assertThat(full.err()).contains("not safe", "cannot write JSON to /dev/full");
      assertThat(full.out()).contains("not safe");
    }
    assertPrints(ctl("quiesce"), "a checkpoint is safe");
  }

  @Test
  void anExportThatCouldNotBeFlushedIsAFailure() {
    CtlChanges.Remove remove = new CtlChanges.Remove();
    remove.check(new ControlReply(Map.of("name", "vda", "flushed", true)));
    assertThatThrownBy(
            () -> remove.check(new ControlReply(Map.of("name", "vda", "flushed", false))))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> assertThat(e.kind()).isEqualTo(PlatterException.Kind.FAILED));
  }
}
