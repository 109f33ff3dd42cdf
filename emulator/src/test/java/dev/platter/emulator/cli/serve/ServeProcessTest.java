package dev.platter.emulator.cli.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.file.LifeLock;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Mapping;
import dev.platter.aio.sys.Sockets;
import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.ChildProcess;
import dev.platter.emulator.ChildProcess.Ended;
import dev.platter.emulator.cli.Platter;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.SocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.jr.ob.JSON;

/** {@code platter serve} in a JVM of its own: signals and exit codes. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class ServeProcessTest {
  @TempDir private Path directory;
  private Path image;
  private Path socket;
  private final List<Process> started = new ArrayList<>();

  @BeforeEach
  void makeImage() throws IOException {
    image = directory.resolve("disk.img");
    socket = directory.resolve("vda.sock");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(1 << 20);
    }
  }

  @AfterEach
  void end() {
    started.forEach(Process::destroyForcibly);
  }

  private Process start(String... more) throws IOException {
    return start(Map.of(), more);
  }

  private Process start(Map<String, String> environment, String... more) throws IOException {
    List<String> command = new ArrayList<>();
    command.add("serve");
    command.add("--export=virtio-blk,cache=writeback,image=" + image + ",socket=" + socket);
    command.addAll(List.of(more));
    ProcessBuilder builder = ChildJvm.builder(Platter.class, command.toArray(String[]::new));
    builder.environment().putAll(environment);
    Process process = builder.start();
    started.add(process);
    return process;
  }

  private static List<String> untilReady(BufferedReader log) throws IOException {
    List<String> lines = new ArrayList<>();
    while (lines.isEmpty() || !lines.getLast().contains("ready")) {
      String line = log.readLine();
      assertThat(line).as("after %s", lines).isNotNull();
      lines.add(line);
    }
    return lines;
  }

  private void assertUnlocked() throws IOException {
    try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      assertThat(lock).isNotNull();
    }
  }

  @Test
  void sigtermStopsItWithEverythingInOrderAndExitCodeZero() throws Exception {
    Process process = start();
    try (BufferedReader log = process.inputReader(UTF_8)) {
      assertThat(untilReady(log))
          .satisfiesExactly(
              line -> assertThat(line).contains(" platter: confined landlock="),
              line -> assertThat(line).contains(" vda: disk ", "bytes=1048576", "mode=writable"),
              line -> assertThat(line).contains(" vda: serving ", "socket=" + socket),
              line -> assertThat(line).endsWith(" platter: ready exports=1 pid=" + process.pid()));
      try (UnixConnection _ = UnixConnection.connect(socket)) {
        assertThat(log.readLine())
            .endsWith("client-connected pid=" + ProcessHandle.current().pid());
        signal(process, "TERM"); // destroy() would close its output
        List<String> rest = log.lines().toList();
        assertThat(process.waitFor()).isZero();
        assertThat(rest)
            .satisfiesExactly(
                line -> assertThat(line).endsWith(" platter: stopping signal=SIGTERM"),
                line -> assertThat(line).contains(" vda: client-"),
                line -> assertThat(line).endsWith(" platter: stopped flushed=true"));
      }
    }
    assertThat(socket).doesNotExist();
    assertUnlocked();
  }

  @Test
  void aLogThatNobodyReadsDoesNotKeepItFromStopping() throws Exception {
    Process process = start();
    try (BufferedReader log = process.inputReader(UTF_8)) {
      untilReady(log);
      byte[] garbage = new byte[64]; // two lines each: more than a pipe and the log's queue hold
      for (int i = 0; i < 1200; i++) {
        try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
          client.write(ByteBuffer.wrap(garbage));
        }
      }
      signal(process, "TERM");
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
    }
    assertUnlocked();
  }

  @Test
  void theLogIsJsonIfAskedFor() throws Exception {
    Process process = start("--json-log");
    try (BufferedReader log = process.inputReader(UTF_8)) {
      for (String line : untilReady(log)) {
        assertThat(JSON.std.mapFrom(line)).containsKeys("time", "level", "event");
      }
      process.destroy();
      assertThat(process.waitFor()).isZero();
    }
  }

  /** A server whose drain never ends. */
  static final class Stuck {
    private Stuck() {}

    public static void main(String[] args) throws InterruptedException {
      ServerSignals signals = ServerSignals.install();
      System.out.println("up");
      System.out.println(signals.next());
      while (true) {
        LockSupport.park();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"TERM, TERM, 143", "INT, TERM, 143", "TERM, INT, 130"})
  void aSecondSignalEndsItAtOnce(String first, String second, int exitCode) throws Exception {
    Process process = ChildJvm.builder(Stuck.class).start();
    started.add(process);
    try (BufferedReader output = process.inputReader(UTF_8)) {
      assertThat(output.readLine()).isEqualTo("up");
      signal(process, first);
      assertThat(output.readLine()).isEqualTo("SIG" + first);
      signal(process, second);
      assertThat(process.waitFor()).isEqualTo(exitCode);
    }
  }

  private static void signal(Process process, String name) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + name, "" + process.pid()).start();
    assertThat(kill.waitFor()).isZero();
  }

  @Test
  void whoWasKilledIsFollowedOnTheSameSocket() throws Exception {
    Process first = start();
    try (BufferedReader log = first.inputReader(UTF_8)) {
      untilReady(log);
      first.destroyForcibly().waitFor();
    }
    assertThat(socket).exists();
    Process second = start();
    try (BufferedReader log = second.inputReader(UTF_8)) {
      untilReady(log);
      try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
        assertThat(client.connect(UnixDomainSocketAddress.of(socket))).isTrue();
      }
    }
  }

  @Test
  void aSecondServerIsRefusedAndTheFirstGoesOn() throws Exception {
    Process first = start();
    try (BufferedReader log = first.inputReader(UTF_8)) {
      untilReady(log);
      Process second = start();
      String output = new String(second.getInputStream().readAllBytes(), UTF_8);
      assertThat(second.waitFor()).isEqualTo(2);
      assertThat(output)
          .startsWith("platter: export vda: " + image + " is in use by pid " + first.pid())
          .contains("  try: ");
      assertThat(first.isAlive()).isTrue();
      assertThat(socket).exists();
    }
  }

  @Test
  void systemdIsToldIfItAsks() throws Exception {
    Process process = start(Map.of("NOTIFY_SOCKET", directory.resolve("gone").toString()));
    try (BufferedReader log = process.inputReader(UTF_8)) {
      untilReady(log);
      String warning = log.readLine();
      assertThat(warning).contains("warning platter: notify-failed", "gone");
      assertThat(process.waitFor(0, TimeUnit.SECONDS)).as("no reason to stop").isFalse();
    }
  }

  /** Whoever names it may have a firewall for IPv4 alone. */
  @ParameterizedTest
  @ValueSource(strings = {"auto", "off"})
  void allAddressesOfIpv4AreNoneOfIpv6(String confine) throws Exception {
    Process process = start("--metrics=0.0.0.0:0", "--confine=" + confine);
    try (BufferedReader log = process.inputReader(UTF_8)) {
      String ready = untilReady(log).getLast();
      assertThat(ready).contains(" metrics=0.0.0.0:");
      int port = Integer.parseInt(ready.replaceFirst(".* metrics=0.0.0.0:(\\d+).*", "$1"));
      String listens = String.format(Locale.ROOT, ":%04X ", port);
      assertThat(Files.readAllLines(Path.of("/proc/net/tcp")))
          .anyMatch(line -> line.contains(" 00000000" + listens + "00000000:0000 0A"));
      Path six = Path.of("/proc/net/tcp6");
      if (Files.exists(six)) {
        assertThat(Files.readAllLines(six)).noneMatch(line -> line.contains(listens));
      }
      process.destroy();
      assertThat(process.waitFor()).isZero();
    }
  }

  /** As on a host that has none; recipes say the same for all hosts. */
  @Test
  void withoutIpv6AllAddressesAreThoseOfIpv4() throws Exception {
    Ended all = checkedWithoutIpv6("[::]:0");
    assertThat(all.exitCode()).as(all.output()).isZero();
    assertThat(all.output()).contains("metrics 0.0.0.0:0,");
    Ended one = checkedWithoutIpv6("[::1]:0");
    assertThat(one.exitCode()).as(one.output()).isEqualTo(2);
    assertThat(one.output())
        .startsWith(
            """
            platter: cannot serve metrics on [0:0:0:0:0:0:0:1]:0: there is no IPv6 here
              try: Name an IPv4 address, or leave out -Djava.net.preferIPv4Stack=true
            """);
  }

  private Ended checkedWithoutIpv6(String metrics) throws Exception {
    return ChildProcess.run(
        ChildProcess.builder(
            ChildJvm.command(
                Platter.class,
                List.of("-Djava.net.preferIPv4Stack=true"),
                List.of(
                    "serve",
                    "--check",
                    "--confine=off",
                    "--export=virtio-blk,cache=writeback,image=" + image + ",socket=" + socket,
                    "--metrics=" + metrics))));
  }

  /** Which a wrapper may hold a lock with, or an image. */
  @Test
  void aServerThatIsNotConfinedKeepsWhatItInherits() throws Exception {
    Path held = directory.resolve("held");
    List<String> command = new ArrayList<>(List.of("sh", "-c"));
    command.add("exec 7<>" + image + " 9>" + held + "; exec \"$@\"");
    command.add("sh");
    command.addAll(
        ChildJvm.command(
            Platter.class,
            List.of(),
            List.of(
                "serve",
                "--export=virtio-blk,cache=writeback,image=/proc/self/fd/7,socket=" + socket,
                "--metrics=0.0.0.0:0",
                "--confine=off")));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    started.add(process);
    try (BufferedReader log = process.inputReader(UTF_8)) {
      untilReady(log);
      Path descriptors = Path.of("/proc/" + process.pid() + "/fd");
      assertThat(Files.readSymbolicLink(descriptors.resolve("9"))).isEqualTo(held.toRealPath());
      List<String> modules = new ArrayList<>();
      try (DirectoryStream<Path> all = Files.newDirectoryStream(descriptors)) {
        for (Path each : all) {
          String target = Files.readSymbolicLink(each).toString();
          if (target.endsWith("/lib/modules") || target.endsWith(".jar")) {
            modules.add(target);
          }
        }
      }
      assertThat(modules).as("the JVM's own").doesNotHaveDuplicates();
      process.destroy();
      assertThat(process.waitFor()).isZero();
    }
  }

  @Test
  void whatCannotBeHadIsFoundBeforeAClientCanConnect() throws Exception {
    try (ServerSocket busy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Path control = directory.resolve("ctl.sock");
      Process process = start("--metrics=" + busy.getLocalPort(), "--control=" + control);
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor()).isEqualTo(2);
      assertThat(output).contains("platter: cannot").doesNotContain(" serving ");
      assertThat(socket).doesNotExist();
      assertThat(control).doesNotExist();
      assertUnlocked();
    }
  }

  /** The last sector of a disk is there as a whole, or nothing of it is served. */
  @ParameterizedTest
  @CsvSource({"virtio-blk, 1000, 512", "ahci, 1049088, 4096"})
  void anImageIsNotServedByHalves(String kind, int bytes, int sector) throws Exception {
    Path odd = Files.write(directory.resolve("odd.img"), new byte[bytes]);
    Path there = directory.resolve("odd.sock");
    String options = ",cache=writeback,logical-block-size=" + sector;
    String export = "--export=" + kind + ",image=" + odd + options + ",socket=" + there;
    for (String[] how : new String[][] {{export, "--check"}, {export}}) {
      Process process = start(how);
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor()).isEqualTo(2);
      assertThat(output)
          .contains("export odd: cannot use " + odd)
          .contains(bytes + " bytes is not a multiple of " + sector)
          .doesNotContain(" serving ");
    }
    assertThat(socket).doesNotExist();
    assertThat(there).doesNotExist();
    assertThat(Files.size(odd)).isEqualTo(bytes);
    assertUnlocked();
  }

  @Test
  void theControlSocketIsNoExports() throws Exception {
    Process process = start("--check", "--control=" + socket);
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).isEqualTo(2);
    assertThat(output).contains("export vda listens on " + socket + ", as the control socket");
  }

  @Test
  void aServerThatMayOpenEverythingStarts() throws Exception {
    Process process = start("--allow=/", "--stages=/dev/null");
    try (BufferedReader log = process.inputReader(UTF_8)) {
      untilReady(log);
      process.destroy();
      assertThat(process.waitFor()).isZero();
    }
  }

  /** The directory that a server has made for what it records. */
  private static Path scratch(Process process) throws IOException {
    String option = "-Dplatter.scratch=";
    for (String word :
        Files.readString(Path.of("/proc/" + process.pid() + "/cmdline")).split("\0", -1)) {
      if (word.startsWith(option)) {
        return Path.of(word.substring(option.length()));
      }
    }
    throw new AssertionError("it has no such directory");
  }

  @Test
  void whatAKilledServerHasLeftGoesWithTheNext() throws Exception {
    Process killed = start("--stages=/dev/null");
    Path left;
    try (BufferedReader log = killed.inputReader(UTF_8)) {
      untilReady(log);
      left = scratch(killed);
      assertThat(left.resolve("lock")).exists();
      assertThat(LifeLock.takeOver(left.resolve("lock"))).isNegative();
    }
    killed.destroyForcibly().waitFor();
    assertThat(left).exists();
    Process next = start("--stages=/dev/null");
    try (BufferedReader log = next.inputReader(UTF_8)) {
      untilReady(log);
      assertThat(left).doesNotExist();
      Path own = scratch(next);
      signal(next, "TERM");
      assertThat(next.waitFor()).isZero();
      assertThat(own).doesNotExist();
    }
  }

  /**
   * A mapping keeps an open file and its locks without a descriptor, as a request in flight does.
   */
  private Mapping remainsOfADeadServer() throws Exception {
    try (FileHandle dead = FileHandle.open(image.toString(), true, false)) {
      dead.lock(true);
      return Mapping.shared(dead.fd(), 0, 4096, false);
    }
  }

  @Test
  void requestsOfADeadServerAreWaitedForAndSystemdIsTold() throws Exception {
    try (DatagramReceiver manager = new DatagramReceiver(directory.resolve("notify"))) {
      Mapping inFlight = remainsOfADeadServer();
      Process process = start(Map.of("NOTIFY_SOCKET", manager.path()));
      try (BufferedReader log = process.inputReader(UTF_8)) {
        assertThat(log.readLine()).contains("confined");
        assertThat(log.readLine())
            .contains(
                "warning platter: waiting-for-lock image=" + image, "at_most_milliseconds=60000");
        assertThat(manager.next())
            .startsWith("EXTEND_TIMEOUT_USEC=")
            .endsWith("\nSTATUS=Waiting for the lock of " + image);
        inFlight.close();
        assertThat(untilReady(log).getFirst()).contains(" locked image=" + image);
        assertThat(manager.next()).isEqualTo("STATUS=");
        assertThat(manager.next()).isEqualTo("READY=1");
      }
    }
  }

  @Test
  void afterTheWaitTheExitCodeIsOneThatSystemdRestarts() throws Exception {
    try (Mapping _ = remainsOfADeadServer()) {
      Process process = start("--lock-wait=50ms");
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor()).isEqualTo(1);
      assertThat(output).contains("waiting-for-lock", "was still locked after 50 ms", "try: ");
    }
  }

  @Test
  void sigtermEndsTheWaitInOrder() throws Exception {
    try (Mapping _ = remainsOfADeadServer()) {
      Process process = start("--lock-wait=1h");
      try (BufferedReader log = process.inputReader(UTF_8)) {
        assertThat(log.readLine()).contains("confined");
        assertThat(log.readLine()).contains("waiting-for-lock");
        signal(process, "TERM");
        assertThat(log.readLine()).endsWith(" platter: stopped flushed=true");
        assertThat(process.waitFor()).isZero();
      }
    }
    assertThat(socket).doesNotExist();
  }

  /** systemd's end of NOTIFY_SOCKET. */
  private static final class DatagramReceiver implements AutoCloseable {
    private final Path path;
    private final int fd = Sockets.socket(LinuxAbi.AF_UNIX, LinuxAbi.SOCK_DGRAM, 0);

    DatagramReceiver(Path path) {
      this.path = path;
      byte[] name = path.toString().getBytes(UTF_8);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment address = arena.allocate(LinuxAbi.SUN_PATH + name.length + 1, 8);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) LinuxAbi.AF_UNIX);
        address.asSlice(LinuxAbi.SUN_PATH).copyFrom(MemorySegment.ofArray(name));
        assertThat(Sockets.bind(fd, address)).isZero();
      }
    }

    String path() {
      return path.toString();
    }

    /** Waits for the next message. */
    String next() {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment message = arena.allocate(4096);
        long length = Libc.read(fd, message.address(), message.byteSize());
        assertThat(length).isPositive();
        return new String(message.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), UTF_8);
      }
    }

    @Override
    public void close() {
      Libc.close(fd);
    }
  }
}
