package dev.platter.emulator.export.vhostuser;

import static dev.platter.emulator.export.vhostuser.VhostUserClient.BUFFERS;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.PlatterException;
import dev.platter.aio.access.RingAccess;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.devices.virtio.blk.BlkAbi;
import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.cli.Platter;
import dev.platter.emulator.export.vhostuser.VhostUserClient.Queue;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

/** {@code platter serve} in a JVM of its own is quiesced and resumed by signals. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class QuiescedServeTest {
  private static final long BUFFER = BUFFERS + 0x1000;

  /**
   * Platter, with the classes that tell of a refused ring: there are no descriptors for them then.
   */
  static final class Main {
    private Main() {}

    public static void main(String[] args) {
      try {
        RingAccess.open(0, Set.of()).close();
      } catch (PlatterException e) {
        Platter.main(args);
      }
    }
  }

  @TempDir private Path directory;
  private Path socket;
  private Process process;
  private BufferedReader log;
  private VhostUserClient client;

  @BeforeEach
  void start() throws Exception {
    socket = directory.resolve("vda.sock");
    Path image = directory.resolve("disk.img");
    Path sata = directory.resolve("sata.img");
    for (Path each : List.of(image, sata)) {
      try (RandomAccessFile file = new RandomAccessFile(each.toFile(), "rw")) {
        file.setLength(16 << 20);
      }
    }
    List<String> command = new ArrayList<>();
    command.addAll(List.of("serve", "--json-log", "--confine=off"));
    command.add(
        "--export=virtio-blk,queues=2,cache=writeback,image=" + image + ",socket=" + socket);
    command.add(
        "--export=ahci,image=" + sata + ",cache=writeback,socket=" + directory + "/sata.sock");
    process = ChildJvm.builder(Main.class, command.toArray(String[]::new)).start();
    log = process.inputReader(UTF_8);
    await("ready");
    client = new VhostUserClient(UnixConnection.connect(socket));
  }

  @AfterEach
  void end() throws Exception {
    client.close();
    process.destroyForcibly().waitFor();
    log.close();
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

  private void signal(String name) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + name, "" + process.pid()).start();
    assertThat(kill.waitFor()).isZero();
  }

  private interface Naming {
    String name(Path entry) throws IOException;
  }

  private List<String> names(String part, Naming naming) throws IOException {
    List<String> names = new ArrayList<>();
    try (Stream<Path> entries = Files.list(Path.of("/proc/" + process.pid(), part))) {
      for (Path entry : entries.toList()) {
        try {
          names.add(naming.name(entry));
        } catch (IOException e) {
          names.add("gone");
        }
      }
    }
    return names;
  }

  private List<String> tasks() throws IOException {
    return names("task", task -> Files.readString(task.resolve("comm")).strip());
  }

  private List<String> descriptors() throws IOException {
    return names("fd", fd -> Files.readSymbolicLink(fd).toString());
  }

  private void assertAtWork() throws IOException {
    assertThat(descriptors()).filteredOn("anon_inode:[io_uring]"::equals).hasSize(3);
    assertThat(tasks()).contains("main-loop", "vda", "sata");
  }

  private void assertNothingLeft() throws IOException {
    assertThat(descriptors()).doesNotContain("anon_inode:[io_uring]");
    assertThat(tasks())
        .isNotEmpty()
        .doesNotContain("main-loop", "vda")
        .noneMatch(name -> name.startsWith("iou-"));
  }

  @Test
  void signalsQuiesceItAndResumeItWithItsClientConnected() throws Exception {
    Queue queue = client.bringUp();
    for (int round = 0; round < 3; round++) {
      client.checkDisk(queue, 8, round);
      // An fsync is work for an io_uring worker, which then stays for a while.
      assertThat(client.run(queue, BlkAbi.T_FLUSH, 0, BUFFER, 0)).isEqualTo(BlkAbi.S_OK);
      assertAtWork();
      assertThat(tasks()).anyMatch(name -> name.startsWith("iou-wrk-"));

      signal("USR1");
      assertThat(await("quiesced"))
          .containsEntry("level", "info")
          .containsEntry("safe", true)
          .containsEntry("rings", 0)
          .containsEntry("workers", 0)
          .containsEntry("flushed", true)
          .containsEntry("drained", 0)
          .containsKey("milliseconds")
          .doesNotContainKeys("reason", "export");
      assertNothingLeft();
      client.offer(queue, BlkAbi.T_IN, 8, BUFFER, 512);
      client.ring(queue);
      assertThat(client.askNumber(VhostUserRequest.GET_QUEUE_NUM)).isEqualTo(2);
      assertThat(client.statusAt(BUFFER)).isEqualTo(0xff);
      assertNothingLeft();

      signal("HUP");
      assertThat(await("resumed")).containsKeys("milliseconds", "quiesced_milliseconds");
      client.awaitUsed(queue, 1);
      assertThat(client.statusAt(BUFFER)).isEqualTo(BlkAbi.S_OK);
      assertAtWork();
    }
  }

  @Test
  void aQuiescedServerIsStoppedInOrder() throws Exception {
    Queue queue = client.bringUp();
    client.checkDisk(queue, 8, 1);
    signal("HUP"); // nothing to resume
    signal("USR1");
    await("quiesced");
    signal("USR1");
    assertThat(await("quiesced")).containsEntry("safe", true).containsEntry("drained", 0);
    client.offer(queue, BlkAbi.T_IN, 8, BUFFER, 512);
    client.ring(queue);
    signal("TERM");
    assertThat(await("stopped")).containsEntry("flushed", true);
    assertThat(process.waitFor()).isZero();
    assertThat(socket).doesNotExist();
  }

  @Test
  void aClientThatLeavesOrComesMeanwhileIsServed() throws Exception {
    Queue queue = client.bringUp();
    client.checkDisk(queue, 8, 1);
    signal("USR1");
    await("quiesced");
    client.leave();
    await("client-left");
    client.close();
    client = new VhostUserClient(UnixConnection.connect(socket));
    Queue another = client.bringUp();
    client.offer(another, BlkAbi.T_IN, 8, BUFFER, 8192);
    client.kick(another);
    assertNothingLeft();
    signal("HUP");
    client.awaitUsed(another, 1);
    client.check(BUFFER, 8192, 1);
  }

  @Test
  void aServerThatCannotResumeStaysQuiescedAndCanBeAskedAgain() throws Exception {
    Queue queue = client.bringUp();
    client.checkDisk(queue, 8, 1);
    signal("USR1");
    await("quiesced");
    signal("HUP");
    await("resumed");
    signal("USR1");
    await("quiesced");
    client.offer(queue, BlkAbi.T_IN, 8, BUFFER, 512);
    client.kick(queue);
    int before = limitDescriptors(3);
    signal("HUP");
    assertThat(await("resume-failed"))
        .containsEntry("level", "error")
        .extractingByKey("reason")
        .asString()
        .contains("EMFILE");
    assertThat(client.statusAt(BUFFER)).isEqualTo(0xff);
    limitDescriptors(before);
    assertNothingLeft();
    signal("HUP");
    await("resumed");
    client.awaitUsed(queue, 1);
    client.checkDisk(queue, 8, 2);
  }

  /** Sets the soft limit; returns what it was. */
  private int limitDescriptors(int limit) throws Exception {
    String pid = "" + process.pid();
    Process ask =
        new ProcessBuilder("prlimit", "--pid", pid, "--nofile", "--noheadings", "-o", "SOFT")
            .start();
    String soft = new String(ask.getInputStream().readAllBytes(), UTF_8).strip();
    Process set = new ProcessBuilder("prlimit", "--pid", pid, "--nofile=" + limit + ":").start();
    assertThat(set.waitFor()).isZero();
    return Integer.parseInt(soft);
  }
}
