package dev.platter.emulator.export.vhostuser;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Landlock;
import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.cli.Platter;
import dev.platter.emulator.export.vhostuser.VhostUserClient.Queue;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.jr.ob.JSON;

/**
 * {@code platter serve} in a JVM of its own serves its disk and opens nothing else, whichever of
 * its threads tries.
 */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class ConfinedServeTest {
  @TempDir private Path directory;
  private Path image;
  private Path secret;
  private Path socket;
  private Process process;
  private BufferedReader log;

  @BeforeEach
  void start() throws Exception {
    int abi = Landlock.landlockAbi();
    assumeTrue(abi > 0, () -> "needs a kernel with Landlock, which answers " + abi);
    image = sized("disk.img");
    secret = sized("secret");
    socket = Files.createDirectory(directory.resolve("run")).resolve("vda.sock");
    Path allowed = Files.createDirectory(directory.resolve("allowed"));
    List<String> command = new ArrayList<>();
    command.addAll(List.of("serve", "--json-log", "--confine=on"));
    command.addAll(List.of("--allow", allowed.toString(), "--control", control().toString()));
    command.add(
        "--export=virtio-blk,queues=2,cache=writeback,image=" + image + ",socket=" + socket);
    String probe = "-Dplatter.probe-open=" + secret + ":" + image + ":/etc/passwd";
    process =
        new ProcessBuilder(ChildJvm.command(Platter.class, List.of(probe), command))
            .redirectErrorStream(true)
            .start();
    log = process.inputReader(UTF_8);
  }

  @AfterEach
  void end() throws Exception {
    if (process != null) {
      process.destroyForcibly().waitFor();
      log.close();
    }
  }

  private Path control() {
    return socket.resolveSibling("control.sock");
  }

  private Map<String, Object> ask(String command, Map<String, Object> arguments)
      throws IOException {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(control()));
        BufferedReader answers = new BufferedReader(Channels.newReader(channel, UTF_8))) {
      String line = JSON.std.asString(Map.of("execute", command, "arguments", arguments)) + "\n";
      channel.write(ByteBuffer.wrap(line.getBytes(UTF_8)));
      while (true) {
        String answer = answers.readLine();
        assertThat(answer).as("an answer to %s", line).isNotNull();
        Map<String, Object> fields = JSON.std.mapFrom(answer);
        if (fields.containsKey("return") || fields.containsKey("error")) {
          return fields;
        }
      }
    }
  }

  private Map<String, Object> add(Path image) throws IOException {
    String export = "virtio-blk,name=more,cache=writeback,image=" + image;
    return ask("add", Map.of("export", export + ",socket=" + socket.resolveSibling("more.sock")));
  }

  private Path sized(String name) throws IOException {
    Path path = directory.resolve(name);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(16 << 20);
    }
    return path;
  }

  private Map<String, Object> await(String event) throws IOException {
    while (true) {
      String line = log.readLine();
      assertThat(line).as("the log, up to %s", event).isNotNull();
      Map<String, Object> fields = JSON.std.mapFrom(line);
      if (event.equals(fields.get("event"))) {
        return fields;
      }
    }
  }

  /** Reads the probes of some threads: what each was answered for each path. */
  private void assertProbes(Set<String> threads, String ofImage) throws IOException {
    Set<Object> seen = new HashSet<>();
    for (int i = 0; i < threads.size() * 3; i++) {
      Map<String, Object> probe = await("probe-open");
      seen.add(probe.get("thread"));
      String expected = image.toString().equals(probe.get("path")) ? ofImage : "EACCES";
      assertThat(probe).containsEntry("result", expected);
    }
    assertThat(seen).containsExactlyInAnyOrderElementsOf(threads);
  }

  private void assertNoThreadMayGainPrivileges() throws IOException {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/" + process.pid(), "task"))) {
      for (Path task : tasks.toList()) {
        assertThat(statusOf(task)).contains("NoNewPrivs:\t1");
      }
    }
  }

  private static String statusOf(Path task) throws IOException {
    try {
      return Files.readString(task.resolve("status"));
    } catch (NoSuchFileException e) {
      return "ended meanwhile, NoNewPrivs:\t1";
    }
  }

  @Test
  void noThreadOpensWhatIsNotServedWhileTheDiskWorks() throws Exception {
    Map<String, Object> confined = await("confined");
    assertThat(confined)
        .containsEntry("landlock", "abi " + Landlock.landlockAbi())
        .containsEntry("no_new_privs", true)
        .containsEntry("dumpable", false);
    assertThat(await("ready")).containsEntry("pid", (int) process.pid());
    assertProbes(Set.of("main", "main-loop", "vda"), "opened");
    try (VhostUserClient client = new VhostUserClient(UnixConnection.connect(socket))) {
      Queue queue = client.bringUp();
      client.checkDisk(queue, 8, 1);
      assertProbes(Set.of("export"), "opened");
      client.checkDisk(queue, 64, 2);
    }
    assertNoThreadMayGainPrivileges();
  }

  @Test
  void anImagePathThatLeadsElsewhereLaterIsNotFollowed() throws Exception {
    await("ready");
    assertProbes(Set.of("main", "main-loop", "vda"), "opened");
    Path link = Files.createSymbolicLink(directory.resolve("link"), secret);
    Files.move(image, directory.resolve("moved.img"));
    Files.move(link, image);
    assertThat(image).hasSize(16 << 20); // as any other process sees it
    try (VhostUserClient client = new VhostUserClient(UnixConnection.connect(socket))) {
      Queue queue = client.bringUp();
      assertProbes(Set.of("export"), "EACCES");
      client.checkDisk(queue, 8, 3);
    }
    assertThat(Files.mismatch(secret, sized("zeros"))).isEqualTo(-1);
  }

  @Test
  void anImageIsAddedOnlyWhereThatWasAllowed() throws Exception {
    await("ready");
    assertThat(add(secret)).containsKey("error").asString().contains("permission denied");
    assertThat(add(sized("allowed/more.img"))).containsKey("return");
    assertThat(socket.resolveSibling("more.sock")).exists();
  }

  @Test
  void anImageIsGrownThroughTheControlSocket() throws Exception {
    await("ready");
    assertThat(ask("resize", Map.of("export", "vda", "bytes", 32 << 20))).containsKey("return");
    assertThat(image).hasSize(32 << 20);
  }

  @Test
  void itStopsInOrderAndRemovesItsSocket() throws Exception {
    await("ready");
    assertThat(process.toHandle().destroy()).isTrue(); // its output stays open
    assertThat(await("stopped")).containsEntry("flushed", true);
    assertThat(process.waitFor()).isZero();
    assertThat(socket).doesNotExist();
  }
}
