package dev.platter.emulator.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.file.LockTimeout;
import dev.platter.aio.socket.UnixListener;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Mapping;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.raw.RawImage;
import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.ChildProcess;
import dev.platter.emulator.ChildProcess.Ended;
import dev.platter.emulator.cli.Cli;
import dev.platter.emulator.cli.Platter;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.options.ExportParser;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code serve --check} and {@code serve} say the same of the same command line. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class ServeCheckTest {
  private static final ImageOptions CACHED = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);

  private static final byte[] QCOW2 = {'Q', 'F', 'I', (byte) 0xfb, 0, 0, 0, 3};

  @TempDir private Path directory;

  private Path image(String name) throws IOException {
    Path image = directory.resolve(name);
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    return image;
  }

  private static void writeHead(Path image, byte[] head) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.write(head);
    }
  }

  private String export(String name, String image) {
    return "virtio-blk,cache=writeback,image="
        + directory.resolve(image)
        + ",socket="
        + directory.resolve(name + ".sock");
  }

  private static Cli run(List<String> words, String... more) {
    List<String> all = new ArrayList<>(List.of("serve"));
    all.addAll(words);
    all.addAll(List.of(more));
    return Cli.run(all.toArray());
  }

  private static void assertBothRefuse(int code, List<String> words, String... parts) {
    Cli check = run(words, "--check");
    assertThat(check.err()).contains(parts);
    assertThat(check.out()).isEmpty();
    assertThat(check.exitCode()).isEqualTo(code);
    Cli start = run(words, "--confine=off");
    assertThat(start.err()).isEqualTo(check.err());
    assertThat(start.exitCode()).isEqualTo(code);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--export=A --export=virtio-blk,image=D/a.img,cache=writeback,socket=D/b.sock"
            + "|export b: D/a.img is already a disk of export a",
        "--export=A --export=virtio-blk,image=D/hard.img,cache=writeback,socket=D/b.sock"
            + "|export b: D/hard.img is already a disk of export a",
        "--export=A --export=virtio-blk,image=D/soft.img,cache=writeback,socket=D/b.sock"
            + "|export b: D/soft.img is already a disk of export a",
        "--export=A --export=ahci,image=D/a.img,cache=writeback,readonly,socket=D/b.sock"
            + "|export b: D/a.img is already a disk of export a",
        "--export=ahci,image=D/a.img,cache=writeback,image=D/a.img,cache=writeback,socket=D/b.sock"
            + "|export b: D/a.img is already a disk of this export",
        "--export=virtio-blk,image=D/a.img,cache=writeback,fd=900"
            + "|export virtio-blk0: descriptor 900 is not open",
        "--export=virtio-blk,image=D/a.img,cache=writeback"
            + "|export virtio-blk0 has no socket, and systemd has passed none for it",
        "--export=virtio-blk,image=D/a.img,cache=writeback,socket=D/taken.sock"
            + "|somebody listens on D/taken.sock",
        "--export=virtio-blk,image=D/used.img,cache=writeback,socket=D/u.sock"
            + "|export u: D/used.img is in use by pid",
        "--export=virtio-blk,image=D/none.img,socket=D/u.sock|D/none.img: no such file",
        "--export=A --export=virtio-blk,image=D/b.img,cache=writeback,socket=D/link/a.sock,name=b"
            + "|export b: another export listens on D/link/a.sock",
        "--export=A --control=D/link/a.sock"
            + "|export a listens on D/link/a.sock, as the control socket",
        "--export=A --control=D/nope/c.sock|socket directory D/nope does not exist",
        "--export=A --control=D/taken.sock|somebody listens on D/taken.sock",
        "--export=A --metrics=192.0.2.1:9464|cannot serve metrics on 192.0.2.1:9464",
        "--export=virtio-blk,image=D/q.img,cache=writeback,socket=D/u.sock"
            + "|export u: cannot use D/q.img as an image: it is a qcow2 image",
        "--export=A --metrics=PORT|Address already in use",
        "--export=A --stages=D/nope/s.json|D/nope",
        "--export=A,iothread=io0 --iothread=id=io0,cpu=8000|IOThread io0 cannot run on CPU 8000",
      })
  void whatOneRefusesTheOtherRefuses(String command, String what) throws Exception {
    Path a = image("a.img");
    image("b.img");
    writeHead(image("q.img"), QCOW2);
    Files.createLink(directory.resolve("hard.img"), a);
    Files.createSymbolicLink(directory.resolve("soft.img"), a);
    Files.createSymbolicLink(directory.resolve("link"), directory);
    try (ServerSocket busy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        RawImage _ = RawImage.open(image("used.img").toString(), CACHED);
        UnixListener _ = UnixListener.bind(directory.resolve("taken.sock"))) {
      List<String> words = new ArrayList<>();
      for (String word : command.split(" ", -1)) {
        words.add(
            word.replace("=A", "=" + export("a", "a.img"))
                .replace("D/", directory + "/")
                .replace("PORT", "" + busy.getLocalPort()));
      }
      assertBothRefuse(2, words, what.replace("D/", directory + "/"));
    }
    assertThat(directory.resolve("a.sock")).doesNotExist();
  }

  /** Which a server that is not confined has no use for, and so does not look at. */
  @Test
  void whatIsAllowedHasToBeThere() throws Exception {
    image("a.img");
    Path none = directory.resolve("none");
    List<String> words = List.of("--export=" + export("a", "a.img"), "--allow=" + none);
    Cli check = run(words, "--check");
    assertThat(check.exitCode()).isEqualTo(2);
    assertThat(check.err())
        .startsWith("platter: cannot allow " + none + ": there is no such file or directory\n")
        .doesNotContain("image create");
    Ended start =
        ChildProcess.run(
            ChildJvm.builder(Platter.class, "serve", words.getFirst(), words.getLast()));
    assertThat(start.output()).isEqualTo(check.err());
    assertThat(start.exitCode()).isEqualTo(2);
    Cli open = run(words, "--check", "--confine=off");
    assertThat(open.exitCode()).isZero();
    assertThat(open.out()).endsWith("note: --allow has no effect with --confine off\n");
  }

  @Test
  void allThatIsWrongIsToldAtOnceWithItsLine() throws Exception {
    image("a.img");
    image("b.img");
    Path file = directory.resolve("platter.yaml");
    Files.writeString(
        file,
        """
        exprot: []
        iothread:
          - id: io0
            cpu: many
        export:
          - device: virtio-blk
            image: D/a.img
            cache: writeback
            socket: D/a.sock
            queues: 65
            serail: X
          - device: ahci
            socket: D/nope/b.sock
            image:
              - path: D/b.img
                cache: writeback
              - path: D/none.img
                readonly: maybe
          - device: virtio-blk
            image:
              path: D/gone.img
            socket: D/c.sock
            name: c
          - device: virtio-blk
            image: D/b.img
            cache: writeback
            socket: D/d.sock
            name: c
        metrics: 192.0.2.1:1
        control: D/nope/ctl.sock
        log-level: debug
        allow: [D/nowhere]
        """
            .replace("D/", directory + "/"));
    List<String> words = List.of("--config=" + file, "--export=virtio-blk,sokcet=x,queues=0");
    Cli check = run(words, "--check");
    assertThat(check.exitCode()).isEqualTo(2);
    String at = "platter: " + file + ":";
    String d = directory + "/";
    assertThat(check.err().lines().filter(line -> line.startsWith("platter: ")))
        .containsExactlyInAnyOrder(
            at + "1:1: there is no 'exprot' here",
            at + "4:10: cpu=many is no number from 0 to 8191",
            at + "10:13: queues=65 is no number from 1 to 64",
            at + "11:5: there is no 'serail' here",
            at + "18:19: readonly=maybe is not one of on, off",
            at + "31:12: log-level: 'debug' is not one of info, warning, error",
            "platter: --export virtio-blk,sokcet=x,queues=0: there is no 'sokcet' here",
            "platter: --export virtio-blk,sokcet=x,queues=0: queues=0 is no number from 1 to 64",
            at + "17:15: export b: cannot open " + d + "none.img: no such file",
            at + "21:13: export c: cannot open " + d + "gone.img: no such file",
            at + "25:12: export c: " + d + "b.img is already a disk of export b",
            at + "24:5: two exports are called c",
            at + "29:10: cannot serve metrics on 192.0.2.1:1: Cannot assign requested address",
            at + "30:10: socket directory " + directory.resolve("nope") + " does not exist",
            at + "32:9: cannot allow " + d + "nowhere: there is no such file or directory");
    assertThat(run(words, "--confine=off").err()).contains(at + "24:5: two exports are called c");
  }

  @Test
  void anImageAfterOneThatIsRefusedIsToldWithItsOwnLine() throws Exception {
    Path file = directory.resolve("platter.yaml");
    Files.writeString(
        file,
        """
        export:
          device: ahci
          socket: D/a.sock
          image:
            - ram:7
            - D/none.img
        """
            .replace("D/", directory + "/"));
    assertThat(run(List.of("--config=" + file), "--check").err())
        .contains(file + ":5:7: cannot use ram:7 as a disk")
        .contains(file + ":6:7: export a: cannot open " + directory.resolve("none.img"));
  }

  /** Before a restart: what is taken is taken by the server that is to be replaced. */
  @Test
  void aServerOfTheSameConfigurationMayBeAtWork() throws Exception {
    image("a.img");
    image("b.img");
    String writer = export("a", "a.img");
    String reader = export("b", "b.img") + ",readonly";
    ServeConfig config =
        ServeConfig.of(ExportParser.parse(writer, 0), ExportParser.parse(reader, 1));
    List<String> words = List.of("--export=" + writer, "--export=" + reader);
    try (Server _ = Server.start(config, (_, _, _, _) -> {})) {
      Cli check = run(words, "--check");
      assertThat(check.err()).isEmpty();
      assertThat(check.exitCode()).isZero();
      assertThat(check.out())
          .contains("note: export a: " + directory.resolve("a.img") + " is in use by pid ")
          .contains("; it has to end before this server is started\n");
      assertThat(run(words, "--confine=off").err())
          .contains("export a: " + directory.resolve("a.img") + " is in use by pid ")
          .contains("somebody listens on " + directory.resolve("b.sock"));
      // Another server's image is no less in use for that.
      List<String> other = List.of("--export=" + export("c", "a.img"));
      assertBothRefuse(2, other, "export c: " + directory.resolve("a.img") + " is in use by pid ");
    }
    Cli after = run(words, "--check");
    assertThat(after.exitCode()).isZero();
    assertThat(after.out()).doesNotContain("note: ");
  }

  /** It cannot be told from here whether that server has them, or somebody else. */
  @Test
  void whatIsTakenIsNotedWhereTheServerToBeReplacedMayHaveIt() throws Exception {
    image("a.img");
    image("b.img");
    String writer = export("a", "a.img");
    Path taken = directory.resolve("taken.sock");
    Path control = directory.resolve("control.sock");
    try (ServerSocket busy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        UnixListener _ = UnixListener.bind(taken);
        UnixListener _ = UnixListener.bind(control)) {
      List<String> words =
          List.of(
              "--export=" + writer,
              "--export=" + export("taken", "b.img"),
              "--control=" + control,
              "--metrics=" + busy.getLocalPort());
      try (Server _ =
          Server.start(ServeConfig.of(ExportParser.parse(writer, 0)), (_, _, _, _) -> {})) {
        Cli check = run(words, "--check");
        assertThat(check.err()).isEmpty();
        assertThat(check.exitCode()).isZero();
        assertThat(check.out())
            .contains("note: export taken: somebody listens on " + taken + "; a start is refused")
            .contains("note: somebody listens on " + control + "; a start is refused")
            .contains("note: cannot serve metrics on 127.0.0.1:" + busy.getLocalPort());
      }
      Cli check = run(words, "--check");
      assertThat(check.exitCode()).isEqualTo(2);
      assertThat(check.err())
          .contains("somebody listens on " + taken)
          .contains("somebody listens on " + control)
          .contains("cannot serve metrics on 127.0.0.1:" + busy.getLocalPort());
    }
  }

  /** Such as by a virtual machine, which no restart of a server ends. */
  @ParameterizedTest
  @ValueSource(strings = {"fd=vda", "socket=D/vda.sock"})
  void anImageThatAnotherProgramHasLockedIsRefused(String endpoint) throws Exception {
    Path image = image("a.img");
    List<String> words =
        List.of(
            "--export=virtio-blk,name=vda,cache=writeback,image="
                + image
                + ","
                + endpoint.replace("D/", directory + "/"));
    try (UnixListener _ = UnixListener.bind(directory.resolve("vda.sock"))) {
      try (FileHandle other = FileHandle.open(image.toString(), true, false)) {
        lockFirstByte(other);
        Cli check = run(words, "--check");
        assertThat(check.err()).contains("export vda: " + image + " is in use by pid ");
        assertThat(check.exitCode()).isEqualTo(2);
      }
      try (RawImage _ = RawImage.open(image.toString(), CACHED)) {
        Cli check = run(words, "--check");
        assertThat(check.out()).contains("note: export vda: " + image + " is in use by pid ");
        assertThat(check.exitCode()).isZero();
      }
    }
  }

  /** A server that confines itself inherits sockets alone, and has other files at such numbers. */
  @ParameterizedTest
  @ValueSource(strings = {"/proc/self/fd/", "/proc/thread-self/fd/", "/proc/PID/fd/", "/dev/fd/"})
  void aConfinedServerIsRefusedAnImageThatIsADescriptor(String open) throws Exception {
    String pid = Long.toString(ProcessHandle.current().pid());
    try (FileHandle file = FileHandle.open(image("a.img").toString(), true, false)) {
      String image = open.replace("PID", pid) + file.fd();
      Path socket = directory.resolve("a.sock");
      List<String> words =
          List.of("--export=virtio-blk,cache=writeback,image=" + image + ",socket=" + socket);
      Cli check = run(words, "--check");
      assertThat(check.err())
          .startsWith("platter: export a: cannot use " + image + " as an image")
          .contains("--confine off");
      assertThat(check.exitCode()).isEqualTo(2);
      assertThat(run(words, "--check", "--confine=off").exitCode()).isZero();
    }
  }

  /** With a lock that no close of another descriptor takes away. */
  private static void lockFirstByte(FileHandle file) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flock = arena.allocate(LinuxAbi.FLOCK_SIZE, Long.BYTES);
      flock.set(ValueLayout.JAVA_SHORT, LinuxAbi.FLOCK_TYPE, (short) LinuxAbi.F_WRLCK);
      flock.set(ValueLayout.JAVA_LONG, LinuxAbi.FLOCK_LEN, 1);
      assertThat(Libc.fcntl(file.fd(), LinuxAbi.F_OFD_SETLK, flock.address())).isZero();
    }
  }

  /** A mapping plays the requests that a dead process has in flight. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whoDoesNotWaitForTheDeadIsRefused(boolean writes) throws Exception {
    Path image = image("a.img");
    String export = export("a", "a.img") + (writes ? "" : ",readonly");
    Mapping inFlight;
    try (FileHandle dead = FileHandle.open(image.toString(), writes, false)) {
      dead.lock(writes, directory.toRealPath().resolve("a.sock").toString(), LockTimeout.noWait());
      inFlight = Mapping.shared(dead.fd(), 0, 4096, false);
    }
    try (inFlight) {
      List<String> words = List.of("--export=" + export);
      Cli check = run(words, "--check");
      assertThat(check.out())
          .contains("is locked by requests of a process that has ended")
          .contains("; a start waits for it");
      assertThat(check.exitCode()).isZero();
      assertBothRefuse(
          2,
          List.of("--export=" + export, "--lock-wait=0"),
          "export a: " + image + " is in use by requests of a process that has ended");
    }
  }

  /** A guest can write such a beginning onto its disk, and others need not pay for it. */
  @Test
  void whatAGuestHasWrittenKeepsNoOtherFromBeingServed() throws Exception {
    writeHead(image("a.img"), QCOW2);
    image("b.img");
    String first = export("a", "a.img");
    String second = export("b", "b.img");
    String looks = directory.resolve("a.img") + " looks like a qcow2 image, and is served as a raw";
    Cli check = run(List.of("--export=" + first, "--export=" + second), "--check");
    assertThat(check.exitCode()).isZero();
    assertThat(check.out()).contains("note: export a: " + looks, "qemu-img convert");
    ServeConfig config =
        ServeConfig.of(ExportParser.parse(first, 0), ExportParser.parse(second, 1));
    List<String> told = new ArrayList<>();
    try (Server server =
        Server.start(
            config,
            (level, export, event, fields) -> {
              if (event.equals("foreign-format")) {
                told.add(level + " " + export + " " + fields.get("format"));
              }
            })) {
      assertThat(server.exports()).hasSize(2);
    }
    assertThat(told).containsExactly("WARNING a a qcow2 image");
    Cli raw = run(List.of("--export=" + first + ",format=raw"), "--check");
    assertThat(raw.exitCode()).isZero();
    assertThat(raw.out()).doesNotContain("note: ");
  }

  /** It listens there itself, as long as its units are started. */
  @Test
  void aSocketThatSystemdNamesIsNoted() throws Exception {
    image("a.img");
    String export = "--export=virtio-blk,cache=writeback,image=" + directory + "/a.img,fd=vda";
    Cli check = run(List.of(export), "--check");
    assertThat(check.exitCode()).isZero();
    assertThat(check.out())
        .endsWith(
            "note: export vda: it takes the socket that systemd calls vda, which is not here\n");
    assertThat(run(List.of(export), "--confine=off").err())
        .startsWith("platter: export vda: systemd has passed no socket called vda\n");
  }
}
